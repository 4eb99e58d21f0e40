"""What the rest of the house may know of an order, and what its status means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.events import Address, Channel, Line, OrderStatus

COUNTED = frozenset({OrderStatus.CONFIRMED, OrderStatus.COMPLETED})
"""The shop counts on these orders: reaching one of them is what "placed" means."""

CALLED_OFF = frozenset({OrderStatus.CANCELLED, OrderStatus.REFUNDED, OrderStatus.DELETED})


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """An order for decisions and pages. Money in minor units of `currency`, `refunded` of it went back; personal fields are None
    where unknown."""

    id: int
    public_id: str
    ref: str
    number: str
    status: OrderStatus
    channel: Channel
    channel_name: str
    customer_ref: str | None
    discount_codes: tuple[str, ...]
    placed_at: datetime
    language: str
    currency: str
    total: int
    subtotal: int
    shipping: int
    discount: int
    tax: int
    refunded: int
    email: str | None
    first_name: str | None
    last_name: str | None
    address: Address | None
    lines: tuple[Line, ...]

    @property
    def is_called_off(self) -> bool:
        return self.status in CALLED_OFF
