"""Where the sandbox keeps its world between two starts: one SQLite file of small JSON documents."""

from __future__ import annotations

import sqlite3
import threading
import types
import typing
import weakref
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar, cast

import orjson

Kind = TypeVar("Kind")
Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

TABLES = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
CREATE TABLE IF NOT EXISTS document (kind TEXT, key TEXT, body BLOB, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID;
"""


def thaw(kind: type[Kind], document: bytes) -> Kind:
    """The dataclass that `orjson.dumps` was given."""
    return cast(Kind, _build(kind, orjson.loads(document)))


def _build(kind: object, value: Json) -> object:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        return None if value is None else _build(next(one for one in arguments if one is not types.NoneType), value)
    if origin is list and isinstance(value, list):
        return [_build(arguments[0], one) for one in value]
    if origin is tuple and isinstance(value, list):
        return tuple(_build(one_kind, one) for one_kind, one in zip(arguments, value, strict=True))
    if isinstance(value, dict) and hasattr(kind, "__dataclass_fields__"):
        hints = typing.get_type_hints(kind)
        fields = {name: _build(hints[name], one) for name, one in value.items() if name in hints}
        return cast(Callable[..., object], kind)(**fields)
    return _build_scalar(kind, value)


def _build_scalar(kind: object, value: Json) -> object:
    if kind is datetime and isinstance(value, str):
        return datetime.fromisoformat(value)
    if isinstance(kind, type) and issubclass(kind, StrEnum) and isinstance(value, str):
        return kind(value)
    return value


class Shelf:
    """Documents by (kind, key), and counters. Thread-safe. `directory` None keeps them in memory only, for tests."""

    def __init__(self, directory: Path | None = None) -> None:
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
        path = str(directory / "sandbox.sqlite") if directory is not None else ":memory:"
        self._lock = threading.Lock()
        self._sqlite = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._sqlite.executescript(TABLES)
        weakref.finalize(self, self._sqlite.close).atexit = False  # from Python 3.13 on, whoever forgets this is told

    def put(self, kind: str, key: str | int, value: object) -> None:
        """`value` is a dataclass of plain values, lists, tuples, dicts, StrEnums and aware moments."""
        body = orjson.dumps(value)
        with self._lock:
            self._sqlite.execute("REPLACE INTO document VALUES (?, ?, ?)", (kind, str(key), body))

    def put_all(self, kind: str, values: Mapping[int, object]) -> None:
        """Many of one kind, by key, in one transaction."""
        rows = [(kind, str(key), orjson.dumps(value)) for key, value in values.items()]
        with self._lock:
            self._sqlite.execute("BEGIN")
            self._sqlite.executemany("REPLACE INTO document VALUES (?, ?, ?)", rows)
            self._sqlite.execute("COMMIT")

    def drop(self, kind: str, key: str | int) -> None:
        with self._lock:
            self._sqlite.execute("DELETE FROM document WHERE kind = ? AND key = ?", (kind, str(key)))

    def all(self, kind: str, of: type[Kind]) -> Iterator[Kind]:
        """Every document of a kind, as the dataclass it was."""
        with self._lock:
            rows = self._sqlite.execute("SELECT body FROM document WHERE kind = ?", (kind,)).fetchall()
        for (body,) in rows:
            yield thaw(of, body)

    def count(self, name: str, by: int = 1) -> int:
        """The counter's value after counting: 1, 2, 3 ... across restarts."""
        with self._lock:
            upsert = (
                "INSERT INTO counter VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET value = value + excluded.value RETURNING value"
            )
            return int(self._sqlite.execute(upsert, (name, by)).fetchall()[0][0])

    def close(self) -> None:
        with self._lock:
            self._sqlite.close()
