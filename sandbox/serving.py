"""Real HTTP on loopback for every part of the sandbox, and the faults that a web server shows."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.faults import Fault, Faults, How, Where

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

HOST = "127.0.0.1"
log = logging.getLogger(__name__)


class Handler(WSGIRequestHandler):
    """Says no Date and no Server of its own where an application says its own: the shops live by the world's clock."""

    def send_response(self, code: int, message: str | None = None) -> None:
        self.log_request(code)
        self.send_response_only(code, message)


class Server:
    """One port (0: a free one), bound at once, so that an application can be told its own address; served by threads from `start`
    on."""

    def __init__(self, port: int = 0) -> None:
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        self._server: BaseWSGIServer = make_server(
            HOST, port, Flask("nothing yet"), threaded=True, request_handler=Handler
        )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._server.server_port}"

    def start(self, application: WSGIApplication) -> Server:
        self._server.app = application
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ends what is being answered, then lets go of the port."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


Refusal = Callable[[int], Response]
"""How an application words an error status that it was asked to show."""

INSTEAD = frozenset(How) - {How.LOST}


def let_faults_in(
    app: Flask,
    faults: Faults,
    target: str,
    refusal: Refusal | None = None,
    occasion: Callable[[], str] = lambda: request.path,
) -> None:
    """Make an application fail on request, in the place of its own work, (slow) before it or (lost) after it. `occasion` names what
    the current request is about."""

    @app.before_request
    def before() -> Response | None:  # pyright: ignore[reportUnusedFunction]
        fault = faults.take(Where.HTTP, target, occasion(), INSTEAD)
        if fault is None:
            return None
        if fault.how == How.DELAY:
            time.sleep(fault.seconds)
            return None
        return failed(fault, refusal or _refused)

    @app.after_request
    def after(answer: Response) -> Response:  # pyright: ignore[reportUnusedFunction]
        fault = faults.take(Where.HTTP, target, occasion(), (How.LOST,))
        return failed(fault, refusal or _refused) if fault else answer


def failed(fault: Fault, refusal: Refusal) -> Response:
    """What a fault answers in the place of the application."""
    if fault.how == How.HTML:
        return Response("<!doctype html><title>Maintenance</title><h1>Be right back.</h1>", 200, mimetype="text/html")
    if fault.how in (How.CUT, How.DROP, How.LOST):
        promised = {"Content-Length": "4096", "Content-Type": "application/json"}
        return Response(_cut(b'[{"id": 1, "stat' if fault.how == How.CUT else b""), 200, promised)
    answer = refusal(fault.status)
    if fault.retry_after is not None:
        answer.headers["Retry-After"] = str(fault.retry_after)
    return answer


def _refused(status: int) -> Response:
    return Response(f"<h1>Error {status}</h1>", status, mimetype="text/html")


def _cut(beginning: bytes) -> Iterator[bytes]:
    yield beginning
    raise ConnectionAbortedError("as asked for")
