"""The schema, brought to this version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from app.kernel.db import Database

MIGRATIONS = Path(__file__).parent.parent.parent / "migrations"


def upgrade(db: Database) -> None:
    """Run every migration that the database lacks, one transaction each; safe to repeat and to run twice at once."""
    config = _config()
    with db.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def newest() -> str:
    """The migration that this version of the code needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def present(db: Database) -> str:
    """The migration that the database stands at; empty before the first one."""
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
