"""Many who ask for the same page over connections of their own, each again as soon as it is answered: a process of its own, so that
nobody whom it measures waits for it.

Arguments: port, path, visitors, seconds, and seconds that each waits between two requests. Says an `Outcome` as JSON."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import threading
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import asdict, dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0
NOT_ANSWERED, TURNED_AWAY = "0", "503"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How often each status came ("0": no answer), and seconds until it was there; `turned_away` is the p95 of the 503 alone, 0.0
    where there was none."""

    statuses: dict[str, int]
    p50: float
    p95: float
    longest: float
    turned_away: float

    @property
    def total(self) -> int:
        return sum(self.statuses.values())


def begin(port: int, path: str, *, visitors: int, seconds: float, pause: float = 0.0) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.overload.crowd", str(port), path, str(visitors), str(seconds), str(pause)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> Outcome:
    told, _ = process.communicate(timeout=600)
    return Outcome(**json.loads(told))


def ask(port: int, path: str, *, visitors: int, seconds: float, pause: float = 0.0) -> Outcome:
    return ended(begin(port, path, visitors=visitors, seconds=seconds, pause=pause))


def visit(port: int, path: str, until: float, pause: float, waits: dict[str, list[float]]) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    while (began := time.monotonic()) < until:
        status = NOT_ANSWERED
        with suppress(OSError, HTTPException):
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            status = str(answer.status)
        if status == NOT_ANSWERED:
            connection.close()
        waits[status].append(time.monotonic() - began)
        time.sleep(pause)


def main(port: int, path: str, visitors: int, seconds: float, pause: float) -> Outcome:
    waits: dict[str, list[float]] = defaultdict(list)
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=visit, args=(port, path, until, pause, waits)) for _ in range(visitors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everybody = sorted(itertools.chain.from_iterable(waits.values()))
    return Outcome(
        statuses={status: len(of_it) for status, of_it in waits.items()},
        p50=everybody[len(everybody) // 2],
        p95=p95(everybody),
        longest=everybody[-1],
        turned_away=p95(sorted(waits[TURNED_AWAY])) if waits[TURNED_AWAY] else 0.0,
    )


def p95(waits: list[float]) -> float:
    """Of sorted ones."""
    return waits[len(waits) * 95 // 100]


if __name__ == "__main__":
    port, path, visitors, seconds, pause = sys.argv[1:]
    print(json.dumps(asdict(main(int(port), path, int(visitors), float(seconds), float(pause)))))
