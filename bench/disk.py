"""The disk that orders take: a thousand with their deliveries, parcels, scans and letters, and the size of every table after."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from app.connectors import CONNECTORS
from app.domain import apply as domain
from app.domain.schema import METADATA
from app.domain.shops import service as shops
from app.events import Fact, ScanFact, ShipmentFact, ShipmentStatus, Source
from app.jobs.followups import FOLLOWUPS
from app.jobs.queue import work_off
from app.jobs.works import WORKS
from bench.orders import DELIVERY_BYTES, body
from bench.rounds import options, say
from bench.stage import Stage, enter, stage

LINES = 3
DELIVERIES = 4
"""An order: placed, paid, sent, completed; each carries all of it."""
SCANS = (
    ShipmentStatus.PICKED_UP,
    ShipmentStatus.IN_TRANSIT,
    ShipmentStatus.IN_TRANSIT,
    ShipmentStatus.OUT_FOR_DELIVERY,
)
A_BATCH = 100
KEEP = text(
    "INSERT INTO inbox (shop_id, dedupe_key, topic, event_id, state, body)"
    " VALUES (:shop, :key, 'order.updated', '', 'applied', :body)"
)
A_TRILLION = 10**12


def main() -> None:
    asked = options(__doc__, orders=1000)
    with stage() as on:
        with on.runtime.db.transaction(on.shop.id) as session:
            shops.choose(session, on.shop.id, {"switched_on": list(FOLLOWUPS)}, datetime(2026, 11, 1, tzinfo=UTC))
        before = _sizes(on)
        for first in range(1, asked.orders + 1, A_BATCH):
            _fill(on, range(first, min(first + A_BATCH, asked.orders + 1)))
            say(f"  {first + A_BATCH - 1} of {asked.orders} orders")
        grown = {table: size - before[table] for table, size in _sizes(on).items() if size > before[table]}
        _report(on, grown, asked.orders, as_json=asked.json)


def _fill(on: Stage, numbers: range) -> None:
    """As the house itself does it: deliveries kept, facts applied, letters planned and handed to the twin of the mail server."""
    now = datetime.now(UTC)
    bodies = {
        number: body(number, lines=LINES, placed_at=now - timedelta(hours=9), size=DELIVERY_BYTES) for number in numbers
    }
    shop = enter(on.runtime.db, on.shop.id)
    with on.runtime.db.transaction(shop.id) as session:
        for number, raw in bodies.items():
            rows = [
                {"shop": shop.id, "key": str(number * 10 + place).encode(), "body": raw} for place in range(DELIVERIES)
            ]
            session.execute(KEEP, rows)
        domain.apply(session, shop, [fact for raw in bodies.values() for fact in _order(raw)], Source.WEBHOOK)
        domain.apply(session, shop, [fact for number in numbers for fact in _parcel(number, now)], Source.WEBHOOK)
    for kind in ("plan", "deliver"):
        while work_off(on.runtime, WORKS[kind], shop.id):
            pass
    with on.runtime.db.transaction(shop.id) as session:
        domain.apply(session, shop, [fact for number in numbers for fact in _scans(number, now)], Source.CARRIER)


def _order(raw: bytes) -> tuple[Fact, ...]:
    return CONNECTORS["woocommerce"].parse("order.updated", raw).facts


def _parcel(number: int, now: datetime) -> Iterator[Fact]:
    yield ShipmentFact(
        order_ref=str(number),
        ref=f"{number}/1",
        updated_at=now,
        shipped_at=now - timedelta(hours=1),
        carrier="DHL",
        tracking_number=_tracking(number),
        tracking_url=f"https://carrier.example/{_tracking(number)}",
    )


def _scans(number: int, now: datetime) -> Iterator[Fact]:
    for place, status in enumerate((*SCANS, ShipmentStatus.DELIVERED)):
        yield ScanFact(
            status=status,
            occurred_at=now + timedelta(hours=place),
            source=Source.CARRIER,
            tracking_number=_tracking(number),
            place="Kassel",
        )


def _tracking(number: int) -> str:
    return f"00340{A_TRILLION + number}"


def _sizes(on: Stage) -> dict[str, int]:
    """Bytes of each table with its indexes and its long values."""
    with on.admin() as connection:
        connection.execute("VACUUM ANALYZE")
        rows = connection.execute(
            "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r' AND relname = ANY(%s)",
            [[table.name for table in METADATA.sorted_tables]],
        )
        return {str(name): int(size) for name, size in rows}


def _report(on: Stage, grown: dict[str, int], orders: int, *, as_json: bool) -> None:
    """Megabytes for a thousand orders, the greatest first."""
    share = {table: size * 1000 / orders / 1e6 for table, size in grown.items()}
    stays = sum(size for table, size in share.items() if table != "inbox")
    if as_json:
        say(json.dumps({"orders": orders, "mb": share, "stays": stays}))
        return
    with on.runtime.db.transaction(on.shop.id) as session:
        counted = {
            table: session.scalar(text(f"SELECT count(*) FROM {table}"))  # noqa: S608 (names of ours)
            for table in ("orders", "inbox", "message", "scan")
        }
    say(f"Disk: {on.version()}, {', '.join(f'{count} {table}' for table, count in counted.items())}")
    for table, size in sorted(share.items(), key=lambda entry: -entry[1]):
        say(f"{table:16} {size:8.2f} MB a thousand orders")
    say(f"{'without inbox':16} {stays:8.2f} MB a thousand orders")


if __name__ == "__main__":
    main()
