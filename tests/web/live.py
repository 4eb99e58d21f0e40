"""The application, or any page, on a real port of this machine, for a real browser."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    """Says nothing of the requests it serves."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 (werkzeug's name)
        pass


class Later:
    """A WSGI callable that is put in once the address is known: the application must be told where it will be reached."""

    def __init__(self) -> None:
        self.app: Callable[..., Iterable[bytes]] | None = None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        assert self.app is not None
        return self.app(environ, start_response)


@contextmanager
def serve() -> Generator[tuple[str, Later]]:
    """An address like http://127.0.0.1:4711 and the callable to fill."""
    later = Later()
    server = make_server("127.0.0.1", 0, later, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", later
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
