"""What is said of the mail server and of the sender's domain, against servers that speak SMTP and DNS."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from app.jobs.doctor import mail
from app.jobs.doctor.finding import Finding, Level
from app.kernel.config import Settings
from tests.channels.smtp_sink import Sink, free_port, running
from tests.kernel.name_server import Zone, name_server
from tests.web.staging import settings as plain_settings

GOOD: Zone = {
    "shop.example.de": ["google-site-verification=x", "v=spf1 include:_spf.mailer.example ~all"],
    "s1._domainkey.shop.example.de": ["v=DKIM1; k=rsa; p=MIGf"],
    "_dmarc.shop.example.de": ["v=DMARC1; p=quarantine"],
}


@pytest.fixture
def settings() -> Settings:
    return replace(plain_settings(), mail_from="hello@shop.example.de", allow_private_addresses=True)


def levels(found: list[Finding]) -> dict[str, Level]:
    return {finding.check: finding.level for finding in found}


def sender(settings: Settings, zone: Zone, selector: str = "") -> list[Finding]:
    with name_server(zone) as names:
        return list(mail.sender(settings, names, selector))


@pytest.mark.parametrize("selector", ["", "s1"])
def test_a_domain_that_says_everything_is_in_order(settings: Settings, selector: str) -> None:
    assert levels(sender(settings, GOOD, selector)) == dict.fromkeys(("SPF", "DKIM", "DMARC"), Level.OK)


@pytest.mark.parametrize(
    ("changes", "check", "level", "words"),
    [
        ({"shop.example.de": ["v=spf2.0/pra"]}, "SPF", Level.LOOK, "name shop.example.de, value"),
        ({"shop.example.de": ["v=spf1 -all", "v=spf1 ~all"]}, "SPF", Level.BROKEN, "2 SPF records"),
        ({"shop.example.de": ["v=spf1 +all"]}, "SPF", Level.LOOK, "lets anybody send"),
        ({"s1._domainkey.shop.example.de": None}, "DKIM", Level.LOOK, "no key that letters could be signed with"),
        ({"_dmarc.shop.example.de": None}, "DMARC", Level.LOOK, "name _dmarc.shop.example.de, value `v=DMARC1; p=none"),
        ({"_dmarc.shop.example.de": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]}, "DMARC", Level.BROKEN, "2 records"),
        (
            {"_dmarc.shop.example.de": None, "_dmarc.example.de": ["v=DMARC1; p=reject"]},
            "DMARC",
            Level.OK,
            "example.de says .*p=reject",
        ),
    ],
)
def test_what_is_missing_is_named_with_the_record_to_add(
    settings: Settings, changes: dict[str, list[str] | None], check: str, level: Level, words: str
) -> None:
    zone = {name: texts for name, texts in {**GOOD, **changes}.items() if texts is not None}
    (found,) = [finding for finding in sender(settings, zone) if finding.check == check]
    assert found.level is level
    assert re.search(words, found.sentence), found.sentence


def test_a_domain_for_which_nothing_vouches_is_broken(settings: Settings) -> None:
    zone = {name: texts for name, texts in GOOD.items() if name.startswith("_dmarc")}
    assert levels(sender(settings, zone))["sender"] is Level.BROKEN


@pytest.mark.parametrize(("selector", "word"), [("s2", "There is no key"), ("old", "was revoked")])
def test_a_named_key_is_looked_at(settings: Settings, selector: str, word: str) -> None:
    zone = {**GOOD, "old._domainkey.shop.example.de": ["v=DKIM1; p="]}
    (found,) = [finding for finding in sender(settings, zone, selector) if finding.check == "DKIM"]
    assert found.level is Level.BROKEN
    assert word in found.sentence


def test_nobody_sends_from_a_domain_that_leads_nowhere(settings: Settings) -> None:
    for address in ("encore@localhost", "hello@example.com", "hello@shop.test"):
        (found,) = sender(replace(settings, mail_from=address), GOOD)
        assert found.level is Level.BROKEN


def test_a_name_server_that_is_silent_proves_nothing(settings: Settings) -> None:
    with name_server(GOOD, is_silent=True) as names:
        (found,) = mail.sender(settings, names)
    assert (found.level, found.code) == (Level.LOOK, "dns_silent")


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
def test_the_mail_server_is_tried_without_a_letter(settings: Settings) -> None:
    with running(Sink(password="right")) as sink:
        for password, level, code in (("right", Level.OK, ""), ("wrong", Level.BROKEN, "mail_login_refused")):
            url = f"smtp://encore:{password}@127.0.0.1:{sink.port}"
            (found,) = mail.server(replace(settings, smtp_url=url))
            assert (found.level, found.code) == (level, code)
        assert sink.taken == []


def test_a_mail_server_that_is_away_is_broken_and_none_at_all_is_shown(settings: Settings) -> None:
    (away,) = mail.server(replace(settings, smtp_url=f"smtp://127.0.0.1:{free_port()}"))
    (none,) = mail.server(settings)
    assert (away.level, away.code, none.level) == (Level.BROKEN, "mail_server_unreachable", Level.LOOK)
