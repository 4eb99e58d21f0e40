"""Valkey dies, forgets, stays away and runs full: webhooks are kept all the same, and the work goes on by itself."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Servers
from tests.faults.numbers import record
from tests.faults.outages import OwnValkey, Sender, meanwhile, own_valkey
from tests.faults.stage import Stage, raised
from tests.faults.truth import Truth, deliveries
from tests.trials import VALKEY_DOWN_ORDERS, VALKEY_DOWN_SECONDS, VALKEY_FLUSHES, VALKEY_KILLS, VALKEY_ORDERS

Record = Callable[[str, object], None]

UP_SECONDS = (0.5, 1.5)
PAUSE = 0.5
"""Seconds between two webhooks of one sender: about as many as one worker can answer with letters."""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[OwnValkey]:
    with own_valkey(tmp_path) as own:
        yield own


@pytest.fixture
def stage(servers: Servers, tmp_path: Path, own: OwnValkey) -> Iterator[Stage]:
    """Web and worker, with a Valkey that no other test needs."""
    with raised(Servers(servers.postgres, own.url, servers.template), tmp_path) as stage:
        stage.start_web()
        stage.start_worker()
        yield stage


@pytest.mark.timeout(900)
def test_f05_valkey_is_killed_and_comes_back_empty(stage: Stage, own: OwnValkey, record_property: Record) -> None:
    sender, dice = Sender(stage, Truth(), pause=PAUSE), random.Random(3)
    with meanwhile(sender, deliveries(VALKEY_ORDERS)) as answers:
        for _ in range(VALKEY_KILLS):
            time.sleep(dice.uniform(*UP_SECONDS))
            own.kill()
            time.sleep(dice.uniform(0.0, 1.0))
            own.restart()
    numbers = sender.truth.compare(stage, "F05", VALKEY_KILLS, "kills", stage.seconds_until_quiet())
    record(numbers, record_property)
    assert set(answers) == {200}
    assert numbers.wrong == {}
    assert numbers.msgs_uncertain == 0
    assert numbers.seconds is not None
    assert numbers.seconds <= 60


@pytest.mark.timeout(900)
def test_f06_valkey_forgets_at_random(stage: Stage, own: OwnValkey, record_property: Record) -> None:
    sender, dice = Sender(stage, Truth(), pause=PAUSE), random.Random(4)
    with meanwhile(sender, deliveries(VALKEY_ORDERS)) as answers, own.client() as client:
        for _ in range(VALKEY_FLUSHES):
            time.sleep(dice.uniform(*UP_SECONDS) / 2)
            client.flushall()
    numbers = sender.truth.compare(stage, "F06 flush", VALKEY_FLUSHES, "flushes", stage.seconds_until_quiet())
    record(numbers, record_property)
    assert set(answers) == {200}
    assert numbers.wrong == {}
    assert numbers.msgs_uncertain == 0


@pytest.mark.timeout(1500)
def test_f06_valkey_is_away_and_webhooks_are_kept(stage: Stage, own: OwnValkey, record_property: Record) -> None:
    own.kill()
    went, sender = time.monotonic(), Sender(stage, Truth())
    told = deliveries(VALKEY_DOWN_ORDERS)
    answers = sender.send(told)
    time.sleep(max(0.0, VALKEY_DOWN_SECONDS - (time.monotonic() - went)))
    assert stage.count("SELECT count(*) FROM inbox WHERE state = 'received'") == VALKEY_DOWN_ORDERS
    own.restart()
    seconds = stage.seconds_until_quiet(300)
    numbers = sender.truth.compare(stage, "F06 away", len(told), "posts", seconds)
    record(numbers, record_property)
    assert answers == {200: len(told)}
    assert numbers.wrong == {}
    assert numbers.msgs_uncertain == 0


@pytest.mark.timeout(900)
@pytest.mark.parametrize("policy", ["noeviction", "allkeys-lru"])
def test_f07_valkey_is_full(stage: Stage, own: OwnValkey, policy: str, record_property: Record) -> None:
    sender = Sender(stage, Truth())
    told = deliveries(VALKEY_ORDERS)
    with own.client() as client:
        client.config_set("maxmemory-policy", policy)
        client.config_set("maxmemory", int(client.info("memory")["used_memory"]) - 100_000)
        answers = sender.send(told)
        time.sleep(2)
        client.config_set("maxmemory", 0)
    numbers = sender.truth.compare(stage, f"F07 {policy}", len(told), "posts", stage.seconds_until_quiet())
    record(numbers, record_property)
    assert answers == {200: len(told)}
    assert numbers.wrong == {}
    assert numbers.msgs_uncertain == 0
