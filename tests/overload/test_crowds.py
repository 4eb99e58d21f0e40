"""Three times as many visitors as there are threads: webhooks are taken all the same, nobody waits long, and then it is over."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.conftest import TRIALS
from tests.faults.stage import ROOT, SECRET, Stage
from tests.overload import crowd
from tests.overload.masses import page_of_an_order
from tests.trials import CROWDED_SECONDS, LONG

THREADS = 14
TURNED_AWAY_SECONDS = 0.3
A_SECOND = 40
"""Webhooks, on a timetable, whoever else is asking."""


def webhooks(stage: Stage, port: int) -> subprocess.Popen[str]:
    plan = {
        "port": port,
        "path": urlsplit(stage.hook()).path,
        "secret": SECRET,
        "warm_up": 0.2,
        "seconds": CROWDED_SECONDS,
        "rate": A_SECOND,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.load"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin
    process.stdin.write(json.dumps(plan))
    process.stdin.close()
    process.stdin = None
    return process


@pytest.mark.timeout(300)
def test_a_crowd_before_the_storefront_costs_no_webhook(
    stage: Stage, record_property: Callable[[str, object], None]
) -> None:
    stage.start_web(WEB_THREADS=str(THREADS))
    port = urlsplit(stage.urls[0]).port or 0
    page = page_of_an_order(stage)
    idle = crowd.ask(port, page, visitors=1, seconds=1, pause=0.01)
    assert set(idle.statuses) == {"200"}
    everybody = crowd.begin(port, page, visitors=3 * THREADS, seconds=CROWDED_SECONDS + 1)
    time.sleep(0.5)
    told, _ = webhooks(stage, port).communicate(timeout=600)
    hooks = json.loads(told.splitlines()[-1])
    crowded = crowd.ended(everybody)
    after = crowd.ask(port, page, visitors=1, seconds=1, pause=0.01)
    record_property(
        TRIALS,
        f"{crowded.total} visits by {3 * THREADS} at once: {crowded.statuses}, p95 {crowded.p95 * 1e3:.0f} ms,"
        f" longest {crowded.longest * 1e3:.0f} ms,"
        f" turned away within {crowded.turned_away * 1e3:.0f} ms (p95);"
        f" meanwhile {hooks['answered']} webhooks, {hooks['errors']} refused,"
        f" p99 {hooks['p99']:.0f} ms; visits before and after p95 {idle.p95 * 1e3:.0f} and {after.p95 * 1e3:.0f} ms",
    )
    assert hooks["answered"] >= A_SECOND * CROWDED_SECONDS * 0.9
    assert hooks["errors"] <= hooks["answered"] / 1000
    assert set(crowded.statuses) == {"200", "503"}, (
        "some were served, some were turned away, none was left without an answer"
    )
    assert crowded.longest <= 2
    assert crowded.turned_away <= (TURNED_AWAY_SECONDS if LONG else 2)
    assert set(after.statuses) == {"200"}
    assert after.p95 <= 2 * idle.p95 + 0.02
