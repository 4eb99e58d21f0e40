"""A server on this machine that says exactly what a test tells it to, byte for byte, and counts who came."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

Say = bytes | float
"""Bytes to send, or seconds to wait."""


def answer(body: bytes = b"", status: str = "200 OK", *headers: str) -> bytes:
    """A complete answer that keeps its connection open."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


@dataclass(slots=True)
class Loopback:
    """`says(request)` yields what is sent for each request; the connection is closed behind it when it yields None last."""

    says: Callable[[bytes], Iterable[Say | None]]
    tls: ssl.SSLContext | None = None
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    requests: list[bytes] = field(default_factory=list[bytes])
    connections: int = 0

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def serve(self) -> None:
        while True:
            try:
                line, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.closing(line):
            secured = self.tls.wrap_socket(line, server_side=True) if self.tls else line
            with contextlib.closing(secured):
                while request := _read(secured):
                    self.requests.append(request)
                    for said in self.says(request):
                        if said is None:
                            return
                        time.sleep(said) if isinstance(said, float) else secured.sendall(said)


def _read(line: socket.socket) -> bytes:
    """One request with its body; empty when the other side has gone."""
    request = b""
    while b"\r\n\r\n" not in request:
        piece = line.recv(65536)
        if not piece:
            return b""
        request += piece
    head, _, body = request.partition(b"\r\n\r\n")
    lengths = [row.split(b":")[1] for row in head.split(b"\r\n") if row.lower().startswith(b"content-length")]
    while lengths and len(body) < int(lengths[0]):
        body += line.recv(65536)
    return head + b"\r\n\r\n" + body


@contextlib.contextmanager
def serving(says: Callable[[bytes], Iterable[Say | None]], tls: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    loopback = Loopback(says, tls)
    thread = threading.Thread(target=loopback.serve, daemon=True)
    thread.start()
    try:
        yield loopback
    finally:
        loopback.listener.shutdown(socket.SHUT_RDWR)
        loopback.listener.close()
        thread.join()
