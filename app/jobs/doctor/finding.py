"""What a check comes to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    LOOK = "look"  # it works, but not as it should, or nobody can tell
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`sentence` says what is and, unless it is in order, what to do. `code` is the failure behind it, where there is one."""

    check: str
    level: Level
    sentence: str
    code: str = ""


def fine(check: str, sentence: str) -> Finding:
    return Finding(check=check, level=Level.OK, sentence=sentence)


def look(check: str, sentence: str, code: str = "") -> Finding:
    return Finding(check=check, level=Level.LOOK, sentence=sentence, code=code)


def broken(check: str, sentence: str, code: str = "") -> Finding:
    return Finding(check=check, level=Level.BROKEN, sentence=sentence, code=code)
