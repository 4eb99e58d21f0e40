"""One import in a process of its own, so that its memory and its processor time can be told from all else (bench/backfill.py).

Reads an `Import` as JSON, says "ready" once it is connected, waits for a line, works, and writes an `Imported` as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import psycopg

from app.connectors import CONNECTORS
from app.domain import apply as domain
from app.domain.schema import refresh_statistics
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.events import Fact, Resource, Source
from app.jobs.pull import STATISTICS_AT
from app.kernel.db import Database
from bench import ways
from bench.machine import forget_peak, peak_mb
from bench.stage import enter

TOPIC = "order.updated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """`way` is one of WAYS; `url` is the house's role's, `admin_url` the superuser's; `most` orders of the file are read."""

    way: str
    url: str
    admin_url: str
    shop_id: int
    file: str
    folder: str
    batch: int
    most: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """How much the peak of this process's memory rose above what it held when it began, in MB."""

    growth: float


def with_apply(plan: Import, db: Database, shop: ShopFacts) -> None:
    """A batch, its rows and the place in the file in one transaction: killed anywhere, it goes on where it was. The planner is told
    of the growing tables where a first import tells it (app/jobs/pull.py)."""
    for position, facts in _batches(plan, shop):
        with db.transaction(shop.id) as session:
            domain.apply(session, shop, facts, Source.PULL)
            shops.sync_state(session, shop.id, Resource.ORDERS).cursor = str(position)
            if any(position - len(facts) < size <= position for size in STATISTICS_AT):
                refresh_statistics(session)


def with_orm(plan: Import, db: Database, shop: ShopFacts) -> None:
    for _, facts in _batches(plan, shop):
        ways.write_with_orm(db, shop, facts)


def with_copy(plan: Import, _db: Database, _shop: ShopFacts) -> None:
    _copy(plan, ways.TABLES)


def with_bare_copy(plan: Import, _db: Database, _shop: ShopFacts) -> None:
    _copy(plan, ways.BARE_TABLES)


def _copy(plan: Import, tables: tuple[str, ...]) -> None:
    with psycopg.connect(plan.admin_url) as connection:
        ways.load(connection, Path(plan.folder), tables)


WAYS: Mapping[str, Callable[[Import, Database, ShopFacts], None]] = {
    "apply": with_apply,
    "orm": with_orm,
    "copy": with_copy,
    "bare copy": with_bare_copy,
}


def _batches(plan: Import, shop: ShopFacts) -> Iterator[tuple[int, list[Fact]]]:
    """Each batch with the number of the line behind it."""
    connector = CONNECTORS[shop.platform]
    with Path(plan.file).open("rb") as file:
        lines = islice(file, plan.most)
        position = 0
        while batch := list(islice(lines, plan.batch)):
            position += len(batch)
            yield position, [fact for line in batch for fact in connector.parse(TOPIC, line).facts]


def main() -> None:
    plan = Import(**json.loads(sys.stdin.readline()))
    db = Database(plan.url)
    shop = enter(db, plan.shop_id)
    print("ready", flush=True)
    sys.stdin.readline()
    forget_peak()
    before = peak_mb()
    WAYS[plan.way](plan, db, shop)
    print(json.dumps(asdict(Imported(growth=peak_mb() - before))), flush=True)
    sys.stdin.read()  # stay until looked at
    db.close()


if __name__ == "__main__":
    main()
