"""The operator's commands: `python -m app.cli --help`."""

from __future__ import annotations

from app.cli import doctor, house, keys, links, moving, shops, sync, work
from app.cli.entering import CONNECTIONS, Commands

cli = Commands(name="encore", help="Encore, for the person who runs it.")
for family in (
    house.COMMANDS,
    shops.COMMANDS,
    sync.COMMANDS,
    work.COMMANDS,
    links.COMMANDS,
    keys.COMMANDS,
    moving.COMMANDS,
):
    for command in family:
        cli.add_command(command)
cli.add_command(doctor.doctor)

__all__ = ["CONNECTIONS", "cli"]
