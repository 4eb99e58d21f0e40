"""Fixtures of the overload tests: the stage of the fault tests. With the long counts it stands on a Postgres of its own that keeps
its tables clean, because a backlog of tens of thousands without vacuum and statistics is no true one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from app.kernel import migrate
from app.kernel.db import Database
from sandbox.servers import postgres
from tests.conftest import Servers
from tests.faults.stage import Stage, raised
from tests.trials import LONG

TEMPLATE = "encore_overload"


@pytest.fixture(scope="package", name="ground")
def true_ground(servers: Servers) -> Iterator[Servers]:
    if not LONG:
        yield servers
        return
    with TemporaryDirectory(prefix="encore-overload-") as folder:
        Path(folder).chmod(0o711)  # as root, Postgres runs as somebody who must reach its data
        server = postgres.start(Path(folder), durable=True)
        try:
            server.create_database(TEMPLATE)
            with closing(Database(server.url(TEMPLATE))) as db:
                migrate.upgrade(db)
            yield Servers(server, servers.valkey_url, TEMPLATE)
        finally:
            server.stop()


@pytest.fixture
def stage(ground: Servers, tmp_path: Path) -> Iterator[Stage]:
    with raised(ground, tmp_path, "overload") as stage:
        yield stage
