"""A due message leaves, or it is said why not."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import quote

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.channels import CHANNELS
from app.channels.base import Letter
from app.domain.messages import service as messages
from app.domain.messages.models import Message
from app.domain.messages.rules import State, is_flood, is_stale
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
NOW = select(func.now())
FRESH_SECONDS = 1.0
"""What was read for letters that were claimed together is read anew after this: whether one may leave is decided from facts that
are no older when its turn comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A message that may leave, and the letter that `template` has become."""

    message_id: int
    channel: str
    template: str
    letter: Letter


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a letter that was handed over, or refused."""

    state: State
    reason: str = ""
    reply: str | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What letters need, read for several at once."""

    read_at: float  # monotonic seconds
    now: datetime  # by the database's clock
    messages: dict[int, Message]
    facts: dict[int, Facts]  # by order
    written: Counter[bytes]  # letters of the last day, by recipient


class Pile:
    """Letters that were claimed together. Each is decided upon and handed over by itself, and fails by itself; only what they need
    is read for all that are left."""

    def __init__(self, runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
        self._runtime = runtime
        self._shop = shop
        self._left = {claim.id: claim for claim in claims}
        self._known: Known | None = None

    def deliver(self, claims: Sequence[Claim]) -> None:
        """One message. The intent is committed before the other side hears of it, the outcome after; a message found as `sending`
        was handed over by somebody who did not live to tell, and is never handed over again."""
        (claim,) = claims
        runtime, shop = self._runtime, self._shop
        known = self._read()
        self._left.pop(claim.id, None)
        message = known.messages.get(int(claim.ref))
        if message is None or message.state != State.PLANNED:
            _end(runtime, shop, claim)
            return
        ready = _prepare(runtime, shop, claim, message, known)
        if ready is None:
            return
        faultpoint("deliver.prepared")
        if _hand_over(runtime, shop, ready, claim):
            known.written[message.recipient_hash] += 1

    def _read(self) -> Known:
        """What the letters need that are left, no older than `FRESH_SECONDS`."""
        if self._known is None or time.monotonic() - self._known.read_at > FRESH_SECONDS:
            self._known = _read(self._runtime, self._shop, [int(claim.ref) for claim in self._left.values()])
        return self._known


def deliver_message(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
    """One that was claimed alone."""
    Pile(runtime, shop, claims).deliver(claims)


def _pile(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> Callable[[Sequence[Claim]], None]:
    return Pile(runtime, shop, claims).deliver


def _read(runtime: Runtime, shop: ShopFacts, message_ids: Sequence[int]) -> Known:
    read_at = time.monotonic()
    with runtime.db.transaction(shop.id) as session:
        found = messages.look_up(session, message_ids)
        return Known(
            read_at=read_at,
            now=session.scalars(NOW).one(),
            messages=found,
            facts=gathered.facts_for(session, shop, sorted({message.order_id for message in found.values()})),
            written=messages.written_lately(session, {message.recipient_hash for message in found.values()}),
        )


def _end(runtime: Runtime, shop: ShopFacts, claim: Claim) -> None:
    """The work of a message that is not there to be sent. Its sender may live and say what became of it, so it is looked at once
    more, locked."""
    with runtime.db.transaction(shop.id) as session:
        message = messages.load(session, int(claim.ref))
        if message and message.state == State.PLANNED:
            outbox.release(session, shop.id, [claim], is_progress=False)
            return
        if message and message.state == State.SENDING:
            messages.move(session, message.id, [State.SENDING], State.UNCERTAIN, reason="no_answer_recorded")
        outbox.finish(session, shop.id, [claim])


def _prepare(runtime: Runtime, shop: ShopFacts, claim: Claim, message: Message, known: Known) -> Ready | None:
    """Decide again, at send time; None when nothing leaves."""
    facts = known.facts.get(message.order_id)
    facts = gathered.about(facts, message.about_kind, message.about_id) if facts else None
    verdict = _verdict(runtime, message, facts)
    if isinstance(verdict, Skip) or facts is None:
        reason = verdict.reason if isinstance(verdict, Skip) else "order_unknown"
        with runtime.db.transaction(shop.id) as session:
            messages.move(session, message.id, [State.PLANNED], State.SKIPPED, reason=reason)
            outbox.finish(session, shop.id, [claim])
        return None
    if is_flood(known.written[message.recipient_hash]):
        with runtime.db.transaction(shop.id) as session:
            messages.move(session, message.id, [State.PLANNED], State.PLANNED, reason="circuit_breaker")
            outbox.park(session, shop.id, [claim], "circuit_breaker")
        return None
    letter = compose(
        verdict,
        facts,
        links=_links(runtime, facts, known.now),
        key=str(message.key),
        house_address=runtime.settings.mail_from,
    )
    return Ready(message_id=message.id, channel=message.channel, template=verdict, letter=letter)


def _hand_over(runtime: Runtime, shop: ShopFacts, ready: Ready, claim: Claim) -> bool:
    """Whether it may have reached somebody."""
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
        outcome = Outcome(state=State.UNCERTAIN, reason=doubt.code)
    except Permanent as refusal:
        outcome = Outcome(state=State.FAILED, reason=refusal.code)
    else:
        outcome = Outcome(state=State.SENT, reply=receipt.reply, sent_at=runtime.clock.now())
    _settle(runtime, shop, ready, claim, outcome)
    return outcome.state != State.FAILED


def _commit_to(runtime: Runtime, shop: ShopFacts, ready: Ready, claim: Claim) -> None:
    """Write down that the letter now leaves, once; from here on only an answer tells whether it did. `Fenced` when the work is
    somebody else's by now."""
    with runtime.db.transaction(shop.id) as session:
        outbox.hold(session, shop.id, [claim])
        is_ours = messages.move(
            session,
            ready.message_id,
            [State.PLANNED],
            State.SENDING,
            template=ready.template,
            language=ready.letter.language,
            reason="",
        )
        if not is_ours:
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


def links_for(runtime: Runtime, session: Session, facts: Facts) -> dict[str, str]:
    """The signed links a letter may carry; they live by the database's clock."""
    return _links(runtime, facts, session.scalars(NOW).one())


def _links(runtime: Runtime, facts: Facts, now: datetime) -> dict[str, str]:
    expires = int((now + LINK_LIFE).timestamp())
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


def _settle(runtime: Runtime, shop: ShopFacts, ready: Ready, claim: Claim, outcome: Outcome) -> None:
    """What is known must not fall into doubt because the database breaks off: it is written once more, and where it stood already,
    that changes nothing."""
    try:
        _write_outcome(runtime, shop, ready, claim, outcome)
    except OperationalError:
        _write_outcome(runtime, shop, ready, claim, outcome)


def _write_outcome(runtime: Runtime, shop: ShopFacts, ready: Ready, claim: Claim, outcome: Outcome) -> None:
    """And end the work. Who waited so long for an answer that the lease was lost still knows it: the heir could only call the
    message uncertain, and what is left of the work is his."""
    with runtime.db.transaction(shop.id) as session:
        messages.move(
            session,
            ready.message_id,
            BEFORE[outcome.state],
            outcome.state,
            reason=outcome.reason,
            reply=outcome.reply,
            sent_at=outcome.sent_at,
        )
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
WORK = Work(
    kind=messages.DELIVER, queue=Queue.WORLD, batch=1, run=deliver_message, together=_pile, ahead=20, limit=LIMIT
)
