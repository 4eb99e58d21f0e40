"""The real processes on a stage: web and worker as production starts them, killed and started again, and a mail server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Any

import requests
from aiosmtpd.controller import Controller

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Mailbox:
    """Takes every letter and counts it by its Message-ID at the moment it is accepted."""

    def __init__(self) -> None:
        self.accepted: Counter[str] = Counter()
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port())

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        self.accepted[str(message_from_bytes(envelope.content)["Message-ID"])] += 1
        return "250 taken"


@dataclass(slots=True)
class Process:
    """One process group that may be killed at any moment."""

    command: list[str]
    environ: dict[str, str]
    log: Path
    running: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                self.command, env=self.environ, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        """All of the group at once, with nothing left to say."""
        if self.running:
            os.killpg(self.running.pid, signal.SIGKILL)
            self.running.wait()

    def stop(self) -> int:
        """As a platform stops a process; its exit code."""
        if self.running is None:
            return 0
        os.killpg(self.running.pid, signal.SIGTERM)
        return self.running.wait(30)


def web_process(environ: dict[str, str], port: int, log: Path) -> Process:
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "app.main:create_application"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--blocking-threads", "16"]
    return Process(command, environ, log)


def worker_process(environ: dict[str, str], log: Path) -> Process:
    return Process([sys.executable, "-m", "app.worker"], environ, log)


def wait_for(url: str, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if requests.get(url, timeout=2).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.05)
    raise TimeoutError(url)
