"""The operator's commands, against the test's own database."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from app.cli import cli
from app.domain.outbox import service as outbox
from app.domain.shops import service as shops
from app.kernel.crypto import Keyring
from app.kernel.db import Database
from app.kernel.runtime import held
from tests.builders import NOON, a_shop

KEY = bytes(range(32))


def run(url: str, *words: str, given: str = "") -> Result:
    environ = {
        "DATABASE_URL": url,
        "REDIS_URL": "redis://127.0.0.1:9",
        "PUBLIC_URL": "https://encore.example",
        "SECRET_KEYS": f"k1:{base64.b64encode(KEY).decode()}",
    }
    result = CliRunner().invoke(cli, list(words), env=environ, input=given)
    held().db.close()
    return result


def url_of(db: Database) -> str:
    return db.engine.url.render_as_string(hide_password=False)


def test_a_role_that_walks_through_walls_is_refused(servers: Any) -> None:
    result = run(servers.postgres.admin_url, "migrate")
    assert result.exit_code == 1
    assert "row-level security" in result.output


def test_new_keys_for_a_carrier_take_up_what_the_old_ones_stopped(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        outbox.owe_once(session, shop.id, "track", [str(shop.id)])
        claims = outbox.claim(session, shop.id, "track", NOON, 1)
        outbox.park(session, shop.id, claims, "bad_key")
    given = '{"api_key": "fresh"}'
    result = run(url_of(db), "carrier", shop.public_id, "dhl", "--credentials", "-", given=given)
    assert result.exit_code == 0, result.output
    with db.house() as session:
        assert session.scalar(text("SELECT parked_at IS NULL FROM outbox"))


@pytest.mark.parametrize("name", ["consumer_key", "webhook_secret", "carrier:dhl"])
def test_what_no_key_opens_is_forgotten_so_that_the_shop_can_be_connected_anew(db: Database, name: str) -> None:
    shop, keys = a_shop(db), Keyring([("k1", KEY)])
    with db.transaction(shop.id) as session:
        shops.store_secret(session, Keyring([("gone", KEY)]), shop.id, name, "old")
        shops.store_secret(session, keys, shop.id, "consumer_secret", "kept")
        assert shops.forget_unreadable_secrets(session, keys, shop.id) == [name]
        assert shops.secrets_of(session, keys, shop.id) == {"consumer_secret": "kept"}


def test_parked_work_is_taken_up_when_somebody_says_so(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        outbox.owe(session, shop.id, "deliver", ["1", "2"])
        outbox.park(session, shop.id, outbox.claim(session, shop.id, "deliver", NOON, 9), "circuit_breaker")
    result = run(url_of(db), "resume", shop.public_id, "deliver")
    assert result.output.strip() == "2 pieces of work are due again."
    with db.transaction(shop.id) as session:
        assert len(outbox.claim(session, shop.id, "deliver", NOON, 9)) == 2


def test_a_delivery_is_read_again_as_long_as_its_bytes_are_there(db: Database) -> None:
    shop, other = a_shop(db), a_shop(db, domain="other.example")
    kept = "INSERT INTO inbox (shop_id, dedupe_key, topic, event_id, state, body) VALUES (:id, :key, 't', 'e', 'applied', :body)"
    with db.transaction(shop.id) as session:
        session.execute(text(kept), {"id": shop.id, "key": b"a", "body": b"{}"})
        session.execute(text(kept), {"id": shop.id, "key": b"b", "body": None})
        there, gone = session.scalars(text("SELECT id FROM inbox ORDER BY id"))
    for whose, number, code in ((shop, there, 0), (shop, gone, 1), (other, there, 1)):
        assert run(url_of(db), "replay", whose.public_id, str(number)).exit_code == code
    with db.transaction(shop.id) as session:
        assert session.scalars(text("SELECT state FROM inbox ORDER BY id")).all() == ["received", "applied"]
        assert session.execute(text("SELECT kind, ref FROM outbox")).all() == [("ingest", str(there))]
