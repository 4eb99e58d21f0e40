"""The way in for web: granian calls `create_application` once a process."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from app import wiring
from app.kernel import capacity, logging
from app.kernel.capacity import Finding
from app.kernel.config import BadSettings
from app.web import create_app

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

STATEMENT_TIMEOUT = 5_000
"""Milliseconds. A page that needs longer is broken."""


def create_application() -> WSGIApplication:
    """Settings from the environment, a connection for each thread: that many commits can be in flight at once. Ends the process
    with a sentence when it cannot run here."""
    logging.configure(sys.stdout)
    try:
        threads = wiring.read_settings(os.environ).web_threads
        runtime = wiring.start(os.environ, connections=threads, statement_timeout=STATEMENT_TIMEOUT)
        app = create_app(runtime)
        wiring.judge(wiring.findings(runtime) + _memory(threads))
    except BadSettings as problem:
        sys.exit(str(problem))
    return app


def _memory(threads: int) -> list[Finding]:
    need = capacity.memory_of_web(capacity.resident(), threads)
    return capacity.check_memory("web", need, capacity.memory_limit(), "set WEB_THREADS lower or give it more memory")
