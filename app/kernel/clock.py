"""Business time. Leases, ticks and links ask the database's clock instead, because they are shared between machines."""

from __future__ import annotations

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
