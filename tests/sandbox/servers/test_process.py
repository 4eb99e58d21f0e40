"""Children end with their parent, and what was left behind is found without harming anybody else."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.servers.process import Mark, end, end_recorded, launch

ROOT = Path(__file__).parents[3]

PARENT = """
import sys, time
from pathlib import Path
from sandbox.servers.process import launch
with open({log!r}, "ab") as log:
    print(launch([sys.executable, "-c", "import time; time.sleep(60)"], log=log).pid, flush=True)
time.sleep(60)
"""


def sleeper(folder: Path, **options: Path) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        return launch([sys.executable, "-c", "import time; time.sleep(60)"], log=log, **options)


def test_a_mark_knows_its_process_from_a_later_one_with_the_same_number(tmp_path: Path) -> None:
    process = sleeper(tmp_path)
    mark = Mark.of(process.pid)
    assert mark is not None
    assert mark.lives
    assert not Mark(process.pid, "another time").lives
    end(process)
    assert not mark.lives
    assert Mark.of(process.pid) is None


def test_what_an_earlier_start_left_is_stopped(tmp_path: Path) -> None:
    record = tmp_path / "child.pid"
    process = sleeper(tmp_path, record=record)
    end_recorded(record)
    assert process.wait(5) == -signal.SIGTERM
    assert not record.exists()


def test_a_record_whose_number_is_somebody_elses_by_now_harms_nobody(tmp_path: Path) -> None:
    record = tmp_path / "child.pid"
    process = sleeper(tmp_path)
    record.write_text(json.dumps({"pid": process.pid, "started": "another time"}))
    end_recorded(record)
    assert process.poll() is None
    end(process)


@pytest.mark.parametrize("left", ["", "{", "[]", '{"pid": 1}', "null"])
def test_a_record_that_was_cut_off_is_put_away(tmp_path: Path, left: str) -> None:
    record = tmp_path / "child.pid"
    record.write_text(left)
    end_recorded(record)
    assert not record.exists()


def test_a_child_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    )
    with (tmp_path / "log").open("ab") as log:
        process = launch([sys.executable, "-c", deaf], log=log)
    while not (tmp_path / "log").read_bytes():
        time.sleep(0.01)
    assert end(process, patience=0.1) == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
def test_a_child_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = PARENT.format(log=str(tmp_path / "log"))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT) as parent:
        assert parent.stdout is not None
        child = Mark.of(int(parent.stdout.readline()))
        assert child is not None
        parent.kill()
    deadline = time.monotonic() + 5
    while child.lives and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not child.lives
