"""The table says what was tried, how often, and what a zero is worth."""

from __future__ import annotations

from dataclasses import asdict

from tests.faults.numbers import HEADINGS, Numbers, as_markdown, as_text, row, rows

KILLS = Numbers(fault="F01", trials=1_000, unit="kills", msgs_uncertain=2, seconds=31.4)


def test_a_zero_stands_beside_its_trials_and_is_bounded_by_three_in_them() -> None:
    cells = dict(zip(HEADINGS, row(KILLS), strict=True))
    assert (cells["orders lost"], cells["msgs uncertain"], cells["bound"]) == ("0/1000", "2/1000", "0.30%")


def test_what_was_not_tried_is_no_zero() -> None:
    cells = dict(zip(HEADINGS, row(KILLS), strict=True))
    assert cells["refunds double"] == "-"


def test_what_several_tests_have_tried_of_one_fault_is_one_line() -> None:
    more = Numbers(fault="F01", trials=500, unit="kills", orders_lost=1, refunds_double=0, seconds=40)
    other = Numbers(fault="F02", trials=41, unit="points")
    _, first, second = rows([asdict(other), asdict(KILLS), asdict(more)])
    assert first == row(
        Numbers(fault="F01", trials=1_500, unit="kills", orders_lost=1, msgs_uncertain=2, refunds_double=0, seconds=40)
    )
    assert second[0] == "F02"


def test_only_what_must_be_zero_is_wrong() -> None:
    assert KILLS.wrong == {}
    assert Numbers(fault="F01", trials=1, unit="kill", rows_stuck=3).wrong == {"rows_stuck": 3}


def test_it_can_be_read_in_a_terminal_and_pasted_into_a_page() -> None:
    lines = rows([asdict(KILLS)])
    assert len({line.index("0/1000") for line in as_text(lines) if "0/1000" in line}) == 1
    heading, rule, line = as_markdown(lines).splitlines()
    assert heading.count("|") == rule.count("|") == line.count("|") == len(HEADINGS) + 1
