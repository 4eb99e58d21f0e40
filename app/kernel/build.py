"""Which build runs: the same for the same files, whatever brought them here."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
READ = (
    "app/**/*.py",
    "app/**/*.html",
    "app/**/*.js",
    "app/**/*.css",
    "static/**/*",
    "copy/*.yaml",
    "migrations/versions/*.py",
)


@lru_cache(maxsize=1)
def build_id() -> str:
    """Twelve hexadecimal digits, of everything that runs or is shown."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in READ for path in ROOT.glob(pattern) if path.is_file()}):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
