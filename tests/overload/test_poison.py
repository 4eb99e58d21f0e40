"""F20: rows that kill the worker, never end or eat its memory are parked after three attempts, and everybody else goes on."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import pytest
from sqlalchemy import text

from tests.conftest import TRIALS
from tests.faults.stage import Process, Stage, wait_until
from tests.overload.masses import deliver_many, owe_many, quiet_shops
from tests.overload.poisoned import KIND, POISONS
from tests.trials import POISONED

OTHERS = 10
A_STEP = 5
DELIVERIES = 200
PATIENCE = 120.0 * POISONED


def parked(stage: Stage) -> list[tuple[str, int]]:
    with stage.db.house() as session:
        rows = session.execute(
            text("SELECT ref, attempts FROM outbox WHERE kind = :kind AND parked_at IS NOT NULL"), {"kind": KIND}
        )
        return [(row.ref, row.attempts) for row in rows]


def unfinished(stage: Stage, kind: str) -> int:
    with stage.db.house() as session:
        return (
            session.scalar(text("SELECT count(*) FROM outbox WHERE kind = :kind AND parked_at IS NULL"), {"kind": kind})
            or 0
        )


@pytest.mark.timeout(60 + 4 * 60 * POISONED)
def test_poisoned_rows_are_parked_and_all_others_are_done(
    stage: Stage, record_property: Callable[[str, object], None]
) -> None:
    """A row of this kind has a second, so that this does not take minutes; the real kinds have their leases of 30 and more."""
    others = quiet_shops(stage.db, OTHERS)
    process = Process([sys.executable, "-m", "tests.overload.poisoned"], stage.environ, stage.folder / "worker.log")
    with stage.db.house() as session:
        for ref in (*[*POISONS] * POISONED, "good", "fine"):
            session.execute(
                text("INSERT INTO outbox (shop_id, kind, ref) VALUES (:shop, :kind, :ref)"),
                {"shop": stage.shop.id, "kind": KIND, "ref": ref},
            )
    owe_many(stage.db, KIND, [shop.id for shop in others], OTHERS * A_STEP)
    deliver_many(stage.db, others[0].id, range(DELIVERIES))
    began = time.monotonic()
    process.start()
    stage.stack.callback(process.kill)
    assert wait_until(lambda: not unfinished(stage, "ingest"), PATIENCE), stage.said()[-2_000:]
    read_after = time.monotonic() - began
    assert wait_until(lambda: not unfinished(stage, KIND), PATIENCE), stage.said()[-2_000:]
    found = parked(stage)
    record_property(
        TRIALS,
        f"{POISONED} x {', '.join(POISONS)}: parked after {time.monotonic() - began:.0f} s; {OTHERS * A_STEP + 2} good rows beside"
        f" them done, {DELIVERIES} deliveries read after {read_after:.0f} s",
    )
    assert sorted(found) == sorted((poison, 3) for poison in POISONS for _ in range(POISONED))
    assert "child hangs, ended" in stage.said()
