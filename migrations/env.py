"""How a migration runs: one at a time, each in its own transaction, never waiting long for a lock."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, text

from app.domain.schema import METADATA

ONE_AT_A_TIME = 7_206_114_091
"""The advisory lock that two release commands fight for."""


def run(connection: Connection) -> None:
    connection.execute(text("SET lock_timeout = 0"))  # for the other release command we wait as long as it runs
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ONE_AT_A_TIME})
    connection.execute(text("SET lock_timeout = '4s'"))
    connection.execute(text("SET statement_timeout = '60s'"))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        transaction_per_migration=True,
        compare_server_default=False,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ONE_AT_A_TIME})
    connection.commit()


run(context.config.attributes["connection"])
