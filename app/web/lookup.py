"""Which shop a request speaks of, remembered for a few seconds so that a busy one costs no read."""

from __future__ import annotations

import time
from dataclasses import dataclass

from app.connectors import CONNECTORS
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.kernel.runtime import Runtime

HIT_SECONDS = 10.0
"""How long a merchant's change may take to be seen by every web process."""
MISS_SECONDS = 2.0
"""Short: the first delivery of a shop may come within a second of its connecting."""
RECENT_SECONDS = 1.0
MOST_ENTRIES = 5_000
LONGEST_NAME = 300
"""Anybody can ask for shops that do not exist, by names as long as an address may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A shop with its present settings, and the secrets that may have signed what claims to come from it, newest first."""

    shop: ShopFacts
    signing: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    known: Known | None
    read_at: float


class KnownShops:
    """Shops by the id in our links, or by their domain at a platform. Safe to share between threads."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._entries: dict[tuple[str, str], _Entry] = {}

    def find(self, name: str, platform: str = "", *, recent: bool = False) -> Known | None:
        """The shop with this public id or, at this platform, with this domain. With `recent` what is remembered must not be older
        than a second: for a signature that does not fit, because a secret may just have been replaced."""
        if len(name) > LONGEST_NAME:
            return None
        entry = self._entries.get((platform, name))
        if entry and time.monotonic() - entry.read_at < _life(entry, recent=recent):
            return entry.known
        if len(self._entries) >= MOST_ENTRIES:
            self._entries.clear()
        entry = _Entry(self._read(name, platform), time.monotonic())
        self._entries[platform, name] = entry
        return entry.known

    def _read(self, name: str, platform: str) -> Known | None:
        if not name or "\x00" in name:
            return None
        with self._runtime.db.house() as session:
            found = shops.find_shop(session, name)
            if platform and (found is None or found.platform != platform):
                found = shops.find_shop_by_domain(session, platform, name)
        return self._enter(found) if found else None

    def _enter(self, found: ShopFacts) -> Known:
        runtime = self._runtime
        with runtime.db.transaction(found.id) as session:
            shop = shops.present(session, found.id, runtime.clock.now())
            stored = shops.secrets_of(session, runtime.keys, found.id)
        signing = CONNECTORS[shop.platform].secrets(runtime.settings.platform, stored)
        return Known(shop=shop, signing=signing)


def _life(entry: _Entry, *, recent: bool) -> float:
    if recent:
        return RECENT_SECONDS
    return HIT_SECONDS if entry.known else MISS_SECONDS
