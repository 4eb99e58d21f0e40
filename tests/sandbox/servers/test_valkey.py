"""The embedded Valkey answers only to its password, takes over from a killed start, and flushes nobody's data."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError

from sandbox.servers import Unavailable, valkey

pytestmark = pytest.mark.skipif("REDIS_URL" in os.environ, reason="REDIS_URL is set: no server of our own here")


@contextlib.contextmanager
def started(base: Path) -> Iterator[valkey.Valkey]:
    server = valkey.start(base)
    try:
        yield server
    finally:
        server.stop()


def test_a_second_start_takes_over_from_the_first(tmp_path: Path) -> None:
    base = tmp_path / "über uns 追踪"
    with started(base) as first, started(base) as second, second.client(3) as client:
        assert first.process is not None
        assert first.process.wait(5) == 0
        assert client.set("a", "b")


def test_nobody_gets_in_without_the_password(tmp_path: Path) -> None:
    with started(tmp_path) as server:
        address = server.url().rpartition("@")[2]
        with Redis.from_url(f"redis://{address}") as stranger, pytest.raises(AuthenticationError):
            stranger.ping()
        assert (tmp_path / "valkey.conf").stat().st_mode & 0o077 == 0


def test_a_given_server_must_be_empty_because_it_is_flushed(tmp_path: Path) -> None:
    with started(tmp_path) as server, server.client(5) as client:
        given = valkey.find(tmp_path, {"REDIS_URL": server.url(5)})
        assert given.url(9) == server.url(5)
        client.set("a", "b")
        with pytest.raises(Unavailable, match="1 keys"):
            valkey.find(tmp_path, {"REDIS_URL": server.url(5)})


def test_a_given_server_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="nobody answers"):
        valkey.find(tmp_path, {"REDIS_URL": "redis://127.0.0.1:9/0"})
