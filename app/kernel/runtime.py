"""What one process holds. Set once, by the way in or by a test; RQ calls jobs by import path, so something must be."""

from __future__ import annotations

from dataclasses import dataclass

from redis import Redis

from app.kernel.clock import Clock
from app.kernel.config import Settings
from app.kernel.crypto import Keyring
from app.kernel.db import Database
from app.kernel.http import Http


@dataclass(frozen=True, slots=True)
class Runtime:
    settings: Settings
    db: Database
    clock: Clock
    http: Http
    keys: Keyring
    valkey: Redis


_held: list[Runtime] = []


def hold(runtime: Runtime) -> None:
    """Make this the process's runtime."""
    _held[:] = [runtime]


def held() -> Runtime:
    """The process's runtime. RuntimeError when the way in has not set one."""
    if not _held:
        raise RuntimeError("no runtime: call app.wiring.start() first")
    return _held[0]
