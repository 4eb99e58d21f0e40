"""The house gets a new key while it works: nobody notices, and the old one can be taken away."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from sqlalchemy import text

from app.domain.shops import service as shops
from app.kernel.crypto import Keyring, sealed_by
from app.kernel.db import Database
from tests.builders import a_shop
from tests.cli.at_the_terminal import KEY, SECRET_KEYS, Terminal, terminal_of
from tests.conftest import Servers
from tests.faults.stage import Stage, raised
from tests.faults.truth import deliveries

NEW = bytes(reversed(range(32)))
NEW_KEY = f"k2:{base64.b64encode(NEW).decode()}"
BOTH = f"{NEW_KEY},{SECRET_KEYS}"
POSTED = 80
SHOPS = 40
"""Others in the same house, so that a rotation takes a while."""


def sealing(db: Database, shop_id: int) -> set[str]:
    with db.transaction(shop_id) as session:
        return set(shops.sealing_keys(session, shop_id))


def test_every_secret_is_sealed_with_the_first_key_and_opens_without_the_other(db: Database) -> None:
    made = [a_shop(db, domain=f"shop{number}.example") for number in range(3)]
    for shop in made:
        with db.transaction(shop.id) as session:
            shops.store_secret(session, Keyring([("k1", KEY)]), shop.id, "access_token", shop.public_id)
            shops.recipient_key(session, Keyring([("k1", KEY)]), shop.id)
    result = terminal_of(db, SECRET_KEYS=BOTH).run("rotate-keys")
    assert result.exit_code == 0
    assert "6 secrets were sealed anew with k2, and 6 are sealed with it now." in result.output
    assert "k1: no secret needs it any more." in result.output
    for shop in made:
        with db.transaction(shop.id) as session:
            alone = Keyring([("k2", NEW)])
            assert shops.secrets_of(session, alone, shop.id) == {"access_token": shop.public_id}
            assert shops.unreadable_secrets(session, alone, shop.id) == []
    assert "0 secrets were sealed anew" in terminal_of(db, SECRET_KEYS=BOTH).run("rotate-keys").output


def test_a_secret_that_no_key_opens_stays_and_is_told(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        shops.store_secret(session, Keyring([("gone", KEY)]), shop.id, "access_token", "x")
    result = terminal_of(db, SECRET_KEYS=BOTH).run("rotate-keys")
    assert result.exit_code == 1
    assert "1 secrets are sealed with keys that SECRET_KEYS does not hold (gone)" in result.output
    assert sealing(db, shop.id) == {"gone"}


def test_a_secret_that_is_replaced_at_this_moment_stays_as_it_was_replaced(db: Database) -> None:
    shop, both = a_shop(db), Keyring([("k2", NEW), ("k1", KEY)])
    with db.transaction(shop.id) as session:
        shops.store_secret(session, Keyring([("k1", KEY)]), shop.id, "access_token", "old")
    with ThreadPoolExecutor(1) as pool, db.transaction(shop.id) as first:
        shops.store_secret(first, both, shop.id, "access_token", "new")
        rotation: Future[int] = pool.submit(reseal, db, both, shop.id)
    assert rotation.result() == 0
    with db.transaction(shop.id) as session:
        assert shops.secrets_of(session, both, shop.id) == {"access_token": "new"}


def reseal(db: Database, keys: Keyring, shop_id: int) -> int:
    with db.transaction(shop_id) as session:
        return shops.reseal_secrets(session, keys, shop_id)


@pytest.fixture
def stage(servers: Servers, tmp_path: Path) -> Iterator[Stage]:
    with raised(servers, tmp_path, "rotation") as stage:
        for number in range(SHOPS):
            shop = a_shop(stage.db, domain=f"neighbour{number}.example")
            with stage.db.transaction(shop.id) as session:
                session.execute(text("UPDATE shop SET is_connected = false WHERE id = :id"), {"id": shop.id})
                for name in ("access_token", "consumer_key", "consumer_secret", "webhook_secret"):
                    shops.store_secret(session, Keyring([("k1", KEY)]), shop.id, name, name)
        yield stage


@pytest.mark.timeout(180)
def test_web_and_worker_go_on_while_keys_are_rotated_to_and_fro(stage: Stage) -> None:
    stage.start_web(SECRET_KEYS=BOTH)
    stage.start_worker(SECRET_KEYS=BOTH)
    told = deliveries(POSTED)
    with ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(post, stage, delivery.body, delivery.headers) for delivery in told]
        rings = (BOTH, f"{SECRET_KEYS},{NEW_KEY}", BOTH)
        outputs = [rotate(stage, ring) for ring in rings]
    assert {answer.result() for answer in answers} == {200}
    assert all("0 secrets were sealed anew" not in output for output in outputs)
    stage.seconds_until_quiet()
    assert stage.count("SELECT count(*) FROM orders") == POSTED
    assert stage.count("SELECT count(*) FROM inbox WHERE state <> 'applied'") == 0
    said = stage.said()
    assert '"level": "error"' not in said
    assert "sealed_value_unreadable" not in said
    with stage.db.transaction(stage.shop.id) as session:
        sealed = session.scalars(text("SELECT sealed FROM credential")).all()
    assert {sealed_by(value) for value in sealed} == {"k2"}


def post(stage: Stage, body: bytes, headers: dict[str, str]) -> int:
    return requests.post(stage.hook(), data=body, headers=headers, timeout=10).status_code


def rotate(stage: Stage, ring: str) -> str:
    result = Terminal(stage.environ["DATABASE_URL"], {**stage.environ, "SECRET_KEYS": ring}).run("rotate-keys")
    assert result.exit_code == 0, result.output
    return result.output
