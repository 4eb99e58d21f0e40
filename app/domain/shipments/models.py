"""Parcels, what is in them, and what was said of them."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, ShopId


class Shipment(Base):
    """A parcel. `status` and `status_at` are the top of the ladder over its scans (rules.py), never set by hand."""

    __tablename__ = "shipment"
    __table_args__ = (
        UniqueConstraint("shop_id", "ref"),
        ForeignKeyConstraint(["shop_id", "order_id"], ["orders.shop_id", "orders.id"], ondelete="CASCADE"),
        Index("ix_shipment_order", "shop_id", "order_id"),
        Index("ix_shipment_tracking", "shop_id", "tracking_number"),
    )

    shop_id: Mapped[ShopId]
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    order_id: Mapped[int] = mapped_column(BigInteger)
    ref: Mapped[str] = mapped_column(Text)
    updated_at: Mapped[datetime]
    shipped_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(Text)
    status_at: Mapped[datetime]
    carrier: Mapped[str] = mapped_column(Text)
    tracking_number: Mapped[str] = mapped_column(Text)
    tracking_url: Mapped[str] = mapped_column(Text)
    expected_from: Mapped[date | None]
    expected_until: Mapped[date | None]
    is_cancelled: Mapped[bool] = mapped_column(server_default=text("false"))
    tracked_at: Mapped[datetime | None]
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ShipmentItem(Base):
    __tablename__ = "shipment_item"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id", "shipment_id"], ["shipment.shop_id", "shipment.id"], ondelete="CASCADE"),
    )

    shop_id: Mapped[ShopId]
    shipment_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    line_ref: Mapped[str] = mapped_column(Text, primary_key=True)
    quantity: Mapped[int] = mapped_column(Integer)


class Scan(Base):
    """One fact about a parcel with its source and time. `place` is a depot or town, never an address."""

    __tablename__ = "scan"
    __table_args__ = (
        UniqueConstraint("shop_id", "shipment_id", "occurred_at", "status", "place", name="uq_scan_once"),
        ForeignKeyConstraint(["shop_id", "shipment_id"], ["shipment.shop_id", "shipment.id"], ondelete="CASCADE"),
    )

    shop_id: Mapped[ShopId]
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    shipment_id: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(Text)
    occurred_at: Mapped[datetime]
    place: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
