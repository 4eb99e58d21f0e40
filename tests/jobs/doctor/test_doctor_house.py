"""What is said of database, Valkey, clock, address and workers, each in order and not."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace

import pytest
from redis import Redis
from sqlalchemy import text

from app.domain.outbox import service as outbox
from app.jobs.doctor import house
from app.jobs.doctor.finding import Finding, Level
from app.kernel.db import Database
from app.kernel.http import Http
from app.kernel.migrate import newest
from app.kernel.runtime import Runtime
from tests.builders import a_shop
from tests.conftest import Servers
from tests.kernel.loopback import answer, serving


def levels(found: Iterable[Finding]) -> dict[str, Level]:
    return {finding.check: finding.level for finding in found}


def nobody() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


def test_a_database_as_it_should_be_is_in_order(runtime: Runtime) -> None:
    assert levels(house.database(runtime)) == dict.fromkeys(("database", "wall", "schema"), Level.OK)
    assert levels(house.compression(runtime)) == {"compression": Level.OK}


def test_a_database_that_does_not_answer_is_broken_and_nothing_else_is_asked(runtime: Runtime) -> None:
    with closing(Database(f"postgresql+psycopg://encore:x@127.0.0.1:{nobody()}/encore")) as away:
        assert levels(house.database(replace(runtime, db=away))) == {"database": Level.BROKEN}


def test_a_role_that_walks_through_walls_is_broken(runtime: Runtime, servers: Servers) -> None:
    url = servers.postgres.admin_url.replace("postgresql://", "postgresql+psycopg://")
    with closing(Database(url)) as unbound:
        assert levels(house.database(replace(runtime, db=unbound)))["wall"] is Level.BROKEN


@pytest.mark.parametrize(("at", "level"), [("0001", Level.BROKEN), ("9999", Level.LOOK)])
def test_another_schema_than_the_codes_is_named(runtime: Runtime, at: str, level: Level) -> None:
    change = text("UPDATE alembic_version SET version_num = :at")
    with runtime.db.house() as session:
        session.execute(change, {"at": at})
    try:
        (found,) = [finding for finding in house.database(runtime) if finding.check == "schema"]
    finally:
        with runtime.db.house() as session:
            session.execute(change, {"at": newest()})
    assert found.level is level
    assert at in found.sentence


def test_valkey_answers_or_does_not(runtime: Runtime) -> None:
    assert levels(house.valkey(runtime)) == {"valkey": Level.OK}
    with Redis(host="127.0.0.1", port=nobody()) as away:
        assert levels(house.valkey(replace(runtime, valkey=away))) == {"valkey": Level.BROKEN}


def test_the_clocks_agree_and_a_fast_one_is_shown(runtime: Runtime) -> None:
    fast = replace(runtime, settings=replace(runtime.settings, clock_rate=60.0))
    assert [finding.level for finding in house.clock(runtime)] == [Level.OK]
    assert [finding.level for finding in house.clock(fast)] == [Level.OK, Level.LOOK]


def with_address(runtime: Runtime, url: str, *, is_private: bool = True) -> Runtime:
    settings = replace(runtime.settings, public_url=url, allow_private_addresses=is_private)
    return replace(runtime, settings=settings, http=Http(allow_private_addresses=is_private, resolve=by_number_only))


def by_number_only(host: str, _port: int) -> list[str]:
    """No name server is asked."""
    if not host.replace(".", "").isdigit():
        raise OSError
    return [host]


def test_our_own_address_leads_to_us_or_to_somebody_else(runtime: Runtime) -> None:
    with serving(lambda request: [answer(b"ok", "200 OK" if b"/healthz" in request else "404 Not Found")]) as web:
        assert levels(house.address(with_address(runtime, web.url.rstrip("/")))) == {"address": Level.OK}
    with serving(lambda _: [answer(b"parked", "404 Not Found")]) as stranger:
        (found,) = house.address(with_address(runtime, stranger.url.rstrip("/")))
        assert found.level is Level.BROKEN
        assert "answers 404" in found.sentence


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://encore.example.com", "https only"),
        ("https://127.0.0.1", "not on the public internet"),
        ("https://encore.invalid", "does not answer from here"),
    ],
)
def test_an_address_that_no_store_could_reach_is_broken(runtime: Runtime, url: str, words: str) -> None:
    (found,) = house.address(with_address(runtime, url, is_private=False))
    assert found.level is Level.BROKEN
    assert words in found.sentence


def test_work_that_nobody_takes_up_is_shown(runtime: Runtime) -> None:
    assert levels(house.workers(runtime)) == {"worker": Level.OK}
    shop = a_shop(runtime.db)
    with runtime.db.transaction(shop.id) as session:
        outbox.owe(session, shop.id, "pull", ["orders"])
        session.execute(text("UPDATE outbox SET created_at = now() - interval '10 minutes'"))
    assert levels(house.workers(runtime)) == {"worker": Level.LOOK}
