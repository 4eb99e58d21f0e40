"""A person sees how far it is, a pipe sees nothing."""

from __future__ import annotations

import io

from app.cli.terminal import CLEAR, Progress


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_one_line_that_is_written_over_and_wiped() -> None:
    screen = Screen()
    shown = Progress("Exporting", screen, patience=0)
    shown("order_line", 1234, 50_000)
    shown("order_line", 1235, 50_000)  # too soon
    shown.clear()
    assert screen.getvalue() == f"{CLEAR}Exporting order line: 1,234 of 50,000{CLEAR}"


def test_what_takes_no_two_seconds_shows_nothing() -> None:
    screen = Screen()
    shown = Progress("Exporting", screen)
    shown("orders", 1, 2)
    shown.clear()
    assert screen.getvalue() == ""


def test_a_pipe_gets_nothing_in_between() -> None:
    pipe = io.StringIO()
    shown = Progress("Exporting", pipe, patience=0)
    shown("orders", 1, 2)
    shown.show("orders: 1 of 2")
    shown.clear()
    assert pipe.getvalue() == ""
