"""Shops found, connected, chosen for, and how far they have been read."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.shops.models import Credential, Shop, ShopSettings, SyncState, UsedLink
from app.domain.shops.rules import ShopFacts, Store, settings_from
from app.kernel.crypto import Keyring, sealed_by
from app.kernel.errors import Permanent

RECIPIENTS = "recipients"
"""The name of the secret that `recipient_key` keeps."""
TOLD = ("base_url", "name", "timezone", "currency", "language", "country", "email", "languages", "policies")
"""What a store says of itself, and may say otherwise later."""


def register(session: Session, store: Store, connected_at: datetime) -> tuple[int, str]:
    """Add a shop, or find the one that was connected before and refresh it: (id, public id). Needs no shop entered."""
    values: dict[str, Any] = {
        **_told(store),
        "platform": store.platform,
        "domain": store.domain,
        "public_id": secrets.token_hex(8),  # typed behind commands: no sign at its beginning
        "connected_at": connected_at,
    }
    statement = insert(Shop).values(values)
    row = session.execute(
        statement.on_conflict_do_update(
            index_elements=["platform", "domain"],
            set_={**{name: statement.excluded[name] for name in TOLD}, "is_connected": True},
        ).returning(Shop.id, Shop.public_id)
    ).one()
    return row.id, row.public_id


def refresh(session: Session, shop_id: int, store: Store) -> None:
    """Keep what the store says of itself now. Needs no shop entered."""
    session.execute(update(Shop).where(Shop.id == shop_id).values(_told(store)))


def _told(store: Store) -> dict[str, Any]:
    said = {name: getattr(store, name) for name in TOLD}
    return {**said, "languages": list(store.languages), "policies": dict(store.policies)}


# --- secrets, sealed for their shop by its public id, so that they open wherever the shop is restored -------------------


def store_secret(session: Session, keys: Keyring, shop_id: int, name: str, value: str) -> None:
    public_id = session.scalars(select(Shop.public_id).where(Shop.id == shop_id)).one()
    statement = insert(Credential).values(
        shop_id=shop_id, name=name, sealed=keys.seal(value.encode(), _context(public_id, name))
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["shop_id", "name"], set_={"sealed": statement.excluded.sealed, "updated_at": func.now()}
        )
    )


def secrets_of(session: Session, keys: Keyring, shop_id: int) -> dict[str, str]:
    """All secrets that the entered shop was given, opened. `Permanent` when a key is missing."""
    return {row.name: _opened(keys, row).decode() for row in _sealed(session, shop_id) if row.name != RECIPIENTS}


def unreadable_secrets(session: Session, keys: Keyring, shop_id: int) -> list[str]:
    """The names of the entered shop's secrets that no key of ours opens."""
    lost: list[str] = []
    for row in _sealed(session, shop_id):
        try:
            _opened(keys, row)
        except Permanent:
            lost.append(row.name)
    return lost


def forget_unreadable_secrets(session: Session, keys: Keyring, shop_id: int) -> list[str]:
    """Drop what no key of ours opens any more, so that the shop can be connected anew; the names, for whoever must give them
    again."""
    lost = unreadable_secrets(session, keys, shop_id)
    session.execute(delete(Credential).where(Credential.name.in_(lost)))
    return lost


def sealing_keys(session: Session, shop_id: int) -> Counter[str]:
    """How many secrets of the entered shop each key has sealed, by the key's id."""
    return Counter(sealed_by(row.sealed) for row in _sealed(session, shop_id))


def reseal_secrets(session: Session, keys: Keyring, shop_id: int) -> int:
    """Seal the entered shop's secrets with the active key where another did; how many. One that is replaced at this moment stays
    as its replacer sealed it. What cannot be opened stays as it is."""
    resealed = 0
    lost = unreadable_secrets(session, keys, shop_id)
    for row in _sealed(session, shop_id):
        if row.name in lost or sealed_by(row.sealed) == keys.active:
            continue
        fresh = keys.seal(_opened(keys, row), _context(row.public_id, row.name))
        changed = session.execute(
            update(Credential)
            .where(Credential.name == row.name, Credential.sealed == row.sealed)
            .values(sealed=fresh)
            .returning(Credential.name)
        )
        resealed += len(changed.all())
    return resealed


def recipient_key(session: Session, keys: Keyring, shop_id: int) -> bytes:
    """The entered shop's own secret for `recipient_hash` (kernel/crypto.py), made when it is first asked for. It is sealed and
    travels like every other, so the ledger still knows its recipients after a rotation of keys and in another house."""
    kept = _sealed(session, shop_id, RECIPIENTS)
    if not kept:
        public_id = session.scalars(select(Shop.public_id).where(Shop.id == shop_id)).one()
        fresh = keys.seal(secrets.token_bytes(32), _context(public_id, RECIPIENTS))
        session.execute(
            insert(Credential).values(shop_id=shop_id, name=RECIPIENTS, sealed=fresh).on_conflict_do_nothing()
        )
        kept = _sealed(session, shop_id, RECIPIENTS)  # somebody else may have been first
    return _opened(keys, kept[0])


def _sealed(session: Session, shop_id: int, name: str | None = None) -> Sequence[Row[str, str, bytes]]:
    """(public id, name, sealed value) of the entered shop's secrets, or of the one with this name."""
    statement = (
        select(Shop.public_id, Credential.name, Credential.sealed)
        .join(Shop, Shop.id == Credential.shop_id)
        .where(Credential.shop_id == shop_id)
        .order_by(Credential.name)
    )
    return session.execute(statement if name is None else statement.where(Credential.name == name)).all()


def _opened(keys: Keyring, row: Row[str, str, bytes]) -> bytes:
    return keys.open(row.sealed, _context(row.public_id, row.name))


def _context(public_id: str, name: str) -> str:
    return f"{public_id}:{name}"


# --- shops found --------------------------------------------------------------------------------------------------------


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


# --- how far a store has been read --------------------------------------------------------------------------------------


def sync_state(session: Session, shop_id: int, resource: str) -> SyncState:
    """The row that says how far a resource has been read, locked, made when it is missing."""
    session.execute(insert(SyncState).values(shop_id=shop_id, resource=resource).on_conflict_do_nothing())
    return session.scalars(select(SyncState).where(SyncState.resource == resource).with_for_update()).one()


def restart_sweep(session: Session, shop_id: int, resource: str, since: datetime | None) -> None:
    """The next page read of this resource is the first one of everything changed since a moment, or of everything (None). Rows
    stay; progress counts anew. Owe the work "pull" of this resource with it."""
    state = sync_state(session, shop_id, resource)
    state.cursor, state.started_at = "", None
    if since is None:
        state.watermark, state.is_backfilled = None, False
        state.seen, state.total, state.backfill_started_at = 0, None, None
    elif state.watermark is None or since < state.watermark:
        state.watermark = since


def _facts(row: Shop, values: Mapping[str, Any]) -> ShopFacts:
    settings = settings_from(values)
    return ShopFacts(
        id=row.id,
        public_id=row.public_id,
        platform=row.platform,
        domain=row.domain,
        base_url=row.base_url,
        name=row.name,
        timezone=row.timezone,
        currency=row.currency,
        language=settings.language or row.language,
        country=row.country,
        email=row.email,
        languages=tuple(row.languages),
        policies=row.policies,
        connected_at=row.connected_at,
        settings=settings,
    )
