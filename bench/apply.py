"""An event applied: what it costs to parse a delivery and bring it into rows, history and projections, in batches as ingest's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

from app.connectors import CONNECTORS
from app.domain import apply as domain
from app.events import Fact, Source
from app.jobs.ingest import WORK
from bench import ways
from bench.machine import Meter
from bench.orders import DELIVERY_BYTES, NEWS, bodies
from bench.rounds import Reading, Readings, Verdict, alternate, middle, options, ratio, report
from bench.stage import Stage, stage

OURS, AGAIN, PARSED = "ours", "ours, the same told again", "parsing alone"
ORM, COPY, BARE = "ORM, an object at a time", "COPY of the same rows", "COPY of orders and lines"
TOPIC = "order.updated"


def main() -> None:
    asked = options(__doc__, orders=1_000, lines=6, size=DELIVERY_BYTES)
    told = list(bodies(asked.orders, lines=asked.lines, first=NEWS, size=asked.size))
    with stage() as on:
        _apply_all(on, told)
        with on.admin() as connection:
            ways.dump(connection, on.folder)
        on.learn_statistics()
        runs: dict[str, Callable[[], Reading]] = {
            OURS: lambda: _measured(on, len(told), lambda: _apply_all(on, told)),
            AGAIN: lambda: _measured(on, len(told), lambda: _apply_all(on, told), is_emptied=False),
            PARSED: lambda: _measured(on, len(told), lambda: _parse_all(on, told), is_emptied=False),
            ORM: lambda: _measured(on, len(told), lambda: _merge_all(on, told)),
            COPY: lambda: _measured(on, len(told), lambda: _copy_all(on, ways.TABLES)),
            BARE: lambda: _measured(on, len(told), lambda: _copy_all(on, ways.BARE_TABLES)),
        }
        readings = alternate(runs, asked.rounds)
        title = f"Apply: {on.version()}, {asked.orders} orders of {asked.lines} lines, batches of {WORK.batch}"
    report(title, "event", readings, _verdicts(readings), as_json=asked.json)


def _measured(on: Stage, events: int, work: Callable[[], None], *, is_emptied: bool = True) -> Reading:
    if is_emptied:
        on.empty()
    meter = Meter({"app": [os.getpid()], "postgres": [on.database_pid]})
    work()
    usage = meter.stop()
    return Reading(units=events, seconds=usage.seconds, cpu=usage.cpu, others=usage.others)


def _apply_all(on: Stage, told: Sequence[bytes]) -> None:
    for facts in _batches(on, told):
        with on.runtime.db.transaction(on.shop.id) as session:
            domain.apply(session, on.shop, facts, Source.WEBHOOK)


def _merge_all(on: Stage, told: Sequence[bytes]) -> None:
    for facts in _batches(on, told):
        ways.write_with_orm(on.runtime.db, on.shop, facts)


def _parse_all(on: Stage, told: Sequence[bytes]) -> None:
    for _ in _batches(on, told):
        pass


def _copy_all(on: Stage, tables: Sequence[str]) -> None:
    with on.admin() as connection:
        ways.load(connection, on.folder, tables)


def _batches(on: Stage, told: Sequence[bytes]) -> Iterator[list[Fact]]:
    connector = CONNECTORS[on.shop.platform]
    for start in range(0, len(told), WORK.batch):
        yield [fact for body in told[start : start + WORK.batch] for fact in connector.parse(TOPIC, body).facts]


def _verdicts(readings: Readings) -> list[Verdict]:
    milliseconds = middle(readings[OURS], Reading.cost) / 1e3
    return [
        Verdict(what="CPU an event applied, in ms", figure=milliseconds, limit=1.5),
        Verdict(what="CPU, ORM ÷ ours", figure=ratio(readings, ORM, OURS, Reading.cost), limit=4, is_floor=True),
    ]


if __name__ == "__main__":
    main()
