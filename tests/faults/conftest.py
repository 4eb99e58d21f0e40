"""The stage that most of these tests stand on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Servers
from tests.faults.stage import Stage, raised


@pytest.fixture
def stage(servers: Servers, tmp_path: Path) -> Iterator[Stage]:
    """A shop whose store says nothing but what the test posts."""
    with raised(servers, tmp_path) as stage:
        yield stage
