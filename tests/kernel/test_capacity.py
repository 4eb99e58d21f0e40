"""What fits and what does not, told in a sentence that says what to set."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from app import wiring
from app.kernel.capacity import (
    MB,
    Demand,
    Finding,
    check_connections,
    check_memory,
    check_valkey,
    memory_limit,
    most_for_one,
    resident,
    room_for_connections,
)
from app.kernel.config import BadSettings
from app.kernel.db import Database
from app.kernel.runtime import Runtime
from tests.conftest import Servers


def codes(findings: list[Finding]) -> list[tuple[str, bool]]:
    return [(finding.code, finding.is_fatal) for finding in findings]


@pytest.mark.parametrize(
    ("web", "expected"),
    [
        (14, []),
        (15, [("connections_tight", False)]),
        (16, [("too_few_connections", True)]),
    ],
)
def test_all_processes_together_must_fit_a_plan_of_twenty(web: int, expected: list[tuple[str, bool]]) -> None:
    assert codes(check_connections(Demand(web=web, worker=4), 20)) == expected


def test_the_sentence_says_what_to_set() -> None:
    (finding,) = check_connections(Demand(web=32, worker=4), 20, web_processes=2)
    assert "Encore may open 37 connections" in finding.sentence
    assert "set WEB_THREADS=7 or take a larger database plan" in finding.sentence
    fits = Demand(web=2 * 7, worker=4)
    assert check_connections(fits, 20, web_processes=2) == []
    (finding,) = check_connections(Demand(web=14, worker=4), 5)
    assert finding.sentence.endswith("which allows it 5: take a larger database plan.")


def test_the_room_is_the_smallest_of_the_servers_the_roles_and_the_databases_limit(servers: Servers) -> None:
    url = servers.new_database("room")
    name = f"{servers.template}_room"
    try:
        with (
            closing(Database(url, pool_size=1)) as db,
            psycopg.connect(servers.postgres.admin_url, autocommit=True) as admin,
        ):
            assert 10 < room_for_connections(db) < 1000
            admin.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 7')
            assert room_for_connections(db) == 7
    finally:
        servers.postgres.drop_database(name)


# --- memory -----------------------------------------------------------------------------------------------------------


def a_machine(root: Path, **files: str) -> Path:
    paths = {
        "version_2": "sys/fs/cgroup/memory.max",
        "version_1": "sys/fs/cgroup/memory/memory.limit_in_bytes",
        "service": "sys/fs/cgroup/system.slice/encore.service/memory.max",
        "group": "proc/self/cgroup",
        "machine": "proc/meminfo",
    }
    for name, told in files.items():
        path = root / paths[name]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(told, encoding="ascii")
    return root


MACHINE = "MemTotal:        8388608 kB\nMemFree: 1 kB\n"


def test_the_containers_limit_goes_before_the_machines_memory(tmp_path: Path) -> None:
    assert memory_limit(a_machine(tmp_path / "none")) is None
    assert memory_limit(a_machine(tmp_path / "bare", machine=MACHINE)) == 8192 * MB
    assert memory_limit(a_machine(tmp_path / "free", version_2="max\n", machine=MACHINE)) == 8192 * MB
    assert memory_limit(a_machine(tmp_path / "two", version_2=f"{512 * MB}\n", machine=MACHINE)) == 512 * MB
    assert memory_limit(a_machine(tmp_path / "one", version_1=f"{512 * MB}\n", machine=MACHINE)) == 512 * MB
    unlimited = str(2**63 - 4096)  # how version 1 says it
    assert memory_limit(a_machine(tmp_path / "big", version_1=unlimited, machine=MACHINE)) == 8192 * MB
    group = "0::/system.slice/encore.service\n"
    service = a_machine(tmp_path / "service", group=group, service=f"{256 * MB}\n", machine=MACHINE)
    assert memory_limit(service) == 256 * MB


def test_memory_that_is_too_little_is_refused_and_little_is_said() -> None:
    assert check_memory("web", 400 * MB, 512 * MB, "more") == []
    assert check_memory("web", 400 * MB, None, "more") == []
    assert codes(check_memory("web", 420 * MB, 512 * MB, "more")) == [("memory_tight", False)]
    (finding,) = check_memory("worker", 600 * MB, 512 * MB, "take a larger dyno")
    assert finding.is_fatal
    assert finding.sentence == "The worker process may need 600 MB and has 512 MB here: take a larger dyno."


def test_one_child_never_takes_more_than_half_of_the_machine() -> None:
    assert [most_for_one(limit) for limit in (None, 512 * MB, 8192 * MB)] == [1024 * MB, 256 * MB, 1024 * MB]
    assert 10 * MB < resident() < 4096 * MB


# --- Valkey -----------------------------------------------------------------------------------------------------------


def test_a_valkey_that_may_forget_is_a_warning_and_one_that_cannot_be_reached_by_all_is_refused() -> None:
    plan = {"maxclients": 20, "maxmemory_policy": "noeviction", "maxmemory": 25 * MB}
    assert check_valkey(plan, 8) == []
    assert check_valkey({}, 8) == []
    assert codes(check_valkey({**plan, "maxmemory_policy": "allkeys-lru"}, 8)) == [("valkey_evicts", False)]
    assert codes(check_valkey({**plan, "maxmemory": 8 * MB}, 8)) == [("valkey_small", False)]
    assert codes(check_valkey(plan, 21)) == [("too_few_valkey_connections", True)]


def test_a_valkey_says_all_of_that_without_config(valkey: Redis) -> None:
    told = valkey.info()
    assert {"maxclients", "maxmemory_policy", "maxmemory"} <= set(told)
    assert check_valkey(told, wiring.VALKEY_CONNECTIONS + 1) == []


# --- at the start -----------------------------------------------------------------------------------------------------


def test_servers_that_are_away_are_waited_for(runtime: Runtime) -> None:
    assert wiring.findings(runtime) == []
    apart = Runtime(
        settings=runtime.settings,
        db=Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing", pool_size=1),
        clock=runtime.clock,
        http=runtime.http,
        keys=runtime.keys,
        valkey=Redis(host="127.0.0.1", port=1),
    )
    found = wiring.findings(apart)
    assert codes(found) == [("database_unchecked", False), ("valkey_unchecked", False)]
    wiring.judge(found)


def test_all_that_is_fatal_is_told_at_once() -> None:
    found = [Finding(code=code, sentence=f"{code}.", is_fatal=code != "c") for code in "abc"]
    with pytest.raises(BadSettings) as caught:
        wiring.judge(found)
    assert caught.value.problems == ["a.", "b."]
