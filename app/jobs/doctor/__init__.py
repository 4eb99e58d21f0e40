"""Is everything as it should be? Small checks, each of which says what to do when it is not."""

from __future__ import annotations

from collections.abc import Iterator

from app.jobs.doctor import house, mail
from app.jobs.doctor.finding import Finding
from app.kernel.dns import Names
from app.kernel.runtime import Runtime


def examine_house(runtime: Runtime, names: Names, selector: str = "") -> Iterator[Finding]:
    """Everything that all shops share, one finding after the other as it is made. `selector` names the sender's DKIM key."""
    has_database = house.is_reachable(runtime)
    has_tables = has_database and house.is_migrated(runtime)
    yield from house.database(runtime)
    if has_tables:
        yield from house.compression(runtime)
    if has_database:
        yield from house.clock(runtime)
    yield from house.valkey(runtime)
    if has_tables:
        yield from house.workers(runtime)
    yield from house.address(runtime)
    yield from mail.server(runtime.settings)
    yield from mail.sender(runtime.settings, names, selector)
