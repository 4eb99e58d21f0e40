"""What shall go wrong next. A fault is asked for over the control API and used up by the part that it is meant for."""

from __future__ import annotations

import threading
from collections.abc import Container, Iterable
from dataclasses import dataclass
from enum import StrEnum


class Where(StrEnum):
    WEBHOOK = "webhook"
    HTTP = "http"
    SMTP = "smtp"


class How(StrEnum):
    """Webhooks: drop (never sent), duplicate, delay, status (Encore got it, but the store believes it was answered `status`).
    HTTP: status, delay (slow), cut (half an answer), html (a page instead of JSON), drop (no answer at all), all in the place of
    the work or before it; lost (the work is done, but its answer never comes).
    SMTP: status (`status` 4xx or 5xx in answer to the letter), drop (hung up before DATA), drop_after_dot, hang."""

    DROP = "drop"
    DUPLICATE = "duplicate"
    DELAY = "delay"
    STATUS = "status"
    CUT = "cut"
    HTML = "html"
    DROP_AFTER_DOT = "drop_after_dot"
    HANG = "hang"
    LOST = "lost"


@dataclass(slots=True, kw_only=True)
class Fault:
    """`target` is a store's slug or "carrier", empty for all; `path` is a part of the address (or, where one
    address serves all, of the name of what is asked for); `count` uses are left; `seconds` are
    real ones."""

    where: Where
    how: How
    target: str = ""
    path: str = ""
    count: int = 1
    status: int = 500
    seconds: float = 0.0
    retry_after: int | None = None


class Faults:
    """The faults still to come. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Fault] = []

    def add(self, faults: Iterable[Fault]) -> None:
        with self._lock:
            self._waiting.extend(faults)

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def waiting(self) -> list[Fault]:
        with self._lock:
            return list(self._waiting)

    def take(self, where: Where, target: str = "", path: str = "", hows: Container[How] = tuple(How)) -> Fault | None:
        """The next fault for this occasion, one use of it spent; None: all goes well."""
        with self._lock:
            for fault in self._waiting:
                if fault.where == where and fault.how in hows and fault.target in ("", target) and fault.path in path:
                    fault.count -= 1
                    if fault.count <= 0:
                        self._waiting.remove(fault)
                    return fault
            return None
