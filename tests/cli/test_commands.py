"""The operator's commands, against the test's own database."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from app.cli import cli
from app.domain.outbox import service as outbox
from app.domain.shops import service as shops
from app.kernel.crypto import Keyring
from app.kernel.db import Database
from tests.builders import NOON, a_shop
from tests.channels.smtp_sink import free_port
from tests.cli.at_the_terminal import KEY, Terminal, terminal_of
from tests.web.staging import House, build, house

__all__ = ["build", "house"]

OPERATIONS = (Path(__file__).parents[2] / "docs/operations.md").read_text(encoding="utf-8")


def test_a_role_that_walks_through_walls_is_refused(servers: Any) -> None:
    result = Terminal(servers.postgres.admin_url).run("migrate")
    assert result.exit_code == 1
    assert "row-level security" in result.output


def test_new_keys_for_a_carrier_take_up_what_the_old_ones_stopped(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        outbox.owe_once(session, shop.id, "track", [str(shop.id)])
        claims = outbox.claim(session, shop.id, "track", NOON, 1)
        outbox.park(session, shop.id, claims, "bad_key")
    given = '{"api_key": "fresh"}'
    result = terminal_of(db).run("carrier", shop.public_id, "dhl", "--credentials", "-", given=given)
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
    result = terminal_of(db).run("resume", shop.public_id, "deliver")
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
        assert terminal_of(db).run("replay", whose.public_id, str(number)).exit_code == code
    with db.transaction(shop.id) as session:
        assert session.scalars(text("SELECT state FROM inbox ORDER BY id")).all() == ["received", "applied"]
        assert session.execute(text("SELECT kind, ref FROM outbox")).all() == [("ingest", str(there))]


# --- how a command ends -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", cli.commands.values(), ids=lambda command: command.name or "")
def test_a_command_says_what_it_is_for(command: Any) -> None:
    assert command.get_short_help_str()


@pytest.mark.parametrize("name", cli.commands)
def test_a_command_stands_in_the_table_of_commands(name: str) -> None:
    rows = [line.partition(" | ")[0] for line in OPERATIONS.splitlines() if line.startswith("| `")]
    assert any(re.search(rf"`{name}\b", row) for row in rows)


def is_one_sentence(output: str) -> bool:
    return output.startswith("Error: ") and output.count("\n") == 1 and "Traceback" not in output


def test_a_database_that_is_away_is_told_in_a_sentence_and_may_be_tried_again(db: Database) -> None:
    result = Terminal(f"postgres://encore:x@127.0.0.1:{free_port()}/encore").run("audit")
    assert (result.exit_code, is_one_sentence(result.output)) == (3, True), result.output
    assert "DATABASE_URL" in result.output


def test_a_database_without_tables_names_the_command_that_makes_them(servers: Any, db: Database) -> None:
    servers.postgres.create_database("encore_empty")
    try:
        result = Terminal(servers.postgres.url("encore_empty")).run("audit")
    finally:
        servers.postgres.drop_database("encore_empty")
    assert (result.exit_code, is_one_sentence(result.output)) == (1, True), result.output
    assert "python -m app.cli migrate" in result.output


def test_a_store_that_is_away_may_be_tried_again_and_one_that_is_none_may_not(db: Database) -> None:
    keys = '{"consumer_key": "ck_x", "consumer_secret": "cs_x"}'
    for url, code in ((f"http://127.0.0.1:{free_port()}", 3), ("http://user@127.0.0.1", 1)):
        result = terminal_of(db).run("connect", "woocommerce", url, "--credentials", "-", given=keys)
        assert (result.exit_code, is_one_sentence(result.output)) == (code, True), result.output


@pytest.mark.parametrize(
    ("given", "words"),
    [("{", "line 1 is not JSON"), ("[1]", "names and values in braces"), ("{}", "missing: consumer_key")],
)
def test_keys_that_are_none_are_told(db: Database, given: str, words: str) -> None:
    result = terminal_of(db).run("connect", "woocommerce", "http://x", "--credentials", "-", given=given)
    assert result.exit_code in (1, 2)
    assert words in result.output


def test_settings_that_do_not_fit_are_told_at_once(db: Database) -> None:
    a_shop(db)
    result = terminal_of(db).run("settings", "shop.example", given='{"nonsense": 1, "voice": "loud"}')
    assert result.exit_code == 1
    assert {"nonsense", "voice"} <= set(re.findall(r"^(?:Error: )?(\w+)", result.output, re.MULTILINE))


def test_a_shop_has_two_names_and_an_unknown_one_shows_which_there_are(db: Database) -> None:
    shop = a_shop(db)
    for name in (shop.public_id, "shop.example"):
        assert terminal_of(db).run("resume", name, "pull").exit_code == 0
    result = terminal_of(db).run("resume", "nobody", "pull")
    assert result.exit_code == 1
    assert f"{shop.public_id}  shop.example (woocommerce)" in result.output


def test_two_stores_of_one_domain_are_told_apart_by_their_ids(db: Database) -> None:
    a_shop(db)
    a_shop(db, platform="shopify")
    result = terminal_of(db).run("resume", "shop.example", "pull")
    assert result.exit_code == 1
    assert "More than one shop" in result.output


# --- links --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [(), ("--shop", "shop.example")])
def test_a_login_link_opens_the_console_once(house: House, words: tuple[str, ...]) -> None:
    shop = house.shop()
    terminal = terminal_of(house.runtime.db, SECRET_KEYS="t1:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=")
    printed = terminal.run("login-link", *words).output.strip()
    path = printed.removeprefix("https://encore.example")
    client = house.client()
    assert client.get(path).status_code == 303
    assert client.get(f"/console/{shop.public_id}/orders").status_code == 200
    assert house.client().get(path).status_code != 303


def test_a_key_gets_the_name_that_it_is_given(db: Database) -> None:
    assert re.fullmatch(r"k2:[\w-]{43}=\n", terminal_of(db).run("make-key", "--name", "k2").output)
