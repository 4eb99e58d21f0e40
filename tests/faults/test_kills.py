"""Whoever is killed, and whenever: nothing acknowledged is lost, nothing is said twice, nothing hangs."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import cycle

import pytest

from tests.faults.numbers import record
from tests.faults.stage import Process, Stage, wait_for
from tests.faults.truth import Truth, deliveries, post_until_acknowledged, tell
from tests.trials import KILLS, ORDERS, POSTED, RELAYS, WEB_KILLS

Record = Callable[[str, object], None]

PAUSE = (0.15, 0.35)
"""Seconds between two kills of a worker."""
ONE_IN = 12
"""Kills is of a parent, which takes as long to come back as the app takes to import."""
UP = (0.2, 0.5)
"""Seconds that a web process serves before it is killed."""
RELAY_POINTS = ("relay.looked", "relay.before_hint", "relay.after_hint", "tick.before_commit", "tick.after_commit")


@pytest.mark.timeout(1800)
def test_f01_workers_and_their_parents_are_killed_at_random(stage: Stage, record_property: Record) -> None:
    stage.start_web()
    workers = [stage.start_worker(), stage.start_worker()]
    truth, over = Truth(), threading.Event()
    pause = KILLS * sum(PAUSE) / 2 / ORDERS
    with ThreadPoolExecutor(1) as pool:
        teller = pool.submit(tell, truth, [stage.hook()], deliveries(ORDERS), lambda: over.wait(pause))
        killed = sum(1 for _ in kill_workers(workers, random.Random(11)))
        over.set()
        teller.result()
    seconds = stage.seconds_until_at_rest()
    if second_chances := stage.let_a_day_pass():
        stage.seconds_until_quiet()
    unit = f"kills, {second_chances} rows done at their second chance" if second_chances else "kills"
    numbers = truth.compare(stage, "F01", killed, unit, seconds)
    record(numbers, record_property)
    assert numbers.wrong == {}, stage.left()
    assert numbers.msgs_uncertain <= killed
    # three deaths in a row of one and the same row's workers are a coincidence, and stay one at this rate of kills
    assert second_chances <= killed / 20


def kill_workers(workers: list[Process], dice: random.Random) -> Iterator[int]:
    """The processes killed, one after the other: mostly a child, sometimes its parent, sometimes both with all the rest."""
    killed = 0
    while killed < KILLS:
        time.sleep(dice.uniform(*PAUSE))
        worker = dice.choice(workers)
        if dice.randrange(ONE_IN) == 0:
            dice.choice((worker.kill, worker.kill_parent))()
            worker.start()
        elif children := worker.children():
            with suppress(ProcessLookupError):  # it ended by itself just now
                os.kill(dice.choice(children), signal.SIGKILL)
        else:
            continue  # none of them is back yet
        killed += 1
        yield killed


@pytest.mark.timeout(1800)
def test_f03_web_processes_are_killed_while_they_answer(stage: Stage, record_property: Record) -> None:
    for _ in range(2):
        stage.start_web()
    told, truth, over = deliveries(POSTED), Truth(), threading.Event()
    random.Random(7).shuffle(told)
    hooks = [stage.hook(0), stage.hook(1)]
    with ThreadPoolExecutor(17) as pool:
        killer = pool.submit(kill_webs, stage, over, random.Random(5))
        tries = list(pool.map(lambda delivery: post_until_acknowledged(hooks, delivery), told))
        over.set()
        killed = killer.result()
    for delivery in told:
        truth.told(delivery.ref, delivery.total, "thank_you")
    stage.start_worker()
    numbers = truth.compare(stage, "F03", len(told), f"posts, {killed} kills", stage.seconds_until_drained())
    record(numbers, record_property)
    assert killed
    assert max(tries) > 1, "no request was cut"
    assert stage.count("SELECT count(*) FROM inbox") == POSTED
    assert numbers.wrong == {}, stage.left()
    assert numbers.msgs_uncertain == 0


def kill_webs(stage: Stage, over: threading.Event, dice: random.Random) -> int:
    """Each in turn, once it serves, until all is told or it was often enough; how many."""
    killed = 0
    for web, url in cycle(zip(stage.webs, stage.urls, strict=True)):
        wait_for(f"{url}/healthz")
        if over.wait(dice.uniform(*UP)):
            return killed
        web.kill()
        web.start()
        killed += 1
        if killed == WEB_KILLS:
            break
    return killed


@pytest.mark.timeout(1800)
def test_f04_the_relay_is_killed_each_round(stage: Stage, record_property: Record) -> None:
    stage.start_web()
    stage.start_worker()
    truth, told = Truth(), deliveries(RELAYS * 2)
    for number, point in zip(range(RELAYS), cycle(RELAY_POINTS), strict=False):
        tell(truth, [stage.hook()], told[number * 2 : number * 2 + 2])
        stage.begin_new_period()
        stage.trap.set(point)
        stage.forget_hints()
        assert stage.trap.victim(), point
    tell(truth, [stage.hook()], told)
    numbers = truth.compare(stage, "F04", RELAYS, "kills", stage.seconds_until_quiet())
    record(numbers, record_property)
    assert numbers.wrong == {}, stage.left()
    assert numbers.msgs_uncertain == 0
    assert numbers.seconds is not None
    assert numbers.seconds <= 60, "twice a lease"
