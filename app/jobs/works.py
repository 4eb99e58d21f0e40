"""The register of work, and the one function that a hint in the queue calls."""

from __future__ import annotations

from redis.exceptions import RedisError
from rq import Queue as RqQueue

from app.jobs import alert, census, check, deliver, effects, ingest, plan, pull, retain, track
from app.jobs.queue import Queue, Work, work_off
from app.kernel.runtime import Runtime, held

WORKS: dict[str, Work] = {
    work.kind: work
    for work in (
        ingest.WORK,
        pull.FETCH,
        plan.WORK,
        deliver.WORK,
        effects.WORK,
        pull.PULL,
        track.WORK,
        check.WORK,
        census.WORK,
        alert.WORK,
        retain.WORK,
    )
}


def take_hint(kind: str, shop_id: int) -> None:
    """There is work of this kind for this shop. The hint is taken back first, so that news from now on makes a new one."""
    runtime = held()
    runtime.valkey.delete(hint_key(kind, shop_id))
    if kind in WORKS:
        work = WORKS[kind]
        work_off(runtime, work, shop_id, lambda: _is_awaited(runtime, work, shop_id))


def waiting(runtime: Runtime, queue: Queue) -> int:
    """How many hints nobody has taken yet."""
    return RqQueue(queue.value, connection=runtime.valkey).count


def _is_awaited(runtime: Runtime, work: Work, shop_id: int) -> bool:
    """By somebody else: while there is much to do, the relay soon hints at the same work again. Not by anybody whom we could hear
    of, without Valkey."""
    try:
        others = waiting(runtime, work.queue)
        return others > 1 or (others > 0 and not runtime.valkey.exists(hint_key(work.kind, shop_id)))
    except RedisError:
        return False


def hint_key(kind: str, shop_id: int) -> str:
    return f"encore:hint:{kind}:{shop_id}"
