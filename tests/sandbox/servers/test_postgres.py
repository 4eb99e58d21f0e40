"""The embedded Postgres comes up whatever the last start left behind, and its role is bound by row-level security."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sandbox.servers import Unavailable, postgres

pytestmark = pytest.mark.skipif("DATABASE_URL" in os.environ, reason="DATABASE_URL is set: no server of our own here")


@pytest.fixture
def base() -> Iterator[Path]:
    """A path with blanks and signs of other scripts in it, reachable for whom Postgres runs as."""
    folder = Path(tempfile.mkdtemp(prefix="encore-tests-"))
    folder.chmod(0o711)
    yield folder / "über uns 追踪"
    shutil.rmtree(folder)


@contextlib.contextmanager
def started(base: Path, *, durable: bool = False) -> Iterator[postgres.Postgres]:
    server = postgres.start(base, durable=durable)
    try:
        yield server
    finally:
        server.stop()


def ask(url: str, question: str) -> Any:
    with psycopg.connect(url) as connection:
        return (connection.execute(question).fetchone() or [None])[0]


def do(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement)


def test_rows_are_there_after_a_kill_and_a_second_start_takes_over_from_the_first(base: Path) -> None:
    with started(base, durable=True) as first:
        do(first.url(), "CREATE TABLE kept AS SELECT 7 AS seven")
        assert first.process is not None
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        with started(base, durable=True) as second:
            assert ask(second.url(), "SELECT seven FROM kept") == 7
            with started(
                base, durable=True
            ) as third:  # the second was never told to stop, like one whose parent was killed
                assert ask(third.url(), "SELECT seven FROM kept") == 7
                assert second.process is not None
                assert second.process.wait(5) == 0


def test_a_start_killed_while_laying_out_its_data_blocks_nothing(base: Path) -> None:
    base.mkdir()
    half = base / "postgres-18.making"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    (base / "postgres-18.secret").write_text("old")
    with started(base) as server:
        assert ask(server.url(), "SELECT 1") == 1


def test_a_lock_file_that_names_a_living_stranger_blocks_nothing(base: Path) -> None:
    with started(base):
        (data,) = base.glob("postgres-*/")
    (data / "postmaster.pid").write_text(f"{os.getppid()}\n{data}\n")
    with started(base) as server:
        assert ask(server.url(), "SELECT 1") == 1


def test_the_houses_role_owns_its_database_and_is_bound_by_policies(servers: Any) -> None:
    url = servers.postgres.url()
    rights = (
        "SELECT rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    )
    assert ask(url, rights) is False
    assert ask(url, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()") == "encore"


def test_nobody_gets_in_without_the_password(servers: Any) -> None:
    url = servers.postgres.url()
    with pytest.raises(psycopg.OperationalError):
        ask(url.replace(url.rpartition("@")[0], "postgresql://postgres"), "SELECT 1")


def test_a_given_server_needs_a_role_that_policies_bind(servers: Any) -> None:
    with pytest.raises(Unavailable, match="superuser"):
        postgres.find(Path("/nowhere"), {"DATABASE_URL": servers.postgres.admin_url})


def test_a_given_server_gets_databases_of_its_own(servers: Any) -> None:
    admin = servers.postgres.admin_url
    do(admin, "CREATE ROLE guest LOGIN CREATEDB PASSWORD 'guest'")
    url = "postgres://guest:guest@" + admin.rpartition("@")[2]
    server = postgres.find(Path("/nowhere"), {"DATABASE_URL": url})
    server.create_database("guests")
    server.create_database("guests")
    assert ask(server.url("guests"), "SELECT current_user || ' in ' || current_database()") == "guest in guests"
    server.drop_database("guests")
    server.stop()
    do(admin, "DROP ROLE guest")


def test_a_given_server_that_does_not_answer_is_named() -> None:
    with pytest.raises(Unavailable, match="nobody answers"):
        postgres.use("postgresql://nobody@127.0.0.1:9/none")
