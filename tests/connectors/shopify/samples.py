"""The samples of this folder. They are our own, written after Shopify's and compared with them where those are at hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

PAYLOADS = Path(__file__).with_name("payloads")


def raw(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def read(name: str) -> Any:
    return orjson.loads(raw(name))
