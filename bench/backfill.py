"""A back-fill: orders of three lines from a JSONL file through the one apply, beside COPY of the same rows and beside the ORM."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from subprocess import Popen

from sqlalchemy import text

from app.jobs.ingest import WORK
from bench import ways
from bench.importer import Import, Imported
from bench.machine import Meter
from bench.orders import PAST, bodies
from bench.rounds import Reading, Readings, Verdict, alternate, options, ratio, report, say
from bench.stage import ROOT, Stage, stage

OURS, FIRST_DAY, ORM = "ours", "ours, in a fresh database", "ORM, an object at a time"
COPY, BARE = "COPY of the same rows", "COPY of orders and lines"
LINES = 3


def main() -> None:
    asked = options(__doc__, orders=20_000, first_day_orders=5_000, orm_orders=2_000, batch=WORK.batch)
    with stage() as on:
        file = on.folder / "orders.jsonl"
        _write_file(file, asked.orders)
        plan = partial(_plan, on, file, asked.batch)
        say("  once before: for the rows that COPY is to load")
        _drive(on, plan("apply", asked.orders))
        with on.admin() as connection:
            ways.dump(connection, on.folder)
        on.learn_statistics()
        runs: dict[str, Callable[[], Reading]] = {
            OURS: partial(_drive, on, plan("apply", asked.orders)),
            FIRST_DAY: partial(_drive, on, plan("apply", asked.first_day_orders), is_fresh=True),
            ORM: partial(_drive, on, plan("orm", asked.orm_orders)),
            COPY: partial(_drive, on, plan("copy", asked.orders)),
            BARE: partial(_drive, on, plan("bare copy", asked.orders)),
        }
        readings = alternate(runs, asked.rounds)
        title = f"Back-fill: {on.version()}, {asked.orders} orders of {LINES} lines, batches of {asked.batch}"
    report(title, "order", readings, _verdicts(readings), as_json=asked.json)


def _write_file(path: Path, orders: int) -> None:
    with path.open("wb") as file:
        file.writelines(body + b"\n" for body in bodies(orders, lines=LINES, first=PAST))


def _plan(on: Stage, file: Path, batch: int, way: str, most: int) -> Import:
    return Import(
        way=way,
        url=on.runtime.db.engine.url.render_as_string(hide_password=False),
        admin_url=on.admin_url,
        shop_id=on.shop.id,
        file=str(file),
        folder=str(on.folder),
        batch=batch,
        most=most,
    )


def _drive(on: Stage, plan: Import, *, is_fresh: bool = False) -> Reading:
    """`is_fresh`: the planner knows nothing of the tables yet. Otherwise what it learned of them in earlier runs."""
    on.empty()
    if is_fresh:
        on.forget_statistics()
    command = [sys.executable, "-m", "bench.importer"]
    with Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(asdict(plan)) + "\n")
        process.stdout.readline()
        meter = Meter({"app": [process.pid], "postgres": [on.database_pid]})
        process.stdin.write("go\n")
        told = process.stdout.readline()
        usage = meter.stop()
        process.stdin.close()
    imported = Imported(**json.loads(told))
    if is_fresh:
        on.learn_statistics()  # what follows is again a house that has seen orders
    return Reading(
        units=plan.most,
        seconds=usage.seconds,
        cpu=usage.cpu,
        others=usage.others,
        errors=abs(plan.most - _orders(on)),
        more={"MB more": imported.growth},
    )


def _orders(on: Stage) -> int:
    with on.runtime.db.transaction(on.shop.id) as session:
        return session.scalar(text("SELECT count(*) FROM orders")) or 0


def _verdicts(readings: Readings) -> list[Verdict]:
    return [
        Verdict(
            what="orders a second, ours ÷ COPY of the same rows",
            figure=ratio(readings, OURS, COPY, lambda run: run.rate),
            limit=0.25,
            is_floor=True,
        ),
        Verdict(
            what="CPU, COPY of the same rows ÷ ours",
            figure=ratio(readings, COPY, OURS, Reading.cost),
            limit=0.25,
            is_floor=True,
        ),
        Verdict(
            what="orders a second, ours ÷ ORM",
            figure=ratio(readings, OURS, ORM, lambda run: run.rate),
            limit=4,
            is_floor=True,
        ),
        Verdict(what="CPU, ORM ÷ ours", figure=ratio(readings, ORM, OURS, Reading.cost), limit=4, is_floor=True),
        Verdict(
            what="growth of memory in MB, the most of all rounds",
            figure=max(run.more["MB more"] for run in readings[OURS]),
            limit=64,
        ),
        Verdict(what="orders missing", figure=sum(run.errors for run in readings[OURS]), limit=0),
    ]


if __name__ == "__main__":
    main()
