"""The register of work, and the one function that a hint in the queue calls."""

from __future__ import annotations

from app.jobs import deliver, ingest, plan, pull, retain, track
from app.jobs.queue import Work, work_off
from app.kernel.runtime import held

WORKS: dict[str, Work] = {
    work.kind: work for work in (ingest.WORK, pull.FETCH, plan.WORK, deliver.WORK, pull.PULL, track.WORK, retain.WORK)
}


def take_hint(kind: str, shop_id: int) -> None:
    """There is work of this kind for this shop. The hint is taken back first, so that news from now on makes a new one."""
    runtime = held()
    runtime.valkey.delete(hint_key(kind, shop_id))
    if kind in WORKS:
        work_off(runtime, WORKS[kind], shop_id)


def hint_key(kind: str, shop_id: int) -> str:
    return f"encore:hint:{kind}:{shop_id}"
