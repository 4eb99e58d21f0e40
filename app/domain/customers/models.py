"""People with an account at the shop, mirrored."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ARRAY, ForeignKey, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, ShopId


class Customer(Base):
    """`content` is the hash of the fact that the row shows. Orders name their customer by `ref`."""

    __tablename__ = "customer"

    shop_id: Mapped[ShopId] = mapped_column(ForeignKey("shop.id"))
    ref: Mapped[str] = mapped_column(Text, primary_key=True)
    updated_at: Mapped[datetime]
    created_at: Mapped[datetime | None]
    email: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    first_name: Mapped[str | None] = mapped_column(Text)
    last_name: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(Text)
    country: Mapped[str] = mapped_column(Text)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    content: Mapped[bytes] = mapped_column(LargeBinary)
