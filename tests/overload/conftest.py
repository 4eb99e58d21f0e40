"""Fixtures of the overload tests: the stage of the fault tests, and what many deliveries look like."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Servers
from tests.faults.stage import Stage, raised


@pytest.fixture
def stage(servers: Servers, tmp_path: Path) -> Iterator[Stage]:
    with raised(servers, tmp_path, "overload") as stage:
        yield stage
