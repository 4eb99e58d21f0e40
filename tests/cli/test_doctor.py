"""The command that looks at everything: a line a finding, and an exit code that a script can read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.outbox import service as outbox
from app.domain.shops import service as shops
from app.kernel.crypto import Keyring
from app.kernel.db import Database
from tests.builders import a_shop
from tests.channels.smtp_sink import free_port
from tests.cli.at_the_terminal import KEY, Terminal, terminal_of
from tests.conftest import Servers
from tests.kernel.loopback import answer, serving

AWAY = f"postgres://encore:x@127.0.0.1:{free_port()}/encore"


def findings(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def doctor(terminal: Terminal, *words: str) -> tuple[int, list[dict[str, Any]]]:
    """Nobody is asked but this machine: the house's own address is here, and its mail comes from a domain that is none."""
    with serving(lambda _: [answer(b"ok")]) as web:
        terminal.environ |= {"PUBLIC_URL": web.url.rstrip("/"), "MAIL_FROM": "encore@localhost"}
        result = terminal.run("doctor", "--json", *words)
    return result.exit_code, findings(result.output)


def test_every_part_is_looked_at_and_what_is_broken_decides(db: Database, servers: Servers) -> None:
    code, found = doctor(terminal_of(db, REDIS_URL=servers.valkey_url))
    levels = {finding["check"]: finding["level"] for finding in found}
    assert {"database", "wall", "schema", "clock", "valkey", "worker", "address"} <= {
        check for check, level in levels.items() if level == "ok"
    }
    assert (levels["mail server"], levels["sender"], code) == ("look", "broken", 1)


def test_a_shop_is_named_beside_what_is_found_of_it(db: Database, servers: Servers) -> None:
    shop = a_shop(db, base_url=f"http://127.0.0.1:{free_port()}")
    with db.transaction(shop.id) as session:
        for name in ("consumer_key", "consumer_secret", "webhook_secret"):
            shops.store_secret(session, Keyring([("k1", KEY)]), shop.id, name, name)
        outbox.owe(session, shop.id, "deliver", ["1"])
        session.execute(text("UPDATE outbox SET parked_at = now(), last_error = 'circuit_breaker'"))
    _, found = doctor(terminal_of(db, REDIS_URL=servers.valkey_url), "shop.example")
    of_the_shop = {finding["check"]: finding for finding in found if finding["shop"] == shop.public_id}
    assert {check: finding["level"] for check, finding in of_the_shop.items()} == {
        "secrets": "ok",
        "store": "broken",
        "webhooks": "look",
        "orders": "look",
        "work": "look",
    }
    told = terminal_of(db, PUBLIC_URL=f"http://127.0.0.1:{free_port()}").run("doctor").output
    assert "broken  shop.example: store: Our keys do not open it. The other side did not answer." in told


@pytest.mark.parametrize("is_there", [False, True], ids=["away", "empty"])
def test_a_database_without_an_answer_or_tables_keeps_nothing_else_from_being_looked_at(
    servers: Servers, is_there: bool
) -> None:
    url = AWAY
    if is_there:
        servers.postgres.create_database("encore_untouched")
        url = servers.postgres.url("encore_untouched")
    try:
        code, found = doctor(Terminal(url))
    finally:
        servers.postgres.drop_database("encore_untouched")
    levels = {finding["check"]: finding["level"] for finding in found}
    assert code == 1
    assert levels["schema" if is_there else "database"] == "broken"
    assert levels["valkey"] == "broken"
    assert levels["address"] == "ok"
