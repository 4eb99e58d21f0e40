"""The ledger of everything said, about to be said, or left unsaid."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Integer, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, ShopId


class Message(Base):
    """One message to one recipient about one thing, at most once.

    `state`: planned, sending, sent, uncertain, failed, skipped, cancelled; `reason` names every skip and failure.
    `recipient_hash` is keyed (kernel/crypto.py), so the ledger outlives an erasure and still knows whom not to write twice.
    `key` is derived from the unique columns: it makes the Message-ID, the same for every attempt.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint(
            "shop_id", "follow_up", "about_kind", "about_id", "occurrence", "recipient_hash", name="uq_message_once"
        ),
        Index("ix_message_order", "shop_id", "order_id"),
        Index("ix_message_recipient", "shop_id", "recipient_hash", "sent_at"),
    )

    shop_id: Mapped[ShopId] = mapped_column(ForeignKey("shop.id"))
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    key: Mapped[uuid.UUID]
    follow_up: Mapped[str] = mapped_column(Text)
    about_kind: Mapped[str] = mapped_column(Text)
    about_id: Mapped[int] = mapped_column(BigInteger)
    occurrence: Mapped[int] = mapped_column(Integer, server_default="1")
    recipient_hash: Mapped[bytes] = mapped_column(LargeBinary)
    order_id: Mapped[int] = mapped_column(BigInteger)
    event_id: Mapped[int] = mapped_column(BigInteger)
    channel: Mapped[str] = mapped_column(Text)
    template: Mapped[str] = mapped_column(Text, server_default="")
    language: Mapped[str] = mapped_column(Text, server_default="")
    occurred_at: Mapped[datetime]
    planned_at: Mapped[datetime]
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(Text, server_default="planned")
    reason: Mapped[str] = mapped_column(Text, server_default="")
    sent_at: Mapped[datetime | None]
    changed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    reply: Mapped[str] = mapped_column(Text, server_default="")
