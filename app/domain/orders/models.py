"""Orders and their lines, mirrored: the platform is the truth."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, ShopId


class Order(Base):
    """Money in minor units of `currency`. `content` is the hash of the fact that the row shows; `language` is the purchase's."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("shop_id", "ref"),
        UniqueConstraint("shop_id", "public_id"),
        Index("ix_orders_recent", "shop_id", "placed_at"),
    )

    shop_id: Mapped[ShopId] = mapped_column(ForeignKey("shop.id"))
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    ref: Mapped[str] = mapped_column(Text)
    number: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    channel_name: Mapped[str] = mapped_column(Text, server_default="")
    discount_codes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    placed_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
    language: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    total: Mapped[int] = mapped_column(BigInteger)
    subtotal: Mapped[int] = mapped_column(BigInteger)
    shipping: Mapped[int] = mapped_column(BigInteger)
    discount: Mapped[int] = mapped_column(BigInteger)
    tax: Mapped[int] = mapped_column(BigInteger)
    customer_ref: Mapped[str | None] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    first_name: Mapped[str | None] = mapped_column(Text)
    last_name: Mapped[str | None] = mapped_column(Text)
    address: Mapped[dict[str, Any] | None]
    content: Mapped[bytes] = mapped_column(LargeBinary)


class OrderLine(Base):
    __tablename__ = "order_line"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id", "order_id"], ["orders.shop_id", "orders.id"], ondelete="CASCADE"),
    )

    shop_id: Mapped[ShopId]
    order_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    ref: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[int] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(Text)
    variant: Mapped[str] = mapped_column(Text)
    sku: Mapped[str] = mapped_column(Text)
    quantity: Mapped[int] = mapped_column(Integer)
    total: Mapped[int] = mapped_column(BigInteger)
    product_ref: Mapped[str] = mapped_column(Text)
    variant_ref: Mapped[str] = mapped_column(Text)
    image_url: Mapped[str] = mapped_column(Text)
    requires_shipping: Mapped[bool]


class Refund(Base):
    """Money that went back, in minor units of the order's currency. `items` are pairs of a line's ref and a quantity."""

    __tablename__ = "refund"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id", "order_id"], ["orders.shop_id", "orders.id"], ondelete="CASCADE"),
    )

    shop_id: Mapped[ShopId]
    order_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    ref: Mapped[str] = mapped_column(Text, primary_key=True)
    refunded_at: Mapped[datetime]
    amount: Mapped[int] = mapped_column(BigInteger)
    items: Mapped[list[Any]] = mapped_column(JSONB)
