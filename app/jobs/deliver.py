"""A due message leaves, or it is said why not."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from urllib.parse import quote

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.channels import CHANNELS
from app.channels.base import Letter
from app.domain.messages import service as messages
from app.domain.messages.models import Message
from app.domain.messages.rules import State, is_stale
from app.domain.outbox import service as outbox
from app.domain.outbox.service import Claim
from app.domain.shops.rules import ShopFacts
from app.jobs import facts as gathered
from app.jobs.followups import FOLLOWUPS
from app.jobs.followups.base import Facts, Skip
from app.jobs.letters import compose
from app.jobs.queue import Queue, Work
from app.kernel.crypto import Link
from app.kernel.errors import Permanent, Transient, Uncertain
from app.kernel.faults import faultpoint
from app.kernel.runtime import Runtime

LINK_LIFE = timedelta(days=180)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A message that may leave, and the letter that `template` has become."""

    message_id: int
    channel: str
    template: str
    letter: Letter


def deliver_message(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
    """One message. The intent is committed before the other side hears of it, the outcome after; a message found as `sending`
    was handed over by somebody who did not live to tell, and is never handed over again."""
    claim = claims[0]
    ready = _prepare(runtime, shop, claim)
    if ready is None:
        return
    faultpoint("deliver.prepared")
    try:
        receipt = CHANNELS[ready.channel](runtime.settings).send(
            ready.letter, partial(_commit_to, runtime, shop, ready, claim)
        )
    except Transient:
        _give_back(runtime, shop, ready)
        raise
    except OperationalError:
        _take_back(runtime, shop, ready, claim)
        raise
    except Uncertain as doubt:
        _settle(runtime, shop, ready, State.UNCERTAIN, claim, reason=doubt.code)
    except Permanent as refusal:
        _settle(runtime, shop, ready, State.FAILED, claim, reason=refusal.code)
    else:
        _settle(runtime, shop, ready, State.SENT, claim, reason="", reply=receipt.reply, sent_at=runtime.clock.now())


def _prepare(runtime: Runtime, shop: ShopFacts, claim: Claim) -> Ready | None:
    """Decide again, at send time; None when nothing leaves."""
    with runtime.db.transaction(shop.id) as session:
        message = messages.load(session, int(claim.ref))
        if message is None or message.state != State.PLANNED:
            if message and message.state == State.SENDING:
                messages.move(session, message.id, [State.SENDING], State.UNCERTAIN, reason="no_answer_recorded")
            outbox.finish(session, shop.id, [claim])
            return None
        facts = gathered.facts_for(session, shop, [message.order_id]).get(message.order_id)
        facts = gathered.about(facts, message.about_kind, message.about_id) if facts else None
        verdict = _verdict(runtime, message, facts)
        if isinstance(verdict, Skip) or facts is None:
            reason = verdict.reason if isinstance(verdict, Skip) else "order_unknown"
            messages.move(session, message.id, [State.PLANNED], State.SKIPPED, reason=reason)
            outbox.finish(session, shop.id, [claim])
            return None
        if messages.is_flooding(session, message.recipient_hash):
            messages.move(session, message.id, [State.PLANNED], State.PLANNED, reason="circuit_breaker")
            outbox.park(session, shop.id, [claim], "circuit_breaker")
            return None
        letter = _letter(runtime, session, message, facts, verdict)
        return Ready(message_id=message.id, channel=message.channel, template=verdict, letter=letter)


def _commit_to(runtime: Runtime, shop: ShopFacts, ready: Ready, claim: Claim) -> None:
    """Write down that the letter now leaves, once; from here on only an answer tells whether it did. `Fenced` when the work is
    somebody else's by now."""
    with runtime.db.transaction(shop.id) as session:
        outbox.hold(session, shop.id, [claim])
        said = {"template": ready.template, "language": ready.letter.language, "reason": ""}
        if not messages.move(session, ready.message_id, [State.PLANNED], State.SENDING, **said):
            raise outbox.Fenced(ready.message_id)
        faultpoint("deliver.before_sending")
    faultpoint("deliver.after_sending")


def _verdict(runtime: Runtime, message: Message, facts: Facts | None) -> str | Skip:
    if is_stale(message.occurred_at, runtime.clock.now()):
        return Skip("stale")
    if facts is None:
        return Skip("order_unknown")
    if message.follow_up not in facts.shop.settings.switched_on:
        return Skip("switched_off")
    return FOLLOWUPS[message.follow_up].check(facts)


def _letter(runtime: Runtime, session: Session, message: Message, facts: Facts, template: str) -> Letter:
    return compose(
        template,
        facts,
        links=links_for(runtime, session, facts),
        key=str(message.key),
        house_address=runtime.settings.mail_from,
    )


def links_for(runtime: Runtime, session: Session, facts: Facts) -> dict[str, str]:
    """The signed links a letter may carry; they live by the database's clock."""
    now = session.scalar(select(func.now()))
    expires = int((now + LINK_LIFE).timestamp()) if now else 0
    token = runtime.keys.sign(
        Link(purpose="track", shop=facts.shop.public_id, subject=facts.order.public_id, expires=expires)
    )
    page = f"{runtime.settings.public_url}/t/{quote(token)}"
    return {"track": page, "order": page}


def _give_back(runtime: Runtime, shop: ShopFacts, ready: Ready) -> None:
    """It was not taken, so it may be handed over again, unless somebody else has given up on it meanwhile."""
    with runtime.db.transaction(shop.id) as session:
        messages.move(session, ready.message_id, [State.SENDING], State.PLANNED, reason="")


def _take_back(runtime: Runtime, shop: ShopFacts, ready: Ready, claim: Claim) -> None:
    """The database broke off at `_commit_to`. Whether the intent was written is not known, but the letter has not left: as long as
    the work is ours, it may be handed over again."""
    with runtime.db.transaction(shop.id) as session:
        outbox.hold(session, shop.id, [claim])
        messages.move(session, ready.message_id, [State.SENDING], State.PLANNED, reason="")


def _settle(runtime: Runtime, shop: ShopFacts, ready: Ready, state: State, claim: Claim, **values: object) -> None:
    """What is known must not fall into doubt because the database breaks off: it is written once more, and where it stood already,
    that changes nothing."""
    try:
        _write_outcome(runtime, shop, ready, state, claim, **values)
    except OperationalError:
        _write_outcome(runtime, shop, ready, state, claim, **values)


def _write_outcome(
    runtime: Runtime, shop: ShopFacts, ready: Ready, state: State, claim: Claim, **values: object
) -> None:
    """And end the work. Who waited so long for an answer that the lease was lost still knows it: the heir could only call the
    message uncertain, and what is left of the work is his."""
    with runtime.db.transaction(shop.id) as session:
        messages.move(session, ready.message_id, BEFORE[state], state, **values)
        with suppress(outbox.Fenced):
            outbox.finish(session, shop.id, [claim])
        faultpoint("deliver.before_outcome")
    faultpoint("deliver.after_outcome")


# a letter may be refused before it was asked for; the last word on one that was called uncertain is its answer
BEFORE = {
    State.FAILED: (State.PLANNED, State.SENDING, State.UNCERTAIN),
    State.UNCERTAIN: (State.SENDING,),
    State.SENT: (State.SENDING, State.UNCERTAIN),
}

LIMIT = 300
"""Seconds. A mail server may think for two minutes about the final dot, after six commands of at most thirty seconds each: who is
ended before that leaves a letter in doubt."""
WORK = Work(kind=messages.DELIVER, queue=Queue.WORLD, batch=1, run=deliver_message, ahead=10, limit=LIMIT)
