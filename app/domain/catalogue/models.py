"""What a shop sells, mirrored: products, their variants with price and stock, and the codes that make them cheaper."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, ShopId


class Product(Base):
    """`content` is the hash of the fact that the row shows, but for `collections`, which not every mouth of a platform tells.
    A product that the platform no longer shows is kept, unlisted: orders name it."""

    __tablename__ = "product"
    __table_args__ = (UniqueConstraint("shop_id", "ref"),)

    shop_id: Mapped[ShopId] = mapped_column(ForeignKey("shop.id"))
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    ref: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime]
    title: Mapped[str] = mapped_column(Text)
    is_listed: Mapped[bool]
    is_gone: Mapped[bool]
    url: Mapped[str] = mapped_column(Text)
    image_url: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    vendor: Mapped[str] = mapped_column(Text)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    collections: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Variant(Base):
    """Prices in minor units of the shop's currency; `stock` is null where it is not counted."""

    __tablename__ = "variant"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id", "product_id"], ["product.shop_id", "product.id"], ondelete="CASCADE"),
        Index("ix_variant_ref", "shop_id", "ref"),
    )

    shop_id: Mapped[ShopId]
    product_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    ref: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[int] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(Text)
    sku: Mapped[str] = mapped_column(Text)
    price: Mapped[int | None] = mapped_column(BigInteger)
    compare_at_price: Mapped[int | None] = mapped_column(BigInteger)
    stock: Mapped[int | None] = mapped_column(BigInteger)
    is_available: Mapped[bool]
    image_url: Mapped[str] = mapped_column(Text)


class Discount(Base):
    """`value` and `minimum` as the platform says them: percent points, or an amount in the shop's currency."""

    __tablename__ = "discount"

    shop_id: Mapped[ShopId] = mapped_column(ForeignKey("shop.id"))
    ref: Mapped[str] = mapped_column(Text, primary_key=True)
    updated_at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(Text)
    codes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    title: Mapped[str] = mapped_column(Text)
    value: Mapped[Decimal | None] = mapped_column(Numeric)
    minimum: Mapped[Decimal | None] = mapped_column(Numeric)
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    usage_limit: Mapped[int | None] = mapped_column(BigInteger)
    used: Mapped[int] = mapped_column(BigInteger)
    is_active: Mapped[bool]
    is_gone: Mapped[bool]
    content: Mapped[bytes] = mapped_column(LargeBinary)
