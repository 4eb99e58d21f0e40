"""What the demo keeps from one start to the next: its keys, its ports, and where business time stood."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import socket
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

from sandbox.demo.telling import Trouble
from sandbox.servers.process import free_port

PORTS = ("web", "woocommerce", "shopify", "carrier", "smtp", "mail")
NOTED_EVERY = 2.0
"""Real seconds between two notes of business time."""


@dataclass(slots=True)
class Kept:
    """`ports` stay the same, because shops are known by their address and links in mails lead back here. `business_time` is where
    the clock stood when it was last noted."""

    path: Path
    secret_keys: str
    ports: dict[str, int]
    business_time: datetime | None = None

    @classmethod
    def load(cls, path: Path) -> Kept:
        """What was kept, or the beginning of something to keep."""
        if not path.exists():
            key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
            return cls(path, f"k1:{key}", _distinct_ports())
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        noted = said["business_time"]
        return cls(path, said["secret_keys"], said["ports"], datetime.fromisoformat(noted) if noted else None)

    def save(self) -> None:
        """Written beside its place and moved there, so that a kill in the middle leaves the one before."""
        beside = self.path.with_suffix(".new")
        beside.touch(mode=0o600)
        said = {name: value for name, value in asdict(self).items() if name != "path"}
        beside.write_text(json.dumps(said, default=str), encoding="utf-8")
        beside.replace(self.path)


def origin_of(now: datetime, rate: float, business_time: datetime | None) -> datetime:
    """From when on a clock that runs `rate` times as fast must count to stand at `business_time` now: business time rests while
    the demo does. The last note may be one interval old, so the clock goes on behind that: it must never go back. The wall
    clock's own time when that is later."""
    if business_time is None:
        return now
    ahead = business_time + timedelta(seconds=NOTED_EVERY * rate) - now
    return now - max(ahead, timedelta()) / (rate - 1)


def _distinct_ports() -> dict[str, int]:
    ports: set[int] = set()
    while len(ports) < len(PORTS):
        ports.add(free_port())
    return dict(zip(PORTS, ports, strict=True))


def check_ports(ports: dict[str, int]) -> None:
    """The ports of the last start must still be free. `Trouble` names the one that is not."""
    for name, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise Trouble(
                    f"another program listens on port {port}, which was the demo's ({name}) at its last start. End that program,"
                    " or begin anew: rm -r .state/demo"
                ) from None


def take_lock(folder: Path) -> IO[str]:
    """Hold the folder for this process; the kernel lets go of it however the process ends. `Trouble` when another one has it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("a+", encoding="ascii")
    except PermissionError:
        raise Trouble(f"{folder} belongs to another user: start as that user, or remove it") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        with lock:
            lock.seek(0)
            raise Trouble(f"the demo runs already, as process {lock.read().strip() or 'unknown'}") from None
    lock.seek(0)
    lock.truncate()
    lock.write(str(os.getpid()))
    lock.flush()
    return lock
