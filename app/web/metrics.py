"""`GET /metrics` for Prometheus, behind a token, and the count of what this process has answered."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, request
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from app.kernel.runtime import Runtime
from app.web.figures import Figures
from app.web.shedding import Room

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

HOOKS, OTHER = "hooks", "other"
ROOM_OF = {"hooks": HOOKS, "t": Room.STOREFRONT.value, "w": Room.STOREFRONT.value, "console": Room.CONSOLE.value}
"""By the first part of the address."""
ROOMS = (HOOKS, *(room.value for room in Room), OTHER)
STATUSES = ("2xx", "3xx", "4xx", "5xx")
SCHEME = "Bearer "


class Answered:
    """A WSGI callable around all others. What it counts is this process's own and begins at zero with it, as counters may."""

    def __init__(self, app: WSGIApplication, registry: CollectorRegistry) -> None:
        counter = Counter("encore_answers", "Requests answered by this process.", ["room", "status"], registry=registry)
        self._counts = {(room, status): counter.labels(room, status) for room in ROOMS for status in STATUSES}
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        first = environ.get("PATH_INFO", "").lstrip("/").partition("/")[0]
        room = ROOM_OF.get(first, OTHER)

        def start(status: str, *rest: Any) -> Any:  # noqa: ANN401 (headers and a writer, as the server made them)
            self._counts[room, f"{status[0]}xx"].inc()
            return start_response(status, *rest)

        return self._app(environ, start)


def metrics(runtime: Runtime, registry: CollectorRegistry) -> Blueprint:
    """The page that tells what `registry` holds and how the house is."""
    pages = Blueprint("metrics", __name__)
    registry.register(Figures(runtime))

    @pages.get("/metrics")
    def tell() -> Response:  # pyright: ignore[reportUnusedFunction] (the decorator keeps it)
        """404 for everybody who does not bring the token: there is nothing to see here."""
        if not _may_see(runtime.settings.metrics_token):
            abort(404)
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)

    return pages


def _may_see(token: str | None) -> bool:
    brought = request.headers.get("Authorization", "")
    return token is not None and hmac.compare_digest(brought.encode(), f"{SCHEME}{token}".encode())
