"""The ledger of everything that a platform was or will be asked to do."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, ShopId


class Effect(Base):
    """One thing to be done about one thing, at most once.

    `state` and what may become of it: rules.py. `reason` is the code of the last failure. `amount` is in minor units of the
    order's currency, `values` the rest of what the platform is told: ids, codes and numbers only. `outcome` is the platform's key
    for what came of it. `calls` counts how often it was asked for without a clear no, the last time at `called_at` (the
    database's clock).
    """

    __tablename__ = "effect"
    __table_args__ = (
        UniqueConstraint("shop_id", "kind", "about_kind", "about_id", "occurrence", name="uq_effect_once"),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        Index("ix_effect_order", "shop_id", "order_id"),
    )

    shop_id: Mapped[ShopId] = mapped_column(ForeignKey("shop.id"))
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    key: Mapped[uuid.UUID]
    kind: Mapped[str] = mapped_column(Text)
    about_kind: Mapped[str] = mapped_column(Text)
    about_id: Mapped[int] = mapped_column(BigInteger)
    occurrence: Mapped[int] = mapped_column(Integer)
    order_id: Mapped[int] = mapped_column(BigInteger)
    amount: Mapped[int] = mapped_column(BigInteger)
    values: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(Text, server_default="planned")
    reason: Mapped[str] = mapped_column(Text, server_default="")
    outcome: Mapped[str] = mapped_column(Text, server_default="")
    calls: Mapped[int] = mapped_column(Integer, server_default="0")
    planned_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    called_at: Mapped[datetime | None]
    changed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
