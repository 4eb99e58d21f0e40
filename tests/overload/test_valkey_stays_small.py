"""However much is due: Valkey is told of no more than the workers can take soon, and fits its smallest plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rq import Queue as RqQueue
from rq.serializers import JSONSerializer

from app.jobs.queue import Queue
from app.jobs.relay import LOW_WATER, hint_due_work
from app.jobs.works import WORKS, take_hint, waiting
from app.kernel.capacity import MB, SMALLEST_VALKEY
from app.kernel.runtime import Runtime
from sandbox.servers import valkey as valkey_server
from tests.conftest import TRIALS
from tests.overload.masses import many_shops, owe_many
from tests.trials import DUE_ROWS

SHOPS = 2_000
ROUNDS = 12


@pytest.mark.timeout(600)
def test_a_backlog_stays_in_postgres(
    runtime: Runtime, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    server = valkey_server.start(tmp_path / "valkey")
    try:
        runtime = replace(runtime, valkey=server.client())
        shops = many_shops(runtime.db, SHOPS)
        kinds = ("ingest", "deliver", "track")
        for kind in kinds:
            owe_many(runtime.db, kind, shops, DUE_ROWS // len(kinds))
        given = sum(hint_due_work(runtime) for _ in range(ROUNDS))
        used = runtime.valkey.info("memory")["used_memory"]
        depths = {queue.value: waiting(runtime, queue) for queue in Queue}
        record_property(
            TRIALS, f"{DUE_ROWS} rows due in {SHOPS} shops: {given} hints {depths}, Valkey {used / MB:.1f} MB"
        )
        assert set(depths.values()) == {LOW_WATER}
        assert used < SMALLEST_VALKEY
        assert hint_due_work(runtime) == 0
    finally:
        server.stop()


def test_whoever_found_no_room_comes_when_there_is_some(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.jobs.relay.LOW_WATER", 3)
    shops = many_shops(runtime.db, 7)
    owe_many(runtime.db, "retain", shops, len(shops))
    queue = WORKS["retain"].queue
    served: set[int] = set()
    for _ in range(5):
        hint_due_work(runtime)
        assert waiting(runtime, queue) <= 3
        for job in _hints(runtime, queue):
            take_hint(*job)
            served.add(job[1])
    assert served == set(shops)


def _hints(runtime: Runtime, queue: Queue) -> list[tuple[str, int]]:
    """Taken from the queue, as a worker takes them."""
    waiting_hints = RqQueue(queue.value, connection=runtime.valkey, serializer=JSONSerializer)
    taken = [(str(job.args[0]), int(job.args[1])) for job in waiting_hints.jobs]
    waiting_hints.empty()
    return taken
