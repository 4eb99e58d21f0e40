"""Whether what Encore may use fits what its database, its Valkey and its machine give: findings, which each way in judges."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.kernel.db import Database

MB = 1024 * 1024
BODY = 4 * MB
"""What a thread of the web process may hold for the biggest delivery: its 2 MiB (web/ingest.py) as they came and put together."""
SERVER = 32 * MB
"""The web server's own process beside the one that answers. Measured with granian 2.8: 28 MB resident."""
GROWTH = 64 * MB
"""By how much an import of any size may grow a process over its start (docs/performance.md)."""
SHARE = 0.5
"""Of the parent's resident memory that a forked child comes to hold as its own. Measured after an hour's worth of deliveries:
parent 87 MB; its children's proportional share 33 to 43 MB each, 153 MB for the parent and three of them."""
TIGHT = 0.8
"""Of the memory: above it there is a warning, because a busy hour needs more than the start."""
SPARE = 20
"""One connection in so many is left to others: a backup, somebody's psql. None of them left is a warning."""
SMALLEST_VALKEY = 20 * MB
"""What the hints of a full queue take at most (jobs/relay.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`sentence` says what is wrong and what to set, for the person who runs Encore. What is fatal must not start."""

    code: str
    sentence: str
    is_fatal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Connections to a server that everything together may open."""

    web: int
    worker: int
    command: int = 1

    @property
    def total(self) -> int:
        return self.web + self.worker + self.command


# --- the database -----------------------------------------------------------------------------------------------------

ROOM = """
SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
       - coalesce(current_setting('reserved_connections', true)::int, 0) AS server,
       (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user) AS role,
       (SELECT datconnlimit FROM pg_database WHERE datname = current_database()) AS database
"""
"""Hosted plans limit the role, not the server, which many share (Heroku: "too many connections for role"). -1 is no limit."""


def room_for_connections(db: Database) -> int:
    """How many connections the server, the role and the database allow us."""
    with db.house() as session:
        limits = session.execute(text(ROOM)).one()
    return min(limit for limit in limits if limit >= 0)


def check_connections(demand: Demand, room: int, web_processes: int = 1) -> list[Finding]:
    """`web_processes` share `demand.web`: the sentence names what each of them may have."""
    fits = (room - room // SPARE - demand.worker - demand.command) // web_processes
    if fits < 1:
        advice = "take a larger database plan"
    else:
        advice = f"set WEB_THREADS={fits} or take a larger database plan"
    counted = f"{demand.web} for web, {demand.worker} for the worker, {demand.command} for a command"
    if demand.total > room:
        sentence = (
            f"Encore may open {demand.total} connections to Postgres ({counted}), which allows it {room}: {advice}."
        )
        return [Finding(code="too_few_connections", sentence=sentence, is_fatal=True)]
    if demand.total > room - room // SPARE:
        sentence = f"Encore may open all {room} connections that Postgres allows it ({counted}): {advice}. A backup finds none."
        return [Finding(code="connections_tight", sentence=sentence)]
    return []


# --- memory -----------------------------------------------------------------------------------------------------------


def memory_limit(root: Path = Path("/")) -> int | None:
    """Bytes that this process and its siblings may use together: the container's limit (cgroup v2, then v1), else the machine's
    memory; None where neither is told (macOS)."""
    return min(_limits(root), default=None)


def _limits(root: Path) -> Iterator[int]:
    for path in (_own_group(root) / "memory.max", root / "sys/fs/cgroup/memory/memory.limit_in_bytes"):
        said = _read(path).strip()
        if said.isdecimal():
            yield int(said)
    for line in _read(root / "proc/meminfo").splitlines():
        if line.startswith("MemTotal:"):
            yield int(line.split()[1]) * 1024


def _own_group(root: Path) -> Path:
    """A container sees its own group as the root, a service of systemd lies deeper ("0::/system.slice/encore.service")."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        if line.startswith("0::/"):
            return root / "sys/fs/cgroup" / line.removeprefix("0::/")
    return root / "sys/fs/cgroup"


def resident() -> int:
    """Bytes of this process that are in memory now; where the kernel does not tell, the most that ever were (getrusage(2): bytes
    on macOS, kilobytes elsewhere)."""
    pages = _read(Path("/proc/self/statm")).split()
    if pages:
        return int(pages[1]) * os.sysconf("SC_PAGE_SIZE")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def memory_of_web(own: int, threads: int) -> int:
    """Bytes that a web process may come to, with its server: `own` is what it has at the start."""
    return own + SERVER + threads * BODY


def memory_of_worker(own: int, children: int) -> int:
    """Bytes that the worker may come to with its children, one of them in the middle of an import."""
    return own + int(children * own * SHARE) + GROWTH


def check_memory(name: str, need: int, limit: int | None, remedy: str) -> list[Finding]:
    if limit is None or need <= TIGHT * limit:
        return []
    told = f"The {name} process may need {need // MB} MB and has {limit // MB} MB here: {remedy}."
    if need > limit:
        return [Finding(code="too_little_memory", sentence=told, is_fatal=True)]
    return [Finding(code="memory_tight", sentence=told)]


def most_for_one(limit: int | None) -> int:
    """Bytes that one child may hold: half of the machine, for a child that grows must not take its siblings along; and no more than
    1 GiB anywhere, because no row is worth more."""
    return min(limit // 2, 1024 * MB) if limit else 1024 * MB


# --- Valkey -----------------------------------------------------------------------------------------------------------


def check_valkey(info: Mapping[str, Any], connections: int) -> list[Finding]:
    """`info` is the answer to INFO, which hosts allow even where they forbid CONFIG.

    Of all this only too few connections are fatal, because then no hint arrives. The policy is a warning: whatever a full
    Valkey throws away is a hint that is given again within seconds, and the rows are in Postgres (docs/architecture.md).
    """
    found: list[Finding] = []
    clients, policy, most = info.get("maxclients", 0), info.get("maxmemory_policy", ""), info.get("maxmemory", 0)
    if 0 < clients < connections:
        sentence = f"Encore opens {connections} connections to Valkey, which allows {clients}: take a larger plan."
        found.append(Finding(code="too_few_valkey_connections", sentence=sentence, is_fatal=True))
    if policy not in ("", "noeviction"):
        sentence = (
            f"Valkey's maxmemory-policy is {policy}: when it is full it throws hints away, and work waits a few seconds longer."
            " Nothing is lost. Set it to noeviction to be told instead."
        )
        found.append(Finding(code="valkey_evicts", sentence=sentence))
    if 0 < most < SMALLEST_VALKEY:
        sentence = (
            f"Valkey has {most // MB} MB, and full queues of hints need {SMALLEST_VALKEY // MB} MB: take a larger plan."
        )
        found.append(Finding(code="valkey_small", sentence=sentence))
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""
