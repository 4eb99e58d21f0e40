"""Logs as JSON lines that cannot hold personal data: constant messages, a fixed list of fields, errors without their texts."""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TextIO

from app.kernel.errors import Failure

Field = str | int | float | bool

CONTEXT = ("shop", "delivery", "job", "request")
EXTRA = (
    *(
        "attempt",
        "carrier",
        "channel",
        "code",
        "count",
        "field",
        "kind",
        "order",
        "page",
        "platform",
        "queue",
        "resource",
    ),
    *("role", "seconds", "shipment", "status", "topic"),
)
"""What a log call may say in `extra`: ids and codes of ours, names of our own parts, counts. Anything else is left out."""
LONGEST = 200
"""Characters of a message or a field."""
DEEPEST = 40
"""Frames of a stack, the innermost ones."""

QUIET = {
    "rq": "WARNING",
    "rq.worker": "WARNING",  # sets a level of its own when it is imported
    "urllib3": "CRITICAL",
    "granian": "WARNING",
    "_granian": "WARNING",
    "alembic": "WARNING",
}
"""Libraries that say much, and what they may still say. urllib3 warns with the whole URL, where some stores want their keys."""

ROOT = Path(__file__).parents[2]

_bound: ContextVar[Mapping[str, Field]] = ContextVar("bound", default=MappingProxyType({}))


@contextmanager
def bound(
    *, shop: Field | None = None, delivery: Field | None = None, job: Field | None = None, request: Field | None = None
) -> Generator[None]:
    """Every line of this thread or task carries these ids until the block ends; inner blocks add to outer ones."""
    said = {"shop": shop, "delivery": delivery, "job": job, "request": request}
    token = _bound.set({**_bound.get(), **{name: value for name, value in said.items() if value is not None}})
    try:
        yield
    finally:
        _bound.reset(token)


def configure(stream: TextIO) -> None:
    """Send everything that the process logs to `stream`, uncaught errors too. Each way in calls it once; again replaces it."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel("INFO")
    for name, level in QUIET.items():
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(level)
    logging.raiseExceptions = False  # a line that cannot be written must not print its arguments to stderr
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_of_thread


class JsonLines(logging.Formatter):
    """One JSON object a line, in ASCII: no value, whatever signs it holds, can begin a second line.

    The message is the call's constant text: `%` arguments are not filled in, because nobody can vouch for them.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": str(record.msg)[:LONGEST] if isinstance(record.msg, str) else type(record.msg).__name__,
            **_bound.get(),
            **_allowed(record),
        }
        if record.exc_info and record.exc_info[1]:
            line.update(_error(record.exc_info[1]))
        return json.dumps(line)


def _allowed(record: logging.LogRecord) -> dict[str, Field]:
    said = {name: record.__dict__[name] for name in (*CONTEXT, *EXTRA) if name in record.__dict__}
    return {
        name: value[:LONGEST] if isinstance(value, str) else value
        for name, value in said.items()
        if isinstance(value, str | int | float)
    }


def _error(error: BaseException) -> dict[str, object]:
    """Type, code and places. A foreign error's own text may quote a row, a body or an address."""
    told: dict[str, object] = {"error": _name(error), "stack": _stack(error.__traceback__)}
    if isinstance(error, Failure):
        told["code"] = error.code
    if causes := [_name(cause) for cause in _causes(error)]:
        told["causes"] = causes
    return told


def _causes(error: BaseException) -> Generator[BaseException]:
    cause = error.__cause__ or error.__context__
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _name(error: BaseException) -> str:
    return f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")


def _stack(trace: TracebackType | None) -> list[str]:
    """ "app/jobs/queue.py:70 work_off", outermost first."""
    frames = traceback.StackSummary.extract(traceback.walk_tb(trace), limit=-DEEPEST, lookup_lines=False)
    return [f"{_place(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames]


def _place(filename: str) -> str:
    path = Path(filename)
    if path.is_relative_to(ROOT):
        return path.relative_to(ROOT).as_posix()
    return "/".join(path.parts[-2:])


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        logging.getLogger(__name__).critical("uncaught error", exc_info=(kind, error, trace))


def _log_uncaught_of_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        _log_uncaught(args.exc_type, args.exc_value, args.exc_traceback)
