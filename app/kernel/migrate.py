"""The schema, brought to this version."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from app.kernel.db import Database

MIGRATIONS = Path(__file__).parent.parent.parent / "migrations"


def upgrade(db: Database) -> None:
    """Run every migration that the database lacks, one transaction each; safe to repeat and to run twice at once."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with db.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
