"""`python -m sandbox` as a process: one line of JSON, both shops on the air, a clean end, and the same world after it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).parents[2]


@contextmanager
def the_sandbox(state: Path) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "sandbox", "--state", str(state), "--seed", "7", "--rate", "7200"]
    command += ["--origin", datetime.now(UTC).isoformat(), "--encore-url", "http://127.0.0.1:9"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env=environ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
            rest = process.stdout.read()
            assert process.wait(20) == 0
    assert rest == b""


def test_it_tells_where_everything_is_ends_cleanly_and_goes_on(tmp_path: Path) -> None:
    with the_sandbox(tmp_path) as said:
        assert {"url", "consumer_key", "consumer_secret"} <= said["woocommerce"].keys()
        assert {"url", "shop", "access_token", "client_id", "client_secret"} <= said["shopify"].keys()
        assert said["mail"]["smtp_url"].startswith("smtp://127.0.0.1:")
        for address in (said["woocommerce"]["url"], said["shopify"]["url"], said["mail"]["url"]):
            assert requests.get(address, timeout=10).status_code == 200
        placed = requests.post(f"{said['control']['url']}/orders", json={"store": "woocommerce"}, timeout=10).json()
    with the_sandbox(tmp_path) as again:
        assert again["woocommerce"]["consumer_key"] == said["woocommerce"]["consumer_key"]
        truth = requests.get(f"{again['control']['url']}/truth", timeout=10).json()
        assert placed["order"] in {order["id"] for order in truth["orders"]}
