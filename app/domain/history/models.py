"""What happened, appended and never changed: ids, codes, numbers and times, no name, no address, no free text."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, ShopId


class EventRow(Base):
    """One event of app/events.py. `key` says the same thing twice only once; `data` holds the fields its class adds."""

    __tablename__ = "event"
    __table_args__ = (UniqueConstraint("shop_id", "key"), Index("ix_event_order", "shop_id", "order_id", "occurred_at"))

    shop_id: Mapped[ShopId] = mapped_column(ForeignKey("shop.id"))
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    order_id: Mapped[int] = mapped_column(BigInteger)
    shipment_id: Mapped[int | None] = mapped_column(BigInteger)
    occurred_at: Mapped[datetime]
    recorded_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    source: Mapped[str] = mapped_column(Text)
    is_historic: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    data: Mapped[dict[str, Any]]
