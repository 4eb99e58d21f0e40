"""Asking the carriers that a merchant gave us keys for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import orjson

from app.carriers import CARRIERS
from app.carriers.base import Carrier, CarrierAccess
from app.domain import apply as domain
from app.domain.outbox import service as outbox
from app.domain.outbox.service import Claim
from app.domain.shipments import service as shipments
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.events import Source
from app.jobs.queue import LONGEST_LEASE, Queue, Work
from app.kernel.runtime import Runtime

FOLLOWED_FOR = timedelta(days=60)
NUMBERS_A_RUN = 50
"""A parcel costs a call with most carriers: a bounded run keeps within their limits, the longest unasked come first."""


def credential_name(carrier: str) -> str:
    return f"carrier:{carrier}"


def track_parcels(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
    """Ask each carrier that the shop has a key for about its parcels under way."""
    with runtime.db.transaction(shop.id) as session:
        stored = shops.secrets_of(session, runtime.keys, shop.id)
    for slug, carrier in CARRIERS.items():
        if credential_name(slug) in stored:
            _track(runtime, shop, carrier, CarrierAccess(**orjson.loads(stored[credential_name(slug)])))
    with runtime.db.transaction(shop.id) as session:
        outbox.finish(session, shop.id, claims)


def _track(runtime: Runtime, shop: ShopFacts, carrier: Carrier, access: CarrierAccess) -> None:
    with runtime.db.transaction(shop.id) as session:
        numbers = shipments.to_track(session, carrier.aliases, runtime.clock.now() - FOLLOWED_FOR, NUMBERS_A_RUN)
    for start in range(0, len(numbers), carrier.max_numbers):
        asked = numbers[start : start + carrier.max_numbers]
        scans = carrier.scans(access, runtime.http, asked)
        with runtime.db.transaction(shop.id) as session:
            domain.apply(session, shop, scans, Source.CARRIER)
            shipments.mark_tracked(session, asked)


WORK = Work(kind="track", queue=Queue.SLOW, batch=1, run=track_parcels, lease=LONGEST_LEASE)
