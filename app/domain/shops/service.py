"""Shops found, connected, chosen for, and how far they have been read."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.shops.models import Credential, Shop, ShopSettings, SyncState, UsedLink
from app.domain.shops.rules import ShopFacts, Store, settings_from
from app.kernel.crypto import Keyring
from app.kernel.errors import Permanent


def register(session: Session, store: Store, connected_at: datetime) -> tuple[int, str]:
    """Add a shop, or find the one that was connected before and refresh it: (id, public id). Needs no shop entered."""
    known = {"base_url", "name", "timezone", "currency", "language", "country"}
    values: dict[str, Any] = {
        **{name: getattr(store, name) for name in (*known, "platform", "domain")},
        "public_id": secrets.token_urlsafe(12),
        "connected_at": connected_at,
    }
    statement = insert(Shop).values(values)
    row = session.execute(
        statement.on_conflict_do_update(
            index_elements=["platform", "domain"],
            set_={**{name: statement.excluded[name] for name in known}, "is_connected": True},
        ).returning(Shop.id, Shop.public_id)
    ).one()
    return row.id, row.public_id


def store_secret(session: Session, keys: Keyring, shop_id: int, name: str, value: str) -> None:
    sealed = keys.seal(value.encode(), f"{shop_id}:{name}")
    statement = insert(Credential).values(shop_id=shop_id, name=name, sealed=sealed)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["shop_id", "name"], set_={"sealed": statement.excluded.sealed, "updated_at": func.now()}
        )
    )


def secrets_of(session: Session, keys: Keyring, shop_id: int) -> dict[str, str]:
    """All secrets of the entered shop, opened. `Permanent` when a key is missing."""
    rows = session.execute(select(Credential.name, Credential.sealed))
    return {row.name: keys.open(row.sealed, f"{shop_id}:{row.name}").decode() for row in rows}


def forget_unreadable_secrets(session: Session, keys: Keyring, shop_id: int) -> list[str]:
    """Drop what no key of ours opens any more, so that the shop can be connected anew; the names, for whoever must give them
    again."""
    lost: list[str] = []
    for row in session.execute(select(Credential.name, Credential.sealed).order_by(Credential.name)).all():
        try:
            keys.open(row.sealed, f"{shop_id}:{row.name}")
        except Permanent:
            lost.append(row.name)
    session.execute(delete(Credential).where(Credential.name.in_(lost)))
    return lost


def find_shop(session: Session, public_id: str) -> ShopFacts | None:
    """By the id in our links. Settings are read only when the shop is entered; see `present`."""
    row = session.scalar(select(Shop).where(Shop.public_id == public_id))
    return _facts(row, {}) if row else None


def find_shop_by_domain(session: Session, platform: str, domain: str) -> ShopFacts | None:
    row = session.scalar(select(Shop).where(Shop.platform == platform, Shop.domain == domain))
    return _facts(row, {}) if row else None


def list_shops(session: Session) -> list[ShopFacts]:
    """Every shop that was ever connected, in that order."""
    return [_facts(row, {}) for row in session.scalars(select(Shop).order_by(Shop.id))]


def present(session: Session, shop_id: int, at: datetime) -> ShopFacts:
    """The entered shop with the settings that were valid at a moment."""
    shop = session.get_one(Shop, shop_id)
    values = session.scalar(
        select(ShopSettings.values)
        .where(ShopSettings.shop_id == shop_id, ShopSettings.valid_from <= at)
        .order_by(ShopSettings.valid_from.desc())
        .limit(1)
    )
    return _facts(shop, values or {})


def choose(session: Session, shop_id: int, values: Mapping[str, Any], valid_from: datetime) -> None:
    """A new version of the merchant's settings: what it names replaces, what it does not name stays."""
    old = session.scalar(
        select(ShopSettings.values)
        .where(ShopSettings.shop_id == shop_id)
        .order_by(ShopSettings.valid_from.desc())
        .limit(1)
    )
    if old == {**(old or {}), **values}:
        return
    statement = insert(ShopSettings).values(shop_id=shop_id, valid_from=valid_from, values={**(old or {}), **values})
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["shop_id", "valid_from"], set_={"values": statement.excluded["values"]}
        )
    )


def use_link_once(session: Session, shop_id: int, digest: bytes) -> bool:
    """Whether this one-time link was not used before; from now on it is."""
    used = session.execute(
        insert(UsedLink).values(shop_id=shop_id, digest=digest).on_conflict_do_nothing().returning(UsedLink.digest)
    )
    return used.first() is not None


def forget_used_links(session: Session) -> None:
    """A one-time link lives for minutes; after a day nobody can follow it a second time."""
    session.execute(delete(UsedLink).where(UsedLink.used_at < text("now() - interval '1 day'")))


def sync_state(session: Session, shop_id: int, resource: str) -> SyncState:
    """The row that says how far a resource has been read, locked, made when it is missing."""
    session.execute(insert(SyncState).values(shop_id=shop_id, resource=resource).on_conflict_do_nothing())
    return session.scalars(select(SyncState).where(SyncState.resource == resource).with_for_update()).one()


def _facts(row: Shop, values: Mapping[str, Any]) -> ShopFacts:
    return ShopFacts(
        id=row.id,
        public_id=row.public_id,
        platform=row.platform,
        domain=row.domain,
        base_url=row.base_url,
        name=row.name,
        timezone=row.timezone,
        currency=row.currency,
        language=row.language,
        country=row.country,
        connected_at=row.connected_at,
        settings=settings_from(values),
    )
