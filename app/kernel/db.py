"""The one door to Postgres: engine, declarative base, and transactions that enter exactly one shop."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

import psycopg
from sqlalchemy import BigInteger, DateTime, Engine, MetaData, create_engine, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

from app.kernel.clock import Heard

ShopId = Annotated[int, mapped_column(BigInteger, primary_key=True)]
"""Leads every primary key, so that a row of one shop can never refer to a row of another."""

CONSTRAINT_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=CONSTRAINT_NAMES)
    type_annotation_map = {dict[str, Any]: JSONB, datetime: DateTime(timezone=True)}  # noqa: RUF012 (SQLAlchemy reads it)


ENTER = text("SELECT set_config('app.shop_id', :shop, true)")
"""The first statement of every transaction. It also shows whether the connection still lives, so nothing else has to ask."""


CLOCK_SECONDS = 10.0
"""How old the server's time may be before it is asked for again."""
PLANS = {False: "auto", True: "force_custom_plan"}
"""A plan that the server keeps for a session (PostgreSQL's documentation of PREPARE, "Notes") and that was made while a table was
empty reads all of its rows for each one that is asked for, until somebody analyses the table. Planning anew costs a batch of 100
events 27 ms, and a statement about one row next to nothing."""


class Lost(psycopg.OperationalError):
    """The connection died while it was asked. Whether the statement was done, nobody knows."""


class Database:
    """A pool of connections and the kinds of transaction that the house knows.

    `statement_timeout` is in milliseconds. `plans_anew` is for a process that asks for single rows of tables that grow while
    it does. Returning from the block commits, raising rolls back; nobody else commits. There are
    never more than `connections` to the server, whatever they are used for, and none before the first use.
    """

    def __init__(
        self, url: str, *, pool_size: int = 4, statement_timeout: int = 60_000, plans_anew: bool = False
    ) -> None:
        self.connections = pool_size
        self.heard: Heard | None = None
        self.engine: Engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=2,
            connect_args={
                "connect_timeout": 5,
                "options": f"-c statement_timeout={statement_timeout} -c idle_in_transaction_session_timeout=15000"
                f" -c lock_timeout=10000 -c timezone=UTC -c plan_cache_mode={PLANS[plans_anew]}",
            },
        )

    @contextmanager
    def transaction(self, shop_id: int) -> Generator[Session]:
        """Rows of this shop only: row-level security reads the setting, and the setting ends with the transaction."""
        with Session(self.engine, expire_on_commit=False) as session:
            _enter(session, str(shop_id))
            self._hear(session)
            yield session
            session.commit()

    @contextmanager
    def snapshot(self, shop_id: int) -> Generator[Session]:
        """Rows of this shop as they stand at the beginning, however long reading them takes. Nothing can be written."""
        engine = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with Session(engine, expire_on_commit=False) as session:
            _enter(session, str(shop_id))
            yield session

    @contextmanager
    def house(self) -> Generator[Session]:
        """No shop entered: only the few tables without a policy can be read (tests/house names them)."""
        with Session(self.engine, expire_on_commit=False) as session:
            _enter(session, "")
            self._hear(session)
            yield session
            session.commit()

    def execute_alone(self, statement: str, values: Mapping[str, object]) -> None:
        """One statement that commits itself, past SQLAlchemy's layers but on a connection of its pool. When the connection dies
        under it, it is done once more on another one, and it may be that both were done: it must be one that can be repeated.
        `Lost` when that one dies too, any other `psycopg.Error` for what the statement itself did wrong."""
        try:
            self._execute_alone(statement, values)
        except Lost:
            with self.house():  # whatever else died with it is replaced now
                pass
            self._execute_alone(statement, values)

    def _execute_alone(self, statement: str, values: Mapping[str, object]) -> None:
        """A connection that failed is thrown away, one that served is given back as it was."""
        pooled = self.engine.raw_connection()
        driver: Any = pooled.driver_connection
        try:
            driver.autocommit = True
            driver.execute(statement, values)
            driver.autocommit = False
        except psycopg.Error as error:
            is_lost = driver.broken
            pooled.invalidate()
            if is_lost:
                raise Lost from error
            raise
        finally:
            pooled.close()

    def _hear(self, session: Session) -> None:
        """Ask the server for its time, now and then; it is true to within the way there and back."""
        if self.heard is None or time.monotonic() > self.heard.monotonic + CLOCK_SECONDS:
            self.heard = Heard(session.scalars(text("SELECT clock_timestamp()")).one(), time.monotonic())

    def is_walled(self) -> bool:
        """Whether row-level security binds our role. Superusers walk through it, and every shop would see every other's rows."""
        with self.house() as session:
            question = "SELECT NOT (rolsuper OR rolbypassrls) FROM pg_roles WHERE rolname = current_user"
            return bool(session.scalar(text(question)))

    def close(self) -> None:
        self.engine.dispose()


def _enter(session: Session, shop: str) -> None:
    """Begin. A pool holds connections that have died since they were used last; the first that is found so replaces them all."""
    try:
        session.execute(ENTER, {"shop": shop})
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        session.rollback()
        session.execute(ENTER, {"shop": shop})
