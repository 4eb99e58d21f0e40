"""What the house under test believes, read from its own database: how far an import is, and what was written down."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from app.domain.hub.models import HubRow
from app.domain.insight import service as insight
from app.domain.messages.models import Message
from app.domain.orders import service as orders
from app.domain.orders.models import Order
from app.domain.shipments.models import Shipment
from app.domain.shops import service as shops
from app.kernel.db import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """One shop: the platform's ids of its orders, the tracking numbers of its parcels, messages by state, and how many deliveries
    wait to be read."""

    orders: frozenset[str]
    parcels: frozenset[str]
    messages: Counter[str]
    waiting: int


class Books:
    """Every shop's book; shops are named by their public ids. `close` lets go of the connections."""

    def __init__(self, url: str) -> None:
        self.db = Database(url, pool_size=1)

    def close(self) -> None:
        self.db.close()

    def imported(self, shop: str) -> int | None:
        """How many orders were read, None until all of the past is here."""
        shop_id = self._id(shop)
        with self.db.transaction(shop_id) as session:
            read = insight.health(session, shop_id).orders
        return read.seen if read and read.is_backfilled else None

    def read(self, shop: str) -> Book:
        shop_id = self._id(shop)
        with self.db.transaction(shop_id) as session:
            states = session.execute(select(Message.state, func.count()).group_by(Message.state)).tuples()
            return Book(
                orders=frozenset(session.scalars(select(Order.ref))),
                parcels=frozenset(number for number in session.scalars(select(Shipment.tracking_number)) if number),
                messages=Counter(dict(states.all())),
                waiting=insight.health(session, shop_id).waiting,
            )

    def page(self, shop: str, number: str) -> dict[str, Any] | None:
        """The tracking page's document of an order, None until it has one."""
        with self.db.transaction(self._id(shop)) as session:
            ids = orders.number_search(session, number)
            return session.scalar(select(HubRow.page).where(HubRow.order_id == ids[0])) if ids else None

    def _id(self, shop: str) -> int:
        with self.db.house() as session:
            found = shops.find_shop(session, shop)
        if found is None:
            raise LookupError(shop)
        return found.id
