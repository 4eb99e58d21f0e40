"""A test mail: a shopper's letter to the merchant himself, marked as one, and in no ledger of what shoppers were told."""

from __future__ import annotations

import uuid
from dataclasses import replace

from app.channels import CHANNELS
from app.channels.base import Receipt
from app.domain.shops.rules import ShopFacts
from app.jobs.deliver import links_for
from app.jobs.followups.base import FollowUp
from app.jobs.letters import compose
from app.jobs.preview import Shown, letter_facts, nameless
from app.kernel.runtime import Runtime

CHANNEL = "email"
MARK = "[Test]"


def send_trial(runtime: Runtime, shop: ShopFacts, follow_up: FollowUp, language: str, recipient: str) -> Receipt:
    """Hand one over at once, with no transaction open. The order is the shop's newest, the shopper's name and address are not.
    `Failure` as a channel raises it (`Transient`, `Permanent`, `Uncertain`): whoever asked for the mail is told."""
    with runtime.db.transaction(shop.id) as session:
        shown = letter_facts(session, shop, follow_up, runtime.clock.now())
        links = sample_links(runtime, shop) if shown.is_sample else links_for(runtime, session, shown.facts)
    letter = compose(
        shown.template,
        in_language(shown, language).facts,
        links=links,
        key=str(uuid.uuid4()),
        house_address=runtime.settings.mail_from,
    )
    test = replace(letter, recipient=recipient, subject=f"{MARK} {letter.subject}")
    return CHANNELS[CHANNEL](runtime.settings).send(test, lambda: None)


def in_language(shown: Shown, language: str) -> Shown:
    """The same in another language, to nobody in particular."""
    facts = nameless(shown.facts)
    return replace(shown, facts=replace(facts, order=replace(facts.order, language=language)))


def sample_links(runtime: Runtime, shop: ShopFacts) -> dict[str, str]:
    """Where there is no order, its links lead to the console's own page of the sample."""
    page = f"{runtime.settings.public_url}/console/{shop.public_id}/preview/tracking"
    return {"track": page, "order": page}
