"""Shops, their settings over time, and the sealed keys to their stores."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Identity, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, ShopId


class Shop(Base):
    """The register of shops. It has no policy (tests/house names it): ingest finds a shop here before it can enter one."""

    __tablename__ = "shop"
    __table_args__ = (UniqueConstraint("platform", "domain"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    public_id: Mapped[str] = mapped_column(Text, unique=True)
    platform: Mapped[str] = mapped_column(Text)
    domain: Mapped[str] = mapped_column(Text)
    base_url: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    timezone: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(Text, server_default="")
    email: Mapped[str] = mapped_column(Text, server_default="")
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    policies: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    is_connected: Mapped[bool] = mapped_column(server_default=text("true"))
    connected_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ShopSettings(Base):
    """What the merchant chose, each version with its valid-from, so that replaying last year reads last year."""

    __tablename__ = "shop_settings"

    shop_id: Mapped[ShopId] = mapped_column(ForeignKey("shop.id"))
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    values: Mapped[dict[str, Any]]


class Credential(Base):
    """One named secret of a shop, sealed (kernel/crypto.py)."""

    __tablename__ = "credential"

    shop_id: Mapped[ShopId] = mapped_column(ForeignKey("shop.id"))
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    sealed: Mapped[bytes]
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class SyncState(Base):
    """How far a resource of a shop has been read. Watermark and cursor move in the transaction that writes the rows.

    A *sweep* goes from `since` (null: the beginning) page by page to the end; `started_at` is its beginning and becomes the
    watermark. `deep_at` is the last sweep that reached back further than usual. Of the sweep under way, or else the last one,
    `swept` counts the things it looked at and `drift` those that our rows should have known and did not; for the resource
    "webhooks" these are topics and subscriptions mended. `seen` of `total` is the progress of a first reading.
    """

    __tablename__ = "sync_state"

    shop_id: Mapped[ShopId] = mapped_column(ForeignKey("shop.id"))
    resource: Mapped[str] = mapped_column(Text, primary_key=True)
    watermark: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    since: Mapped[datetime | None]
    deep_at: Mapped[datetime | None]
    cursor: Mapped[str] = mapped_column(Text, server_default="")
    is_backfilled: Mapped[bool] = mapped_column(server_default=text("false"))
    seen: Mapped[int] = mapped_column(BigInteger, server_default="0")
    total: Mapped[int | None] = mapped_column(BigInteger)
    drift: Mapped[int] = mapped_column(BigInteger, server_default="0")
    swept: Mapped[int] = mapped_column(BigInteger, server_default="0")
    backfill_started_at: Mapped[datetime | None]
    last_success_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(Text, server_default="")


class UsedLink(Base):
    """A one-time link that was followed, by its digest: following it again opens nothing."""

    __tablename__ = "used_link"

    shop_id: Mapped[ShopId] = mapped_column(ForeignKey("shop.id"))
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    used_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
