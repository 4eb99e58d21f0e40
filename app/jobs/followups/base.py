"""What a follow-up is: a pure decision when an event happens, and a second one just before the letter leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.orders.rules import OrderFacts
from app.domain.promises.rules import Promise
from app.domain.shipments.rules import ShipmentFacts
from app.domain.shops.rules import ShopFacts
from app.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a decision may read. `shipment` is the parcel the event or message is about, `purposes` what this shopper has
    consented to (empty: none given)."""

    shop: ShopFacts
    order: OrderFacts
    shipments: tuple[ShipmentFacts, ...]
    shipment: ShipmentFacts | None = None
    promise: Promise | None = None
    purposes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Write at `due_at` about this thing. The same thing is written about once; `occurrence` counts where it may happen again.
    A second plan for the same thing can only bring a planned message forward."""

    due_at: datetime
    about_kind: str  # order | shipment
    about_id: int
    occurrence: int = 1


@dataclass(frozen=True, slots=True)
class Skip:
    """Not written, and why, in one word of `copy`-free vocabulary (docs/operations.md lists them)."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """`plan` decides when one of `events` happens: a Plan, or None when it is not concerned. `check` decides again at send time:
    the name of the message in copy/, or a Skip. `title`, `what` and `when` tell a merchant what he switches on."""

    slug: str
    title: str
    what: str
    when: str
    about_kind: str  # order | shipment
    events: tuple[type[Event], ...]
    plan: Callable[[Any, Facts], Plan | None]
    check: Callable[[Facts], str | Skip]
