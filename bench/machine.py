"""What a run cost this machine: processor time by process tree, memory, and how much of it others took. Linux only (/proc)."""

from __future__ import annotations

import os
import platform
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")
PARENT, OWN, REAPED = 1, slice(11, 13), slice(13, 15)
"""Fields of /proc/<pid>/stat behind the name: the parent, user + system time of its own, and of the children it has buried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """`cpu` in seconds by group; `others` is the share of the machine that none of the groups used, 0 to 1."""

    seconds: float
    cpu: Mapping[str, float]
    others: float


class Meter:
    """Measures from `start` to `stop`. `groups` names process trees by the ids of their roots."""

    def __init__(self, groups: Mapping[str, Sequence[int]]) -> None:
        self._groups = groups
        self.start()

    def start(self) -> None:
        self._before = self._read()

    def stop(self) -> Usage:
        began, busy_before, cpu_before = self._before
        ended, busy_after, cpu_after = self._read()
        cpu = {name: cpu_after[name] - cpu_before[name] for name in self._groups}
        machine = (ended - began) * (os.cpu_count() or 1)
        others = (busy_after - busy_before - sum(cpu.values())) / machine
        return Usage(seconds=ended - began, cpu=cpu, others=min(max(others, 0.0), 1.0))

    def _read(self) -> tuple[float, float, dict[str, float]]:
        return time.perf_counter(), _busy_seconds(), tree_seconds(self._groups)


def tree_seconds(groups: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Processor time so far of each group: its roots, all that descends from them, and what they have already buried. A tree
    that hangs below another group's root counts for itself only."""
    spent: dict[int, int] = {}
    children: dict[int, list[int]] = defaultdict(list)
    for pid, fields in _stats():
        spent[pid] = sum(map(int, (*fields[OWN], *fields[REAPED])))
        children[int(fields[PARENT])].append(pid)
    roots = {pid for pids in groups.values() for pid in pids}

    def total(pid: int) -> int:
        return spent.get(pid, 0) + sum(total(child) for child in children[pid] if child not in roots)

    return {name: sum(map(total, pids)) / TICKS for name, pids in groups.items()}


def _stats() -> Iterable[tuple[int, list[str]]]:
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            try:
                told = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:  # it ended in between
                continue
            yield int(entry.name), told.rpartition(")")[2].split()


def _busy_seconds() -> float:
    """All that ran on this machine since it started, and what its host took away (steal)."""
    user, nice, system, _idle, _waiting, *rest = (PROC / "stat").read_text(encoding="ascii").splitlines()[0].split()[1:]
    return sum(map(int, (user, nice, system, *rest[:3]))) / TICKS


def forget_peak() -> None:
    """Let the peak of this process's memory begin at what it holds now (proc(5), clear_refs)."""
    (PROC / "self/clear_refs").write_text("5", encoding="ascii")


def peak_mb() -> float:
    """VmHWM of this process."""
    lines = (PROC / "self/status").read_text(encoding="ascii", errors="replace").splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024


def describe() -> str:
    """The processor, its number, and the Python that runs."""
    lines = (PROC / "cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine()
    )
    return f"{os.cpu_count()} x {model}, Python {platform.python_version()}"
