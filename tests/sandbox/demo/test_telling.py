"""The lines that a person at the terminal reads."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from sandbox.demo.telling import Teller, Trouble


def test_a_step_tells_what_came_of_it_and_how_long_it_took() -> None:
    teller = Teller(io.StringIO())
    with teller.step("Web") as step:
        step.note("http://127.0.0.1:1")
    assert re.fullmatch(r"  Web \.\.\. http://127\.0\.0\.1:1, 0\.\d s\n", teller.out.getvalue())


def test_trouble_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("\n".join(f"line {number}" for number in range(100)))
    teller = Teller(io.StringIO())
    with pytest.raises(Trouble) as raised, teller.step("Web"):
        raise Trouble("web has ended with code 3", log)
    teller.complain(raised.value)
    told = teller.out.getvalue()
    assert told.startswith("  Web ... failed\n\nencore: web has ended with code 3\n")
    assert "line 99" in told
    assert "line 50" not in told
