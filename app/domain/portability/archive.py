"""The one file that a shop travels in: a zip of JSON lines, one member a table, and a manifest that says what must be there."""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from app.kernel.errors import Permanent

FORMAT = 1
MANIFEST = "manifest.json"
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, TypeError, ValueError)
"""What zipfile, orjson and a manifest with other fields raise over a file that is not one of ours, or not whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One table: how many rows, the sha256 of their lines, and the highest number drawn from the table's counter."""

    rows: int
    sha256: str
    highest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`made_at` is ISO 8601, `schema` the migration that the rows fit, `keys` the marks of the house's keys (kernel/crypto.py)."""

    format: int
    made_at: str
    schema: str
    public_id: str
    platform: str
    domain: str
    keys: Mapping[str, str]
    parts: Mapping[str, Part]


class Writer:
    """Members one after the other; `close` puts the manifest behind them, and without it nobody takes the file for one."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.parts: dict[str, Part] = {}

    def write(self, table: str, lines: Iterable[str], highest: int) -> None:
        digest, rows = hashlib.sha256(), 0
        with self._archive.open(_member(table), "w", force_zip64=True) as member:
            for line in lines:
                raw = line.encode() + b"\n"
                digest.update(raw)
                member.write(raw)
                rows += 1
        self.parts[str(table)] = Part(rows=rows, sha256=digest.hexdigest(), highest=highest)

    def close(self, manifest: Manifest) -> None:
        self._archive.writestr(MANIFEST, orjson.dumps(asdict(manifest), option=orjson.OPT_INDENT_2))


class Reader:
    """What `Writer` wrote. `Permanent("archive_unreadable")` for anything else, ("archive_damaged") where lines are not those that
    the manifest counted."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        with _only_ours():
            told: dict[str, Any] = orjson.loads(archive.read(MANIFEST))
            parts = {name: Part(**part) for name, part in told.pop("parts").items()}
            self.manifest = Manifest(parts=parts, **told)
        if self.manifest.format != FORMAT:
            raise Permanent("archive_unreadable", f"format {self.manifest.format}")

    def lines(self, table: str) -> Iterator[str]:
        """The rows of a table, each as it was written; the last one only when all of them were."""
        digest, rows = hashlib.sha256(), 0
        with _only_ours(), self._archive.open(_member(table)) as member:
            for raw in member:
                digest.update(raw)
                rows += 1
                yield raw.decode().removesuffix("\n")
        part = self.manifest.parts[table]
        if (rows, digest.hexdigest()) != (part.rows, part.sha256):
            raise Permanent("archive_damaged", table)


@contextmanager
def written(path: Path) -> Generator[Writer]:
    """A new file that only its owner may read. It has its name when it is whole; what was begun and not ended is taken away."""
    unfinished = path.with_name(f"{path.name}.part")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            yield Writer(archive)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


@contextmanager
def opened(path: Path) -> Generator[Reader]:
    with _only_ours():
        archive = zipfile.ZipFile(path)
    with archive:
        yield Reader(archive)


@contextmanager
def _only_ours() -> Generator[None]:
    try:
        yield
    except BROKEN as error:
        raise Permanent("archive_unreadable", type(error).__name__) from error


def _member(table: str) -> str:
    return f"{table}.jsonl"
