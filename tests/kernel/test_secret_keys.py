"""What SECRET_KEYS may hold."""

from __future__ import annotations

import base64
import hashlib

import pytest

from app.kernel.config import BadSettings, Settings

NEEDED = {"DATABASE_URL": "postgres://a@b/c", "REDIS_URL": "redis://a", "PUBLIC_URL": "https://a.example"}
RAW = bytes(range(32))
NAMED = "k2:" + base64.urlsafe_b64encode(RAW).decode()
GENERATED = "0123456789abcdef" * 4


def keys(value: str) -> tuple[tuple[str, bytes], ...]:
    return Settings.from_env({**NEEDED, "SECRET_KEYS": value}).secret_keys


def test_a_named_key_is_its_bytes() -> None:
    assert keys(NAMED) == (("k2", RAW),)
    assert keys(NAMED.rstrip("=")) == (("k2", RAW),)


def test_a_generated_secret_is_the_key_k1() -> None:
    assert keys(GENERATED) == (("k1", hashlib.sha256(GENERATED.encode()).digest()),)


def test_a_new_key_goes_before_a_generated_one() -> None:
    assert [key_id for key_id, _ in keys(f"{NAMED}, {GENERATED}")] == ["k2", "k1"]


@pytest.mark.parametrize("value", ["short", "k1:", "k1:AAAA", ":" + GENERATED, "k 1:" + NAMED, NAMED + ",", "k1:ä"])
def test_anything_else_is_refused(value: str) -> None:
    with pytest.raises(BadSettings, match="make-key"):
        keys(value)
