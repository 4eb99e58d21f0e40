"""A fault point does nothing until a process is armed, and then has one victim."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.kernel.config import BadSettings
from app.kernel.faults import arm, faultpoint

WALK = """
import sys
from app.kernel.faults import arm, faultpoint
arm({"FAULT_AT": sys.argv[1]}, is_development=True)
for round in range(3):
    faultpoint("here")
    print(round, flush=True)
"""


def walk(order: str, path: Path) -> tuple[int, list[str]]:
    """How a process ended that passed the point three times, and which rounds it finished."""
    path.write_text(order, encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", WALK, str(path)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.split()


@pytest.mark.parametrize(("order", "rounds"), [("here", []), ("here:3", ["0", "1"])])
def test_an_armed_process_dies_at_the_passing_that_was_named_and_takes_the_order_with_it(
    tmp_path: Path, order: str, rounds: list[str]
) -> None:
    assert walk(order, tmp_path / "at") == (-signal.SIGKILL, rounds)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith("at.")


def test_other_points_do_nothing_to_it(tmp_path: Path) -> None:
    assert walk("there", tmp_path / "at") == (0, ["0", "1", "2"])


def test_a_process_can_be_put_to_sleep_instead(tmp_path: Path) -> None:
    path = tmp_path / "at"
    path.write_text("here stop", encoding="utf-8")
    with subprocess.Popen([sys.executable, "-c", WALK, str(path)], stdout=subprocess.DEVNULL) as process:
        try:
            while not list(tmp_path.glob("at.*")):
                assert process.poll() is None
            process.send_signal(signal.SIGCONT)
            assert process.wait(10) == 0
        finally:
            process.kill()


def test_nobody_arms_production(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="ALLOW_PRIVATE_ADDRESSES"):
        arm({"FAULT_AT": str(tmp_path)}, is_development=False)
    faultpoint("here")
