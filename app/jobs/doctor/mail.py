"""Checks of how letters leave: the mail server, and what the sender's domain says of itself to those who receive them.

Google's and Yahoo's rules for senders (since February 2024) want SPF or DKIM of everybody, and SPF, DKIM and DMARC of whoever sends
5,000 letters a day (support.google.com/mail/answer/81126).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.channels import CHANNELS
from app.jobs.doctor.finding import Finding, Level, broken, fine, look
from app.kernel.config import Settings
from app.kernel.dns import Names
from app.kernel.errors import Failure

NOBODYS = ("localhost", "example", "invalid", "test", "example.com", "example.net", "example.org")
"""Domains that lead nowhere (RFC 2606)."""
AT_THE_HOST = "add a TXT record where your domain's DNS is kept"


def server(settings: Settings) -> Iterator[Finding]:
    """Connect, encrypt, log in, and leave again."""
    if settings.smtp_url is None:
        yield look("mail server", "SMTP_URL is not set: letters are written to the log and nobody gets them.")
        return
    try:
        CHANNELS["email"](settings).probe()
        yield fine("mail server", "It lets us in.")
    except Failure as failure:
        yield broken("mail server", "Letters cannot be handed over: look at SMTP_URL.", failure.code)


def sender(settings: Settings, names: Names, selector: str = "") -> Iterator[Finding]:
    """SPF, DKIM and DMARC of the domain that letters come from. Without the DKIM `selector` (the mail provider shows it) nobody can
    ask for the key itself, only whether there is any."""
    domain = settings.mail_from.rpartition("@")[2].lower()
    if domain in NOBODYS or domain.rpartition(".")[2] in NOBODYS:
        yield broken("sender", f"MAIL_FROM is {settings.mail_from}, and nobody believes letters from there: set it.")
        return
    try:
        spf, dkim = _spf_records(domain, names), _dkim(domain, names, selector)
        yield from (_spf(domain, spf), dkim)
        if not spf and dkim.level is not Level.OK:
            yield broken("sender", f"Nothing vouches for letters from {domain}: most mailboxes refuse or hide them.")
        yield _dmarc(domain, names)
    except Failure as failure:
        yield look("sender", f"What {domain} says of itself could not be asked from here.", failure.code)


def _spf_records(domain: str, names: Names) -> list[str]:
    return [text for text in names.texts(domain) or () if text.lower().split(" ")[0] == "v=spf1"]


def _spf(domain: str, records: Sequence[str]) -> Finding:
    if not records:
        advice = f"{AT_THE_HOST}: name {domain}, value as your mail provider names it, like `v=spf1 include:... ~all`."
        return look("SPF", f"{domain} does not say who may send for it: {advice}")
    if len(records) > 1:
        told = f"{domain} has {len(records)} SPF records, and then none counts (RFC 7208, 4.5): make one of them."
        return broken("SPF", told)
    if {"+all", "all"} & set(records[0].lower().split()):
        return look("SPF", f"{domain} lets anybody send for it (`+all`): end the record with `~all`.")
    return fine("SPF", f"{domain} says who may send for it: {records[0]}. Your mail provider must be among them.")


def _dkim(domain: str, names: Names, selector: str) -> Finding:
    if not selector:
        if names.texts(f"_domainkey.{domain}") is None:
            advice = "switch DKIM on at your mail provider and add the records that it shows."
            return look("DKIM", f"{domain} has no key that letters could be signed with: {advice}")
        return fine("DKIM", f"{domain} has keys for signing. To have one looked at: doctor --dkim-selector NAME")
    name = f"{selector}._domainkey.{domain}"
    tags = [_tags(text) for text in names.texts(name) or ()]
    if not any("p" in one for one in tags):
        return broken("DKIM", f"There is no key at {name}: add the record that your mail provider shows.")
    if not any(one.get("p") for one in tags):
        return broken("DKIM", f"The key at {name} was revoked: switch DKIM on again at your mail provider.")
    return fine("DKIM", f"The key at {name} is there.")


def _dmarc(domain: str, names: Names) -> Finding:
    """Asked at the domain and then at the ones above it, as receivers do."""
    labels = domain.split(".")
    for start in range(len(labels) - 1):
        asked = ".".join(labels[start:])
        records = [text for text in names.texts(f"_dmarc.{asked}") or () if text.startswith("v=DMARC1")]
        if len(records) > 1:
            return broken(
                "DMARC", f"_dmarc.{asked} has {len(records)} records, and then none counts: make one of them."
            )
        if records:
            policy = _tags(records[0]).get("p", "none")
            return fine("DMARC", f"{asked} says what becomes of letters that only pretend to be from it (p={policy}).")
    value = f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}"
    advice = f"{AT_THE_HOST}: name _dmarc.{domain}, value `{value}` (with an address that you read)."
    return look("DMARC", f"{domain} does not say what becomes of forged letters: {advice}")


def _tags(record: str) -> dict[str, str]:
    """`v=DKIM1; p=...` as names and values (RFC 6376, 3.2)."""
    pairs = (tag.partition("=") for tag in record.split(";"))
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}
