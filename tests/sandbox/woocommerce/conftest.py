"""The recorded store, rebuilt for each test."""

from __future__ import annotations

import pytest

from tests.sandbox.woocommerce.lab import Lab, build


@pytest.fixture
def lab() -> Lab:
    return build()
