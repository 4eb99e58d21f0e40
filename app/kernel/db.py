"""The one door to Postgres: engine, declarative base, and transactions that enter exactly one shop."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, Engine, MetaData, create_engine, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

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


class Database:
    """A pool of connections and the two kinds of transaction that the house knows.

    `statement_timeout` is in milliseconds. Returning from the block commits, raising rolls back; nobody else commits.
    """

    def __init__(self, url: str, *, pool_size: int = 4, statement_timeout: int = 60_000) -> None:
        self.engine: Engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": 5,
                "options": f"-c statement_timeout={statement_timeout} -c idle_in_transaction_session_timeout=60000"
                " -c lock_timeout=10000 -c timezone=UTC",
            },
        )

    @contextmanager
    def transaction(self, shop_id: int) -> Generator[Session]:
        """Rows of this shop only: row-level security reads the setting, and the setting ends with the transaction."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            session.execute(text("SELECT set_config('app.shop_id', :shop_id, true)"), {"shop_id": str(shop_id)})
            yield session

    @contextmanager
    def house(self) -> Generator[Session]:
        """No shop entered: only the few tables without a policy can be read (tests/house names them)."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def is_walled(self) -> bool:
        """Whether row-level security binds our role. Superusers walk through it, and every shop would see every other's rows."""
        with self.house() as session:
            question = "SELECT NOT (rolsuper OR rolbypassrls) FROM pg_roles WHERE rolname = current_user"
            return bool(session.scalar(text(question)))

    def close(self) -> None:
        self.engine.dispose()
