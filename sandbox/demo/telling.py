"""What the person at the terminal reads: a line for every step, and for a step that failed what to do about it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

LAST_LINES = 12
LONGEST_LINE = 500


class Trouble(Exception):
    """A step cannot be done. `text` says why and what to do; the end of `log` is shown with it."""

    def __init__(self, text: str, log: Path | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.log = log


@dataclass(slots=True)
class Step:
    """A step under way; what is noted stands at the end of its line."""

    title: str
    notes: list[str] = field(default_factory=list[str])

    def note(self, text: str) -> None:
        self.notes.append(text)


@dataclass(slots=True)
class Teller:
    out: TextIO

    def say(self, text: str = "") -> None:
        print(text, file=self.out, flush=True)

    @contextlib.contextmanager
    def step(self, title: str) -> Generator[Step]:
        """Say that a step begins, and when it is over how long it took."""
        step, began = Step(title), time.monotonic()
        self._write(f"  {title} ... ")
        try:
            yield step
        except Trouble:
            self.say("failed")
            raise
        self.say(", ".join([*step.notes, f"{time.monotonic() - began:.1f} s"]))

    def complain(self, trouble: Trouble) -> None:
        self.say(f"\nencore: {trouble.text}")
        if trouble.log:
            self.show_end(trouble.log)

    def show_end(self, log: Path) -> None:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
        if lines:
            self.say(f"The end of {log}:")
        for line in lines[-LAST_LINES:]:
            self.say(f"    {line[:LONGEST_LINE]}")

    def _write(self, text: str) -> None:
        self.out.write(text)
        self.out.flush()
