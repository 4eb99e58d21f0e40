"""The way in for web: granian calls `create_application` once a process."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from app import wiring
from app.kernel import logging
from app.kernel.config import BadSettings
from app.web import create_app

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

STATEMENT_TIMEOUT = 5_000
"""Milliseconds. A page that needs longer is broken."""


def create_application() -> WSGIApplication:
    """Settings from the environment, a connection for each thread: that many commits can be in flight at once."""
    logging.configure(sys.stdout)
    try:
        threads = wiring.read_settings(os.environ).web_threads
        runtime = wiring.start(os.environ, connections=threads, statement_timeout=STATEMENT_TIMEOUT)
    except BadSettings as problem:
        sys.exit(str(problem))
    return create_app(runtime)
