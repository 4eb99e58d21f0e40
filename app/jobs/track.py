"""Asking the carriers that a merchant gave us keys for."""

from __future__ import annotations

import time
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
from app.jobs.queue import LONGEST_LEASE, Queue, Stop, Work
from app.kernel.errors import Failure
from app.kernel.faults import faultpoint
from app.kernel.runtime import Runtime

FOLLOWED_FOR = timedelta(days=60)
NUMBERS_A_RUN = 50
SECONDS_A_RUN = 15.0
"""A parcel costs a call with most carriers: a bounded run keeps within their limits and within its lease, and the longest unasked
come first in the next one."""


def credential_name(carrier: str) -> str:
    return f"carrier:{carrier}"


def track_parcels(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
    """Ask each carrier that the shop has a key for about its parcels under way. One that fails does not keep the others from being
    asked; its failure is the run's."""
    with runtime.db.transaction(shop.id) as session:
        stored = shops.secrets_of(session, runtime.keys, shop.id)
    failures: list[Failure] = []
    for slug, carrier in CARRIERS.items():
        if credential_name(slug) in stored:
            try:
                _track(runtime, shop, carrier, CarrierAccess(**orjson.loads(stored[credential_name(slug)])))
            except Failure as failure:
                failures.append(failure)
    if failures:
        raise failures[0]
    with runtime.db.transaction(shop.id) as session:
        outbox.finish(session, shop.id, claims)


def _track(runtime: Runtime, shop: ShopFacts, carrier: Carrier, access: CarrierAccess) -> None:
    """A number is marked before it is asked for, so that one which always fails goes to the back of the row."""
    until = time.monotonic() + SECONDS_A_RUN
    with runtime.db.transaction(shop.id) as session:
        numbers = shipments.to_track(session, carrier.aliases, runtime.clock.now() - FOLLOWED_FOR, NUMBERS_A_RUN)
    for start in range(0, len(numbers), carrier.max_numbers):
        if Stop.is_set or time.monotonic() >= until:
            break
        asked = numbers[start : start + carrier.max_numbers]
        with runtime.db.transaction(shop.id) as session:
            shipments.mark_tracked(session, asked)
        faultpoint("track.before_call")
        scans = carrier.scans(access, runtime.http, asked)
        faultpoint("track.after_call")
        with runtime.db.transaction(shop.id) as session:
            domain.apply(session, shop, scans, Source.CARRIER)
            faultpoint("track.before_commit")
        faultpoint("track.after_commit")


WORK = Work(kind="track", queue=Queue.SLOW, batch=1, run=track_parcels, lease=LONGEST_LEASE)
