"""A new version is put up in the middle of a first import, again and again: every process is told to end, and its successor starts
at the same moment."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from app.events import OrderStatus
from sandbox import bulk
from tests.conftest import Servers
from tests.faults.market import Market, market
from tests.faults.numbers import record
from tests.faults.stage import Process, Stage, free_port, raised, wait_until, web_process
from tests.faults.truth import Truth
from tests.trials import DEPLOYS, IMPORTED

Record = Callable[[str, object], None]

MOST_SECONDS = 25
"""For a process to end in; a platform kills it after thirty."""


@pytest.fixture
def scene(servers: Servers, tmp_path: Path) -> Iterator[tuple[Stage, Market]]:
    with market() as stores:
        bulk.fill(stores.coffee, IMPORTED)
        with raised(servers, tmp_path, base_url=stores.woocommerce_url) as stage:
            stores.connect(stage, "woocommerce")
            yield stage, stores


@pytest.mark.timeout(1700)
def test_f22_deploys_in_the_middle_of_an_import(scene: tuple[Stage, Market], record_property: Record) -> None:
    stage, stores = scene
    running = [a_web(stage), stage.start_worker()]
    seconds: list[float] = []
    for number in range(1, DEPLOYS + 1):
        assert wait_until(lambda: imported(stage) >= number * IMPORTED // (DEPLOYS + 1), 300)  # noqa: B023 (at once)
        successors = [a_web(stage), stage.start_worker()]
        seconds += [ended_after(process) for process in tell_to_end(running)]
        running = successors
    assert wait_until(lambda: imported(stage) >= IMPORTED, 900)
    quiet = stage.seconds_until_quiet()
    truth = Truth()
    for order in stores.coffee.orders.values():
        truth.told(str(order.id), order.total, status=OrderStatus.COMPLETED)
    numbers = truth.compare(stage, "F22", DEPLOYS, f"deploys in {IMPORTED} orders", quiet)
    record(numbers, record_property)
    assert numbers.wrong == {}
    assert stage.count("SELECT count(*) FROM message") == 0
    assert max(seconds) <= MOST_SECONDS
    assert sum(times - 1 for times in pages(stores).values()) <= DEPLOYS


def a_web(stage: Stage) -> Process:
    """Started, and not waited for."""
    process = web_process(stage.environ, free_port(), stage.folder / f"deployed-{time.monotonic_ns()}.log")
    process.start()
    stage.stack.callback(process.kill)
    return process


def imported(stage: Stage) -> int:
    return stage.count("SELECT count(*) FROM orders")


def tell_to_end(processes: list[Process]) -> list[Process]:
    """As a host does: a signal to every process that there is."""
    for process in processes:
        assert process.running
        os.killpg(process.running.pid, signal.SIGTERM)
    return processes


def ended_after(process: Process) -> float:
    """Seconds, and the exit code is one of an orderly end."""
    began = time.monotonic()
    assert process.running
    try:
        code = process.running.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert code in (0, -signal.SIGTERM), code
    return time.monotonic() - began


def pages(stores: Market) -> Counter[str]:
    """How often each page of orders was asked for; who signs his question signs each one differently."""
    counted = Counter[str]()
    for asked, times in stores.asked.counter.items():
        path, query = urlsplit(asked.removeprefix("GET ")).path, urlsplit(asked).query
        if asked.startswith("GET ") and path.endswith("/orders"):
            said = sorted((name, value) for name, value in parse_qsl(query) if not name.startswith("oauth_"))
            counted[repr(said)] += times
    return counted
