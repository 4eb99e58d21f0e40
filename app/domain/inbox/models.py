"""Deliveries as they came, before anybody read them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, ShopId


class Delivery(Base):
    """One webhook. `state`: received, applied, ignored or refused; `note` says why in one word ("unknown_topic").

    `dedupe_key` = sha256(platform, topic, event id, raw body): a false "new" costs a rerun, a false "duplicate" an order.
    `body` is the raw bytes, dropped after 30 days.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("shop_id", "dedupe_key"),
        Index("ix_inbox_shop_id_received_at", "shop_id", "received_at"),
    )

    shop_id: Mapped[ShopId] = mapped_column(ForeignKey("shop.id"))
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    dedupe_key: Mapped[bytes] = mapped_column(LargeBinary)
    topic: Mapped[str] = mapped_column(Text)
    event_id: Mapped[str] = mapped_column(Text)
    triggered_at: Mapped[datetime | None]
    received_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(Text, server_default="received")
    note: Mapped[str] = mapped_column(Text, server_default="")
