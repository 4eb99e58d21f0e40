"""What does not fit is refused where it starts, in a sentence, and what fits starts without a warning."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.faults.stage import ROOT, Process, Stage, wait_until

WEB = [
    *(sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "app.main:create_application"),
    *("--host", "127.0.0.1", "--port", "0", "--workers", "1", "--blocking-threads", "1"),
]
WORKER = [sys.executable, "-m", "app.worker"]


@pytest.mark.parametrize("command", [WEB, WORKER], ids=["web", "worker"])
def test_more_connections_than_there_are_is_refused_with_the_number_that_fits(stage: Stage, command: list[str]) -> None:
    environ = {**stage.environ, "WEB_THREADS": "900", "WEB_PROCESSES": "2"}
    ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
    said = ended.stdout + ended.stderr
    assert ended.returncode != 0
    assert (
        "Encore cannot start:\n  * Encore may open 1805 connections to Postgres (1800 for web, 4 for the worker, 1 for a command)"
        in said
    )
    assert "set WEB_THREADS=" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("command", [WEB, WORKER], ids=["web", "worker"])
def test_a_trap_in_production_is_refused_in_one_sentence(stage: Stage, command: list[str]) -> None:
    environ = {name: value for name, value in stage.environ.items() if name != "ALLOW_PRIVATE_ADDRESSES"}
    environ["PUBLIC_URL"] = "https://encore.example"
    ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
    said = ended.stdout + ended.stderr
    assert ended.returncode != 0
    assert "Encore cannot start:\n  * FAULT_AT kills processes on purpose" in said
    assert "Traceback" not in said
    assert "encore-relay" not in said, "no child was started"


def clients(stage: Stage, kind: str | None = None) -> list[dict[str, str]]:
    """Of the stage's own database: other tests' processes talk to the same Valkey."""
    own = str(stage.valkey.connection_pool.connection_kwargs["db"])
    return [client for client in stage.valkey.client_list(_type=kind) if client["db"] == own]


def test_what_fits_starts_without_a_warning(stage: Stage) -> None:
    web, worker = stage.start_web(), stage.start_worker()
    assert wait_until(lambda: clients(stage, "pubsub"), 30)
    assert not [
        line for line in stage.said().splitlines() if line.startswith("{") and json.loads(line)["level"] != "info"
    ]
    assert (web.stop(), worker.stop()) == (0, 0)


def test_the_worker_uses_as_many_connections_as_are_counted(stage: Stage) -> None:
    before = len(clients(stage))
    process: Process = stage.start_worker()
    assert wait_until(lambda: len(clients(stage, "pubsub")) == 3, 30)
    assert len(process.children()) == 4
    assert len(clients(stage)) - before <= 7
    connections = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    assert stage.count(connections) <= 4
