"""A store on this machine that answers what a test lays out for it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import orjson

from app.connectors.base import Access


@dataclass(slots=True)
class Laid:
    """One answer, laid out beforehand."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0  # this many bytes fewer than announced, then the line goes dead


class LaidOut:
    """What the store will answer, in turn, and what it was asked."""

    def __init__(self) -> None:
        self.answers: deque[Laid] = deque()
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.url = ""

    def lay(self, body: Any, status: int = 200, *, cut: int = 0, **headers: str) -> None:
        encoded = body if isinstance(body, bytes) else orjson.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append(Laid(body=encoded, status=status, headers=named, cut=cut))

    def lay_data(self, **data: Any) -> None:
        self.lay({"data": data})

    @property
    def operations(self) -> list[str]:
        return [asked["operationName"] for asked in self.asked]

    def access(self) -> Access:
        return Access(base_url=self.url, secrets={"access_token": "shpat_test"})
