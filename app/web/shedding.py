"""Too many requests at once: storefront pages give way first, then the console, webhooks never."""

from __future__ import annotations

import logging
import time
from collections import Counter as Tally
from enum import StrEnum
from threading import Lock

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter

from app.web.errors import unavailable

log = logging.getLogger(__name__)

RETRY_SECONDS = 5
QUIET_SECONDS = 10.0
"""Between two lines in the log about it."""


class Room(StrEnum):
    """Who gives way, in this order. What is not listed touches no database (files), or must be heard (health, metrics)."""

    STOREFRONT = "storefront"
    CONSOLE = "console"


ROOMS = {"hub": Room.STOREFRONT, "embed": Room.STOREFRONT, "console": Room.CONSOLE}
"""By blueprint."""


class Gate:
    """Counts the requests under way. Of the threads half are for the storefront at most, three quarters for it and the console
    together, so a quarter is always free for webhooks (web/ingest.py stands before the gate), and all of them when nothing else
    is asked. Nobody queues here: whoever is turned away is told so at once, and a page or a block asks again by itself.
    """

    def __init__(self, threads: int, registry: CollectorRegistry) -> None:
        self._most = {Room.STOREFRONT: max(1, threads // 2), Room.CONSOLE: max(1, threads * 3 // 4)}
        self._lock = Lock()
        self._inside: Tally[Room] = Tally()
        self._said_at = 0.0
        counter = Counter("encore_turned_away", "Requests that found no room.", ["room"], registry=registry)
        self._turned_away = {room: counter.labels(room.value) for room in Room}

    def enter(self, room: Room) -> bool:
        """Whether there is room; whoever entered must leave."""
        with self._lock:
            is_full = self._inside[room] >= self._most[room] or self._inside.total() >= self._most[Room.CONSOLE]
            if not is_full:
                self._inside[room] += 1
        if is_full:
            self._turned_away[room].inc()
            self._say(room)
        return not is_full

    def leave(self, room: Room) -> None:
        with self._lock:
            self._inside[room] -= 1

    def _say(self, room: Room) -> None:
        now = time.monotonic()
        if now - self._said_at > QUIET_SECONDS:
            self._said_at = now
            log.warning("too many requests at once", extra={"kind": room.value})


def shed(app: Flask, threads: int, registry: CollectorRegistry) -> None:
    """Put a gate before the pages of `app`."""
    gate = Gate(threads, registry)

    def enter() -> Response | None:
        room = ROOMS.get(request.blueprint or "")
        if room is None:
            return None
        if not gate.enter(room):
            return unavailable(RETRY_SECONDS)
        g.room = room
        return None

    def leave(_error: BaseException | None) -> None:
        if room := g.pop("room", None):
            gate.leave(room)

    app.before_request(enter)
    app.teardown_request(leave)
