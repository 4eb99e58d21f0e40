"""Child processes that leave nothing behind: they die with their parent, and what outlives it all the same is found again."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that Linux sends a process when its parent dies."""

LOCALE = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
"""What a server needs of the environment: nothing of the caller's."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user a process is to run as."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A process as one can find it again: the number alone may belong to somebody else by then."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Mark | None:
        """The mark of a living process, None for one that has ended."""
        started = _started(pid)
        return Mark(pid, started) if started else None

    @property
    def lives(self) -> bool:
        return _started(self.pid) == self.started


def launch(
    command: Sequence[str | Path],
    *,
    log: IO[bytes],
    answer: IO[bytes] | None = None,
    environ: Mapping[str, str] = LOCALE,
    folder: Path = Path("/"),
    account: Account | None = None,
    farewell: signal.Signals = signal.SIGTERM,
    record: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own, so that Ctrl-C reaches it only through its parent.

    All that it says goes to `log`, or its standard output to `answer`. `farewell` is what it gets when its parent is killed
    (Linux; "parent" is the thread that calls this, so call it from one that stays); `record` is where `end_recorded` finds it
    elsewhere.
    """
    process = subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        stdout=answer or log,
        stderr=log,
        env=dict(environ),
        cwd=folder,
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=() if account else None,
        preexec_fn=_dies_with_parent(farewell),  # runs after the change of user, which would undo it
    )
    mark = Mark.of(process.pid)
    if record and mark:
        record.write_text(json.dumps(asdict(mark)), encoding="utf-8")
    return process


def end(process: subprocess.Popen[bytes], by: signal.Signals = signal.SIGTERM, *, patience: float = 10.0) -> int:
    """Ask a child to stop; after `patience` seconds insist. What it leaves of its group goes with it. Its exit code."""
    if process.poll() is None:
        process.send_signal(by)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    with contextlib.suppress(ProcessLookupError, PermissionError):  # nobody is left; macOS says it the second way
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def end_recorded(record: Path, by: signal.Signals = signal.SIGTERM, *, patience: float = 10.0) -> None:
    """Stop what an earlier, killed start left running, if that process still is the one recorded."""
    with contextlib.suppress(FileNotFoundError, ValueError, TypeError):
        end_stranger(Mark(**json.loads(record.read_text(encoding="utf-8"))), by, patience=patience)
    record.unlink(missing_ok=True)


def end_stranger(mark: Mark, by: signal.Signals, *, patience: float) -> None:
    """Stop a process that is no child of this one."""
    for sign, seconds in ((by, patience), (signal.SIGKILL, 5.0)):
        deadline = time.monotonic() + seconds
        if mark.lives:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(mark.pid, sign) if sign == signal.SIGKILL else os.kill(mark.pid, sign)
        while mark.lives and time.monotonic() < deadline:
            time.sleep(0.02)


def free_port() -> int:
    """A loopback port that is free now. Somebody may take it before its server does: servers are started a few times."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command_of(pid: int) -> str:
    """The command line of a process, empty when there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return "" if Path("/proc/self").exists() else _ps(pid, "command=")


def _started(pid: int) -> str:
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "" if Path("/proc/self").exists() else _ps(pid, "lstart=")
    fields = status.rpartition(")")[2].split()  # the name before it may hold blanks and brackets
    return "" if fields[0] in "ZX" else fields[19]


def _ps(pid: int, column: str) -> str:
    answer = subprocess.run(["ps", "-o", column, "-p", str(pid)], capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def _dies_with_parent(farewell: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def bind() -> None:
        prctl(PR_SET_PDEATHSIG, int(farewell), 0, 0, 0)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return bind
