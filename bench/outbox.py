"""From outbox to worker: what it costs an event to be hinted, claimed and struck off, with work that does nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from rq import Queue as RqQueue
from rq import SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import text

from app.domain.outbox import service as outbox
from app.domain.outbox.service import Claim
from app.domain.shops.rules import ShopFacts
from app.jobs import relay
from app.jobs.ingest import WORK
from app.jobs.queue import Queue, Work
from app.jobs.works import WORKS
from app.kernel.runtime import Runtime
from app.worker import Worker
from bench.machine import Meter
from bench.rounds import Reading, Readings, Verdict, alternate, middle, options, report
from bench.stage import Stage, stage

KIND = "bench"
OURS, NARROW, DRAIN, PEER = (
    "ours, {} batches of {} a claim",
    "ours, a batch a claim",
    "one statement a batch of {}",
    "RQ, a job an event",
)
DRAINED = (
    "DELETE FROM outbox WHERE (shop_id, id) IN (SELECT shop_id, id FROM outbox WHERE shop_id = %s AND kind = %s"
    " ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING ref"
)


class Deaf:
    """Without the thread that takes RQ's orders from elsewhere: it takes a second to end, and here workers end often."""

    def subscribe(self) -> None:
        pass


class OurWorker(Deaf, Worker):
    pass


class PeerWorker(Deaf, SimpleWorker):
    pass


def strike_off(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
    """Work that is nothing but its outcome."""
    with runtime.db.transaction(shop.id) as session:
        outbox.finish(session, shop.id, claims)


def nothing() -> None:
    """The peer's job."""


def main() -> None:
    asked = options(__doc__, events=20_000, jobs=500)
    batch = WORK.batch
    with stage(with_valkey=True) as on:
        ours, drain = OURS.format(WORK.ahead, batch), DRAIN.format(batch)
        runs: dict[str, Callable[[], Reading]] = {
            ours: partial(_through_the_house, on, asked.events, WORK.ahead),
            NARROW: partial(_through_the_house, on, asked.events, 1),
            drain: partial(_drained, on, asked.events, batch),
            PEER: partial(_through_rq, on, asked.jobs),
        }
        readings = alternate(runs, asked.rounds)
        title = f"Outbox to worker: {on.version()}, {asked.events} events of one shop"
    report(title, "event", readings, _verdicts(readings, ours), as_json=asked.json)


def _through_the_house(on: Stage, events: int, ahead: int) -> Reading:
    """The relay's look and hint, the worker's job, claims and outcomes, again until the rows are gone."""
    WORKS[KIND] = Work(kind=KIND, queue=Queue.NOW, batch=WORK.batch, run=strike_off, ahead=ahead)
    _owe(on, events)
    meter = _meter(on)
    while relay.hint_due_work(on.runtime):
        worker = OurWorker([Queue.NOW.value], connection=on.runtime.valkey, serializer=JSONSerializer)
        worker.work(burst=True, logging_level="ERROR")
    return _reading(meter, events, errors=_left(on))


def _drained(on: Stage, events: int, batch: int) -> Reading:
    """What claiming and deleting costs at least: one prepared statement and one commit a batch, no lease and no second look."""
    _owe(on, events)
    connection: Any = on.runtime.db.engine.raw_connection()
    meter = _meter(on)
    while connection.driver_connection.execute(DRAINED, (on.shop.id, KIND, batch)).fetchall():
        connection.commit()
    reading = _reading(meter, events)
    connection.close()
    return reading


def _through_rq(on: Stage, jobs: int) -> Reading:
    """The usual way: an RQ job an event, enqueued one by one, worked off by one worker that does not fork."""
    on.empty()
    valkey: Any = on.runtime.valkey
    on.valkey_flush()
    meter = _meter(on)
    queue: Any = RqQueue(KIND, connection=valkey, serializer=JSONSerializer)
    for _ in range(jobs):
        queue.enqueue_call(nothing, result_ttl=0)
    PeerWorker([queue], connection=valkey, serializer=JSONSerializer).work(burst=True, logging_level="ERROR")
    return _reading(meter, jobs, errors=queue.count)


def _owe(on: Stage, events: int) -> None:
    on.empty()
    on.valkey_flush()
    with on.runtime.db.house() as session:
        session.execute(
            text(
                "INSERT INTO outbox (shop_id, kind, ref) SELECT :shop, :kind, n::text FROM generate_series(1, :events) n"
            ),
            {"shop": on.shop.id, "kind": KIND, "events": events},
        )
    with on.admin() as connection:
        connection.execute("ANALYZE outbox")  # as autovacuum would by the time that so many rows are there


def _left(on: Stage) -> int:
    with on.runtime.db.house() as session:
        return session.scalar(text("SELECT count(*) FROM outbox")) or 0


def _meter(on: Stage) -> Meter:
    assert on.valkey
    assert on.valkey.process
    return Meter({"worker": [os.getpid()], "postgres": [on.database_pid], "valkey": [on.valkey.process.pid]})


def _reading(meter: Meter, units: int, errors: int = 0) -> Reading:
    usage = meter.stop()
    return Reading(units=units, seconds=usage.seconds, cpu=usage.cpu, others=usage.others, errors=errors)


def _verdicts(readings: Readings, ours: str) -> list[Verdict]:
    return [
        Verdict(
            what="CPU an event in microseconds, all processes", figure=middle(readings[ours], Reading.cost), limit=10
        ),
        Verdict(
            what="the worker's share of it",
            figure=middle(readings[ours], lambda run: run.cost("worker", "valkey")),
            limit=10,
        ),
        Verdict(what="events left behind", figure=sum(run.errors for run in readings[ours]), limit=0),
    ]


if __name__ == "__main__":
    main()
