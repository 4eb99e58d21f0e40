"""Answers when something is not there, not allowed, or broken: one page, no trace, and the request's id to quote."""

from __future__ import annotations

import logging
import secrets
from http import HTTPStatus
from types import TracebackType

from flask import Flask, Response, g, render_template, request
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from app.web import hub

log = logging.getLogger(__name__)

WORDS: dict[int, tuple[str, str]] = {
    401: ("Please sign in", "Whoever runs Encore makes you a fresh link: python -m app.cli login-link"),
    403: ("Please send it once more", "This page was open for too long. Go back, load it anew and try again."),
    404: ("Nothing here", "This address leads nowhere. Was it copied completely?"),
    405: ("Nothing here", "This address cannot be used like that."),
    413: ("Too big", "What was sent is too big."),
    500: ("Something went wrong on our side", "Please try again in a moment."),
    503: ("Not reachable just now", "Please try again in a moment."),
}
RETRY_SECONDS = 30

ExceptionInfo = tuple[type, BaseException, TracebackType | None] | tuple[None, None, None]


class Pages(Flask):
    """Flask, but what it logs of a failure names the page and the request's id, never the address: links carry their key in it."""

    def log_exception(self, exc_info: ExceptionInfo) -> None:
        log.error(
            "page failed", exc_info=exc_info, extra={"page": request.endpoint, "request": g.get("request_id", "")}
        )


def answer_errors(app: Flask) -> None:
    app.before_request(_number)
    app.after_request(_show_number)
    app.register_error_handler(HTTPException, _explain)
    for failure in (OperationalError, PoolTimeout):
        app.register_error_handler(failure, _ask_to_come_again)


def _number() -> None:
    g.request_id = secrets.token_hex(8)


def _show_number(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.get("request_id", "")
    return response


def _explain(error: HTTPException) -> Response:
    response = _page(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    if isinstance(error, MethodNotAllowed):
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return response


def _ask_to_come_again(error: OperationalError | PoolTimeout) -> Response:
    log.error("database unreachable", extra={"code": type(error).__name__, "page": request.endpoint})
    return unavailable(RETRY_SECONDS)


def unavailable(seconds: int) -> Response:
    """503 in the words of whoever asked: a page for the shopper; nothing at all for the block in a storefront, which keeps its link
    and asks again; else the house's own."""
    if request.endpoint == "hub.track":
        response = hub.come_again(seconds)
    elif request.endpoint == "hub.fresh" or request.blueprint == "embed":
        response = Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
    else:
        response = _page(HTTPStatus.SERVICE_UNAVAILABLE)
    response.headers["Retry-After"] = str(seconds)
    return response


def _page(status: int) -> Response:
    """The id is shown where somebody could ask about it; a 404 is the same for all, whatever was looked for."""
    title, text = WORDS.get(
        status, WORDS[HTTPStatus.NOT_FOUND] if status < HTTPStatus.INTERNAL_SERVER_ERROR else WORDS[500]
    )
    quoted = g.get("request_id", "") if status >= HTTPStatus.INTERNAL_SERVER_ERROR else ""
    return Response(render_template("error.html", title=title, text=text, quoted=quoted), status)
