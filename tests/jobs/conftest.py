"""A whole runtime over the test's own servers."""

from __future__ import annotations

import pytest
from redis import Redis

from app.kernel.clock import SetClock
from app.kernel.config import Settings
from app.kernel.crypto import Keyring
from app.kernel.db import Database
from app.kernel.http import Http
from app.kernel.runtime import Runtime, hold


@pytest.fixture
def runtime(db: Database, clock: SetClock, http: Http, keys: Keyring, valkey: Redis) -> Runtime:
    settings = Settings(
        database_url=str(db.engine.url),
        valkey_url="redis://unused",
        valkey_checks_certificate=True,
        public_url="https://encore.example",
        secret_keys=(("k1", bytes(32)),),
        allow_private_addresses=True,
    )
    held = Runtime(settings=settings, db=db, clock=clock, http=http, keys=keys, valkey=valkey)
    hold(held)
    return held
