"""What a command shows while it works: one line on a terminal that is written over, and nothing at all on a pipe."""

from __future__ import annotations

import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TextIO

PATIENCE = 2.0
"""Seconds after which a person wants to know."""
PAUSE = 0.2
"""Between two lines."""
CLEAR = "\r\033[K"


class Progress:
    """Called with what is done, how much of it and of how much; cheap enough to be called for every row."""

    def __init__(self, verb: str, stream: TextIO, *, patience: float = PATIENCE) -> None:
        self._verb, self._stream = verb, stream
        self._next = time.monotonic() + patience
        self._is_terminal = stream.isatty()
        self._has_written = False

    def __call__(self, what: str, done: int, total: int) -> None:
        if self._is_terminal and (now := time.monotonic()) >= self._next:
            self._next = now + PAUSE
            self.show(f"{self._verb} {what.replace('_', ' ')}: {done:,} of {total:,}")

    def show(self, line: str) -> None:
        if self._is_terminal:
            self._has_written = True
            self._stream.write(f"{CLEAR}{line}")
            self._stream.flush()

    def clear(self) -> None:
        if self._has_written:
            self._stream.write(CLEAR)
            self._stream.flush()


@contextmanager
def progress(verb: str) -> Generator[Progress]:
    """A line on stderr until the block ends, so that stdout holds the outcome alone."""
    shown = Progress(verb, sys.stderr)
    try:
        yield shown
    finally:
        shown.clear()
