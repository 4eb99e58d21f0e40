"""A process dies at each named point of the line, on either side of every commit and of every call to the outside."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Servers
from tests.faults.numbers import record
from tests.faults.stage import ROOT, Stage, wait_for
from tests.faults.store import Shopkeeper, opened

GROUPS = (
    ("webhook", "claim", "relay", "tick"),
    ("ingest", "plan", "failure", "retain", "check"),
    ("deliver", "email"),
    ("pull", "fetch", "track"),
)
"""By the first word of a point's name; each group has processes of its own."""
PERIODIC = ("tick", "pull", "track", "check", "retain")
ELSEWHERE = ("effect",)
"""Visited by the tests of effects."""


def points() -> Iterator[str]:
    """Every point of the source."""
    for path in sorted((ROOT / "app").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("faultpoint"):
                (name,) = node.args
                assert isinstance(name, ast.Constant), f"{path}: a point's name is written out"
                yield str(name.value)


POINTS = tuple(points())


def room(point: str) -> str:
    return point.partition(".")[0]


def test_every_point_has_a_name_of_its_own_and_is_visited() -> None:
    assert [name for name, times in Counter(POINTS).items() if times > 1] == []
    assert {room(point) for point in POINTS} <= {name for group in GROUPS for name in group} | set(ELSEWHERE)
    assert len([point for point in POINTS if room(point) not in ELSEWHERE]) >= 25


@pytest.mark.timeout(600)
@pytest.mark.parametrize("group", GROUPS, ids=" ".join)
def test_f02_nothing_is_lost_doubled_or_stuck_wherever_a_process_dies(
    servers: Servers, tmp_path: Path, group: tuple[str, ...], record_property: Callable[[str, object], None]
) -> None:
    mine = [point for point in POINTS if room(point) in group]
    with opened(servers, tmp_path) as (stage, shopkeeper):
        stage.start_worker()
        seconds = [die_at(point, stage, shopkeeper) for point in mine]
        numbers = shopkeeper.truth.compare(stage, "F02", len(mine), "points", max(seconds))
    record(numbers, record_property)
    assert numbers.wrong == {}, stage.left()
    # over bare SMTP a letter is in doubt when its sender dies between saying that it leaves and hearing that it has
    assert numbers.msgs_uncertain <= len(IN_DOUBT & set(mine))


IN_DOUBT = {"deliver.after_sending", "email.after_dot", "email.after_reply", "deliver.before_outcome"}


def die_at(point: str, stage: Stage, shopkeeper: Shopkeeper) -> float:
    """Arm it, play what passes it, and heal; the seconds from the death until one sweep later nothing was owed."""
    stage.trap.set(point)
    if room(point) == "failure":
        shopkeeper.fail(1)
    order = shopkeeper.sell()
    shopkeeper.tell()
    shopkeeper.send(order)
    shopkeeper.hide_and_show(order)
    if room(point) in PERIODIC:
        stage.begin_new_period()
    assert stage.trap.victim(), f"nobody passed {point}"
    if room(point) == "webhook":
        stage.webs[0].kill()
        stage.webs[0].start()
        wait_for(f"{stage.urls[0]}/healthz")
    seconds = stage.seconds_until_swept()
    numbers = shopkeeper.truth.compare(stage, "F02", 1, point, seconds)
    assert numbers.wrong == {}, f"after a death at {point}"
    return seconds
