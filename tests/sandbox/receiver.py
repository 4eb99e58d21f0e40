"""An app on this machine that takes what a store delivers and answers as a test likes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass(slots=True)
class Got:
    """One request. Header names are lower case; `sent` has them as they came, in their order."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    sent: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Receiver:
    url: str = ""
    got: list[Got] = field(default_factory=list)
    status: Callable[[Got], int] = lambda _: 200
    answer: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    def wait_for(self, count: int, seconds: float = 5.0) -> list[Got]:
        """What came, once that much has come; everything, if it does not come in time."""
        deadline = time.monotonic() + seconds
        while len(self.got) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return list(self.got)


@contextmanager
def receiver() -> Iterator[Receiver]:
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            got = Got(self.command, self.path, headers, body, self.headers.items())
            status = state.status(got)
            state.got.append(got)
            self.send_response(status)
            for name, value in {**state.headers, "Content-Length": str(len(state.answer))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(state.answer)

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
