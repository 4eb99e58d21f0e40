"""Sends signed deliveries over kept-alive connections, in a process of its own: as fast as they are answered, or on a timetable.

Reads a `Plan` as JSON from standard input, says "go" when the warm-up is over and an `Outcome` as JSON at the end. Every delivery
has an id of its own, so that none is a duplicate.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import selectors
import socket
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import count

from bench.orders import DELIVERY_BYTES, NEWS, bodies

DIFFERENT_BODIES = 64
LONGEST_WAIT = 0.1
DRAIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`rate` in requests a second, 0 for as fast as they are answered."""

    port: int
    path: str
    secret: str
    warm_up: float = 1.0
    seconds: float = 2.0
    connections: int = 16
    rate: float = 0


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What was answered after the warm-up. Milliseconds count from the moment a request was due, not from when it was sent."""

    answered: int = 0
    errors: int = 0
    seconds: float = 0
    p50: float = 0
    p99: float = 0
    longest: float = 0


class Timetable:
    """When requests are due: at any time, or evenly spaced. None when no more is to be sent."""

    def __init__(self, rate: float, began: float, ends: float) -> None:
        self._step = 1 / rate if rate else 0
        self._next = began
        self._ends = ends

    def take(self, now: float) -> float | None:
        """The moment of the next request that is due by now."""
        if now >= self._ends or (self._step and self._next > now):
            return None
        due = self._next if self._step else now
        self._next = due + self._step
        return due

    def wait(self, now: float) -> float:
        return min(max(self._next - now, 0.0), LONGEST_WAIT) if self._step else LONGEST_WAIT


@dataclass(slots=True)
class Line:
    """A kept-alive connection with at most one request on it."""

    socket: socket.socket
    due: float = 0
    answer: bytearray = field(default_factory=bytearray)

    def receive(self) -> bool | None:
        """Whether the request was answered with 200; None while the answer is not all here. ConnectionError when it never will."""
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionResetError
        self.answer += part
        head, blank, rest = self.answer.partition(b"\r\n\r\n")
        if not blank or len(rest) < _length(head):
            return None
        is_kept = head.startswith(b"HTTP/1.1 200")
        self.answer.clear()
        return is_kept


def _length(head: bytes | bytearray) -> int:
    """Both servers announce the length of their answers."""
    _, _, behind = head.lower().partition(b"content-length:")
    return int(behind.partition(b"\r\n")[0])


def requests(plan: Plan) -> Iterator[bytes]:
    """Signed deliveries without end. The signature is over the body alone, so bodies repeat and ids do not."""
    run = secrets.token_hex(6)
    prepared = [_prepare(plan, body) for body in bodies(DIFFERENT_BODIES, lines=6, first=NEWS, size=DELIVERY_BYTES)]
    for number in count():
        before, after = prepared[number % DIFFERENT_BODIES]
        yield b"".join((before, f"{run}{number:020d}".encode(), after))


def _prepare(plan: Plan, body: bytes) -> tuple[bytes, bytes]:
    signature = base64.b64encode(hmac.digest(plan.secret.encode(), body, hashlib.sha256)).decode()
    head = (
        f"POST {plan.path} HTTP/1.1\r\nHost: 127.0.0.1:{plan.port}\r\n"
        "User-Agent: WooCommerce/10.5.0 Hookshot (WordPress/6.9.7)\r\nAccept: */*\r\n"
        "Accept-Encoding: deflate, gzip, br, zstd\r\nContent-Type: application/json\r\n"
        "X-WC-Webhook-Source: https://shop.example/\r\nX-WC-Webhook-Topic: order.updated\r\n"
        "X-WC-Webhook-Resource: order\r\nX-WC-Webhook-Event: updated\r\n"
        f"X-WC-Webhook-Signature: {signature}\r\nX-WC-Webhook-ID: 51\r\nContent-Length: {len(body)}\r\n"
        "X-WC-Webhook-Delivery-ID: "
    )
    return head.encode(), b"\r\n\r\n" + body


class Load:
    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._requests = requests(plan)
        self._selector = (
            selectors.SelectSelector()
        )  # epoll counts whole milliseconds, which a timetable would be late by
        self._idle: deque[Line] = deque()
        self._busy = 0
        self._latencies: list[float] = []
        self._errors = 0

    def run(self) -> Outcome:
        for _ in range(self._plan.connections):
            self._connect()
        began = time.perf_counter()
        measured_from, ends = began + self._plan.warm_up, began + self._plan.warm_up + self._plan.seconds
        self._drive(Timetable(self._plan.rate, began, measured_from), measured_from)
        self._latencies.clear()
        self._errors = 0
        print("go", flush=True)
        self._drive(Timetable(self._plan.rate, measured_from, ends), ends)
        while self._busy and time.perf_counter() < ends + DRAIN_SECONDS:
            self._collect(LONGEST_WAIT)
        self._errors += self._busy
        return self._outcome(time.perf_counter() - measured_from)

    def _drive(self, timetable: Timetable, ends: float) -> None:
        while (now := time.perf_counter()) < ends:
            while self._idle and (due := timetable.take(now)) is not None:
                self._send(self._idle.popleft(), due)
            self._collect(timetable.wait(time.perf_counter()))

    def _send(self, line: Line, due: float) -> None:
        line.due = due
        self._busy += 1
        try:
            line.socket.sendall(next(self._requests))
        except OSError:
            self._fail(line)

    def _collect(self, wait: float) -> None:
        for key, _ in self._selector.select(wait):
            line: Line = key.data
            try:
                is_kept = line.receive()
            except (OSError, ValueError):
                self._fail(line)
                continue
            if is_kept is None:
                continue
            self._latencies.append(time.perf_counter() - line.due)
            self._errors += not is_kept
            self._busy -= 1
            self._idle.append(line)

    def _fail(self, line: Line) -> None:
        self._errors += 1
        self._busy -= 1
        self._selector.unregister(line.socket)
        line.socket.close()
        self._connect()

    def _connect(self) -> None:
        line = Line(socket.create_connection(("127.0.0.1", self._plan.port), timeout=30))
        line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(line.socket, selectors.EVENT_READ, line)
        self._idle.append(line)

    def _outcome(self, seconds: float) -> Outcome:
        latencies = sorted(self._latencies) or [0.0]
        return Outcome(
            answered=len(self._latencies),
            errors=self._errors,
            seconds=seconds,
            p50=latencies[len(latencies) // 2] * 1e3,
            p99=latencies[len(latencies) * 99 // 100] * 1e3,
            longest=latencies[-1] * 1e3,
        )


if __name__ == "__main__":
    print(json.dumps(asdict(Load(Plan(**json.load(sys.stdin))).run())), flush=True)
