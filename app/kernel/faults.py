"""Named points beside every commit and every call to the outside, at which a test can kill or stop a real process.

`FAULT_AT` names a file. A process that was armed with it reads the file at each point that it passes: one line with the name of
a point, `:3` behind it for the third passing, and ` stop` for a process that shall fall asleep instead of dying. The first one
to get there takes the file away (its name then ends in that process's number), so each writing of it has one victim.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from app.kernel.config import BadSettings

STOP = "stop"


class Trap:
    """What lies in wait in this process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._passed: Counter[str] = Counter()

    def spring(self, point: str) -> None:
        """Fall when the file names this point and it has been passed often enough since the file was written."""
        order, _, how = self._order().partition(" ")
        name, _, times = order.partition(":")
        if name != point:
            return
        self._passed[order] += 1
        if self._passed[order] >= int(times or 1) and self._is_first():
            os.kill(os.getpid(), signal.SIGSTOP if how == STOP else signal.SIGKILL)

    def _order(self) -> str:
        with suppress(FileNotFoundError):
            return self._path.read_text(encoding="utf-8").strip()
        self._passed.clear()
        return ""

    def _is_first(self) -> bool:
        try:
            self._path.rename(f"{self._path}.{os.getpid()}")
        except FileNotFoundError:
            return False
        return True


_set: list[Trap] = []


def arm(environ: Mapping[str, str], *, is_development: bool) -> None:
    """Called once, where a process starts. `BadSettings` when somebody asks for it in production."""
    path = environ.get("FAULT_AT", "")
    if path and not is_development:
        raise BadSettings(["FAULT_AT kills processes on purpose: it needs ALLOW_PRIVATE_ADDRESSES=true"])
    _set[:] = [Trap(Path(path))] if path else []


def faultpoint(name: str) -> None:
    """Nothing, unless this process was armed."""
    if _set:
        _set[0].spring(name)
