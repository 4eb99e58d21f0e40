"""What is intended once, how much of it may be, and what is done when nobody knows whether it happened."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from app.events import EffectKind, Intent, RefundIntent

NAMESPACE = uuid.UUID("0d6f2c6e-6a0e-4f0e-9b0a-5d3c1a7f4e92")


class State(StrEnum):
    PLANNED = "planned"
    CALLING = "calling"  # committed before the platform hears of it
    DONE = "done"
    UNCERTAIN = "uncertain"  # it was asked for, and nobody heard whether it was done
    REFUSED = "refused"  # its work is parked: a person may have it tried again
    CANCELLED = "cancelled"


OPEN = (State.PLANNED, State.CALLING, State.UNCERTAIN)
"""Something will still be done about these."""


class Step(StrEnum):
    """What is done about a call of unknown outcome of which the platform shows nothing."""

    WAIT = "wait"
    CALL = "call"
    ASK = "ask"  # a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`settled`: how long after a call it must show, if it was done at all. Absent for longer, it is asked for once more, until
    there were `most_calls`; then a person decides."""

    settled: timedelta
    most_calls: int


POLICIES = {
    # Exactly once. The same key goes with every call: a platform that knows keys gives the first answer again, and for one that
    # knows none the connector looks before it asks. The ten minutes are for the second sort: its shop may still be talking to
    # the payment provider long after our connection broke (PHP and proxies give up after one to five minutes).
    EffectKind.REFUND: Policy(settled=timedelta(minutes=10), most_calls=2),
}


def next_step(kind: EffectKind, calls: int, waited: timedelta) -> Step:
    """Pure; `waited` is the time since the last of `calls`."""
    policy = POLICIES[kind]
    if waited < policy.settled:
        return Step.WAIT
    return Step.CALL if calls < policy.most_calls else Step.ASK


FIRST_LOOK = timedelta(seconds=2)


def next_look(kind: EffectKind, waited: timedelta) -> timedelta:
    """How long to wait before looking again: as long as has been waited so far, and not beyond the end of the wait."""
    return max(FIRST_LOOK, min(waited, POLICIES[kind].settled - waited))


def effect_key(order_public_id: str, kind: EffectKind, about_kind: str, about_id: int, occurrence: int) -> uuid.UUID:
    """The same effect has the same key for ever. Our own ids count from one in every installation; the order's public id, which
    is random, keeps two installations that serve one store apart."""
    return uuid.uuid5(NAMESPACE, f"{order_public_id}/{kind}/{about_kind}/{about_id}/{occurrence}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """Money of an intent that is open or done; `outcome` is the platform's key of its refund, empty while there is none."""

    amount: int
    outcome: str


def left_to_refund(paid: int, given_back: Mapping[str, int], promised: Iterable[Promised]) -> int:
    """What may still be promised of an order, in its minor units. `given_back` are the refunds that the platform tells of, by
    their keys: an intent of ours that is among them counts once."""
    return paid - sum(given_back.values()) - sum(one.amount for one in promised if one.outcome not in given_back)


def intent_from(key: uuid.UUID, amount: int, values: Mapping[str, Any]) -> Intent:
    """What the connector is asked; there is one kind so far."""
    return RefundIntent(
        key=str(key),
        order_ref=values["order_ref"],
        amount=amount,
        currency=values["currency"],
        items=tuple((str(line), int(quantity)) for line, quantity in values["items"]),
        restock=values["restock"],
    )
