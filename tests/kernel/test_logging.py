"""Log lines: one JSON object each, with the ids they belong to, and nothing of any person."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from app.kernel.errors import Transient
from app.kernel.logging import QUIET, bound, configure

CANARY = "jana.novakova@example.org"
log = logging.getLogger("app.somewhere")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What the process writes from now on; everything is put back afterwards."""
    root = logging.getLogger()
    libraries = [logging.getLogger(name) for name in QUIET]
    before = (root.handlers[:], root.level, sys.excepthook, threading.excepthook, logging.raiseExceptions)
    levels = [(library, library.level, library.propagate, library.handlers[:]) for library in libraries]
    written = io.StringIO()
    configure(written)
    yield written
    root.handlers[:], level, sys.excepthook, threading.excepthook, logging.raiseExceptions = before
    root.setLevel(level)
    for library, level, propagate, handlers in levels:
        library.setLevel(level)
        library.propagate, library.handlers[:] = propagate, handlers


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_says_when_how_grave_who_and_what(stream: io.StringIO) -> None:
    log.warning("work failed", extra={"code": "rate_limited", "count": 3})
    (line,) = lines(stream)
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "warning",
        "logger": "app.somewhere",
        "message": "work failed",
        "code": "rate_limited",
        "count": 3,
    }


def test_lines_in_a_block_carry_its_ids(stream: io.StringIO) -> None:
    with bound(shop="s1", job="ingest"):
        with bound(delivery=7, job="plan"):
            log.info("inner")
        log.info("outer")
    log.info("outside")
    ids = [{name: line[name] for name in ("shop", "job", "delivery") if name in line} for line in lines(stream)]
    assert ids == [{"shop": "s1", "job": "plan", "delivery": 7}, {"shop": "s1", "job": "ingest"}, {}]


def test_ids_end_with_their_block_even_when_it_fails(stream: io.StringIO) -> None:
    with pytest.raises(ValueError, match="no"), bound(shop="s1"):
        raise ValueError("no")
    log.info("after")
    assert "shop" not in lines(stream)[0]


def test_another_thread_does_not_inherit_the_ids(stream: io.StringIO) -> None:
    with bound(shop="s1"):
        thread = threading.Thread(target=log.info, args=("elsewhere",))
        thread.start()
        thread.join()
    assert "shop" not in lines(stream)[0]


def test_fields_that_nobody_allowed_are_left_out(stream: io.StringIO) -> None:
    log.info("seen", extra={"email": CANARY, "customer": CANARY, "code": {"inner": CANARY}, "status": None})
    assert CANARY not in stream.getvalue()
    assert set(lines(stream)[0]) == {"time", "level", "logger", "message"}


def test_arguments_are_not_written_into_a_message(stream: io.StringIO) -> None:
    log.info("order of %s", CANARY)
    logging.getLogger("some.library").error("cannot send to %(address)s", {"address": CANARY})
    log.error(ValueError(CANARY))
    assert CANARY not in stream.getvalue()
    assert [line["message"] for line in lines(stream)] == ["order of %s", "cannot send to %(address)s", "ValueError"]


def fail_with(text: str) -> None:
    secret = text + " and more"
    raise KeyError(secret)


def test_an_error_is_told_by_type_and_place_and_never_by_its_text(stream: io.StringIO) -> None:
    try:
        fail_with(CANARY)
    except KeyError:
        log.exception("work failed")
    (line,) = lines(stream)
    assert CANARY not in stream.getvalue()
    assert line["error"] == "KeyError"
    assert [place.rpartition(":")[0] for place in line["stack"]] == ["tests/kernel/test_logging.py"] * 2
    assert line["stack"][-1].endswith(" fail_with")


def test_a_failure_of_ours_shows_its_code_and_what_lay_under_it(stream: io.StringIO) -> None:
    try:
        try:
            fail_with(CANARY)
        except KeyError as error:
            raise Transient("timed_out", CANARY) from error
    except Transient:
        log.exception("work failed")
    (line,) = lines(stream)
    assert (line["error"], line["code"], line["causes"]) == ("app.kernel.errors.Transient", "timed_out", ["KeyError"])
    assert CANARY not in stream.getvalue()


@pytest.mark.parametrize("sign", ["\n", "\r\n", "\r", "\x1b[31m", "\x00", "\x85", "\u2028", "\ud800", "😀"])
def test_no_sign_in_a_value_begins_another_line(stream: io.StringIO, sign: str) -> None:
    with bound(request=f"a{sign}b"):
        log.info("seen", extra={"topic": f"orders{sign}evil"})
    written = stream.getvalue()
    assert written.isascii()
    assert len(written.splitlines()) == 1
    assert json.loads(written)["topic"] == f"orders{sign}evil"


def test_a_long_value_is_cut(stream: io.StringIO) -> None:
    log.info("x" * 10_000, extra={"topic": "y" * 10_000})
    assert len(stream.getvalue()) < 1_000


def test_an_endless_recursion_gives_one_readable_line(stream: io.StringIO) -> None:
    def again() -> None:
        again()

    try:
        again()
    except RecursionError:
        log.exception("work failed")
    assert len(lines(stream)[0]["stack"]) == 40


def test_noisy_libraries_are_quiet(stream: io.StringIO) -> None:
    logging.getLogger("urllib3.connection").warning("Failed to parse headers (url=%s)", "https://shop.test/?key=1")
    logging.getLogger("rq.worker").info("Worker started")
    logging.getLogger("granian.access").info("GET /t/secret-token")
    assert lines(stream) == []
    logging.getLogger("rq.worker").error("worker lost")
    assert len(lines(stream)) == 1


def test_a_handler_that_a_library_brought_is_taken_off(stream: io.StringIO) -> None:
    own = io.StringIO()
    logging.getLogger("_granian").addHandler(logging.StreamHandler(own))
    configure(stream)
    logging.getLogger("_granian").error("worker died")
    assert own.getvalue() == ""
    assert [line["message"] for line in lines(stream)] == ["worker died"]


def test_configuring_twice_writes_once(stream: io.StringIO) -> None:
    configure(stream)
    log.info("once")
    assert len(lines(stream)) == 1


def test_uncaught_errors_are_lines_too(stream: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    thread = threading.Thread(target=fail_with, args=(CANARY,))
    thread.start()
    thread.join()
    try:
        fail_with(CANARY)
    except KeyError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    assert [(line["level"], line["error"]) for line in lines(stream)] == [("critical", "KeyError")] * 2
    assert CANARY not in stream.getvalue() + capsys.readouterr().err
