"""Business time. Leases, ticks and links ask the database in their own statements, because they are shared between machines."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Heard:
    """What another clock said, and what ours that never jumps (time.monotonic, seconds) said then."""

    at: datetime
    monotonic: float


@dataclass(frozen=True, slots=True)
class SharedClock:
    """The clock of somebody whom all machines ask, carried on by the one of this machine that never jumps: a worker whose own clock
    is wrong by hours neither sends tomorrow's letters today nor holds today's back. Until something was heard it is this
    machine's own."""

    heard: Callable[[], Heard | None]

    def now(self) -> datetime:
        heard = self.heard()
        if heard is None:
            return datetime.now(UTC)
        return heard.at + timedelta(seconds=time.monotonic() - heard.monotonic)


@dataclass(frozen=True, slots=True)
class FastClock:
    """A clock that runs `rate` times as fast from `origin` on: the demo's. It never runs behind the wall clock."""

    origin: datetime
    rate: float

    def now(self) -> datetime:
        elapsed = datetime.now(UTC) - self.origin
        return self.origin + elapsed * self.rate if elapsed > timedelta() else datetime.now(UTC)


@dataclass(slots=True)
class SetClock:
    """A clock that stands where it is put: for tests and for asking what would have happened."""

    at: datetime

    def now(self) -> datetime:
        return self.at
