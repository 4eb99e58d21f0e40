"""Connections die while nobody looks; whoever comes next must not notice."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.kernel.db import Database, Lost
from tests.conftest import Servers

SUICIDE = "SELECT pg_terminate_backend(pg_backend_pid())"


@pytest.fixture
def wide(database_url: str) -> Iterator[Database]:
    """A pool of three, all of them connected."""
    with contextlib.closing(Database(database_url, pool_size=3)) as db:
        with db.house(), db.house(), db.house():
            pass
        yield db


def end_all(servers: Servers, db: Database) -> None:
    with psycopg.connect(servers.postgres.admin_url, autocommit=True) as admin:
        question = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s"
        ended = admin.execute(question, [db.engine.url.database]).fetchone()
    assert ended
    assert ended[0] >= 3


def shop_entered(db: Database) -> str:
    with db.transaction(7) as session:
        return str(session.scalar(text("SELECT current_setting('app.shop_id')")))


def test_dead_connections_are_replaced_before_a_transaction_begins(wide: Database, servers: Servers) -> None:
    for _ in range(2):
        end_all(servers, wide)
        assert [shop_entered(wide) for _ in range(4)] == ["7"] * 4


def test_dead_connections_are_replaced_for_a_statement_alone(wide: Database, servers: Servers) -> None:
    for _ in range(2):
        end_all(servers, wide)
        for _ in range(4):
            wide.execute_alone("SELECT %(n)s::int", {"n": 1})


def test_a_connection_that_dies_within_a_transaction_fails_it(wide: Database) -> None:
    """What was done in it is gone; only whoever asked for it can say whether to do it again."""
    with pytest.raises(OperationalError) as failure, wide.transaction(7) as session:
        session.execute(text(SUICIDE))
    assert failure.value.connection_invalidated
    assert shop_entered(wide) == "7"


def test_a_statement_that_kills_its_connection_is_done_twice_and_not_more(wide: Database) -> None:
    with wide.house() as session:
        session.execute(text("CREATE SEQUENCE done"))
    with pytest.raises(Lost):
        wide.execute_alone(f"{SUICIDE} FROM (SELECT nextval('done')) AS once", {})
    with wide.house() as session:
        assert session.scalar(text("SELECT last_value FROM done")) == 2
        session.execute(text("DROP SEQUENCE done"))


def test_no_shop_is_entered_in_the_house_and_none_stays_entered(wide: Database) -> None:
    assert shop_entered(wide) == "7"
    for _ in range(4):
        with wide.house() as session:
            assert session.scalar(text("SELECT current_setting('app.shop_id', true)")) == ""


def test_an_exception_rolls_back_and_a_statement_alone_leaves_no_autocommit(wide: Database) -> None:
    with contextlib.suppress(ZeroDivisionError), wide.house() as session:
        session.execute(text("CREATE TABLE half_done (n int)"))
        raise ZeroDivisionError
    for _ in range(4):
        wide.execute_alone("SELECT 1", {})
        with contextlib.suppress(ZeroDivisionError), wide.house() as session:
            session.execute(text("CREATE TABLE half_done (n int)"))
            raise ZeroDivisionError
    with wide.house() as session:
        assert session.scalar(text("SELECT to_regclass('half_done')")) is None


def test_no_more_connections_than_were_allowed(wide: Database, servers: Servers) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(wide.connections - 1):
            stack.enter_context(wide.house())
        before = connected(servers, wide)
        for _ in range(5):
            wide.execute_alone("SELECT 1", {})
        assert connected(servers, wide) == before


def connected(servers: Servers, db: Database) -> int:
    with psycopg.connect(servers.postgres.admin_url) as admin:
        question = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        found = admin.execute(question, [db.engine.url.database]).fetchone()
    return found[0] if found else 0
