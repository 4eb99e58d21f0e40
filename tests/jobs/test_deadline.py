"""How long a batch may take, and how long a turn is while others wait."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from multiprocessing import get_context

import pytest

from app import worker
from app.domain.outbox import service as outbox
from app.domain.outbox.service import Claim
from app.domain.shops.rules import ShopFacts
from app.jobs.deadline import Deadline, is_overdue, limited_to, new_cell
from app.jobs.deliver import LIMIT
from app.jobs.queue import SMALLER, Queue, Work, work_off
from app.jobs.works import WORKS
from app.kernel.runtime import Runtime
from tests.builders import NOON, a_shop


def test_a_block_is_overdue_only_while_it_lasts() -> None:
    assert not is_overdue(Deadline.cell)
    with limited_to(60):
        assert not is_overdue(Deadline.cell)
    with limited_to(-1):
        assert is_overdue(Deadline.cell)
    assert not is_overdue(Deadline.cell)
    with pytest.raises(ZeroDivisionError), limited_to(-1):
        raise ZeroDivisionError
    assert not is_overdue(Deadline.cell)


def test_a_parent_sees_what_its_child_has_begun() -> None:
    cell = new_cell()

    def begin() -> None:
        cell.value = time.monotonic() - 1

    child = get_context("fork").Process(target=begin)
    child.start()
    child.join()
    assert is_overdue(cell)


@pytest.mark.parametrize("kind", sorted(WORKS))
def test_a_batch_may_not_outlast_its_lease_unless_a_letter_may_be_on_its_way(kind: str) -> None:
    work = WORKS[kind]
    assert (work.limit or work.lease) <= (LIMIT if kind == "deliver" else work.lease)


@pytest.mark.skipif(sys.platform != "linux", reason="the state of a process is read from /proc")
def test_whoever_was_halted_on_purpose_does_not_hang() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as sleeper:
        assert worker._state(sleeper.pid) != worker.STOPPED
        os.kill(sleeper.pid, signal.SIGSTOP)
        until = time.monotonic() + 10
        while worker._state(sleeper.pid) != worker.STOPPED and time.monotonic() < until:
            time.sleep(0.01)
        assert worker._state(sleeper.pid) == worker.STOPPED
        sleeper.kill()
    assert worker._state(2**22 + 1) == ""


# --- turns ------------------------------------------------------------------------------------------------------------


def turn(runtime: Runtime, *, is_awaited: bool, seconds: float) -> list[int]:
    """How many rows came in each batch of one turn over a backlog of two hundred."""
    shop = a_shop(runtime.db)
    with runtime.db.transaction(shop.id) as session:
        outbox.owe(session, shop.id, "work", map(str, range(200)), NOON.replace(hour=0))
    batches: list[int] = []

    def run(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
        batches.append(len(claims))
        time.sleep(seconds)
        with runtime.db.transaction(shop.id) as session:
            outbox.finish(session, shop.id, claims)

    work_off(runtime, Work(kind="work", queue=Queue.NOW, batch=40, run=run, ahead=2), shop.id, lambda: is_awaited)
    return batches


def test_a_backlog_is_worked_on_in_whole_batches_while_nobody_waits(runtime: Runtime) -> None:
    assert turn(runtime, is_awaited=False, seconds=0.15) == [40] * 5


def test_whoever_waits_comes_after_a_small_batch_or_two(runtime: Runtime) -> None:
    assert turn(runtime, is_awaited=True, seconds=0.15) == [40 // SMALLER]
