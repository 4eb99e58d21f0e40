"""A shop moves to another house, and nobody who has a link or waits for a letter notices."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy import text

from app.channels import CHANNELS
from app.channels.console import Console
from app.domain.outbox import service as outbox
from app.domain.schema import METADATA
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.jobs.relay import hint_due_work
from app.kernel.clock import SystemClock
from app.kernel.db import Database
from app.kernel.runtime import Runtime
from app.web import create_app
from tests.builders import a_shop
from tests.cli.at_the_terminal import Terminal, terminal_of
from tests.conftest import Servers
from tests.domain.portability.made_rows import fill
from tests.faults.stage import wait_until
from tests.faults.truth import SECRET, Delivery, deliveries
from tests.jobs.line import run_until_quiet

RING = f"t1:{base64.b64encode(bytes([7]) * 32).decode()}"
OTHER_RING = f"t1:{base64.b64encode(bytes([8]) * 32).decode()}"


@dataclass(slots=True)
class Installation:
    """A house with its own database, its shell, and what it would do if its processes ran."""

    runtime: Runtime
    terminal: Terminal

    def tell(self, shop: ShopFacts, *told: Delivery) -> None:
        client = create_app(self.runtime).test_client()
        for delivery in told:
            path = f"/hooks/{shop.platform}/{shop.public_id}"
            assert client.post(path, data=delivery.body, headers=delivery.headers).status_code == 200

    def page(self, link: str) -> str:
        """The shopper's page behind a link, without what is made anew for every visit."""
        answer = create_app(self.runtime).test_client().get(link.removeprefix("https://encore.example"))
        assert answer.status_code == 200
        return answer.text

    def shop(self) -> ShopFacts:
        with self.runtime.db.house() as session:
            found = shops.find_shop_by_domain(session, "woocommerce", "shop.example")
        assert found
        return found

    def letters(self) -> list[tuple[str, str]]:
        """(follow-up, state) of every message."""
        shop = self.shop()
        with self.runtime.db.transaction(shop.id) as session:
            rows = session.execute(text("SELECT follow_up, state FROM message ORDER BY id"))
            return [(row.follow_up, row.state) for row in rows]


@pytest.fixture
def here(runtime: Runtime) -> Installation:
    working = replace(runtime, clock=SystemClock())
    return Installation(working, terminal_of(runtime.db, SECRET_KEYS=RING))


@pytest.fixture
def there(runtime: Runtime, servers: Servers) -> Iterator[Installation]:
    suffix = f"there_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    url = servers.new_database(suffix)
    with closing(Database(url)) as db:
        for number in range(3):
            a_shop(db, domain=f"neighbour{number}.example")
        working = replace(runtime, db=db, clock=SystemClock())
        yield Installation(working, Terminal(url, {"SECRET_KEYS": RING}))
    servers.postgres.drop_database(f"{servers.template}_{suffix}")


@pytest.fixture
def shop(here: Installation) -> ShopFacts:
    a_shop(here.runtime.db, domain="first.example")
    shop = a_shop(here.runtime.db, base_url="http://127.0.0.1:9")
    with here.runtime.db.transaction(shop.id) as session:
        shops.store_secret(session, here.runtime.keys, shop.id, "webhook_secret", SECRET)
    return shop


@pytest.fixture
def mailbox(runtime: Runtime) -> Console:
    """Where both houses' letters end up."""
    console = CHANNELS["email"](runtime.settings)
    assert isinstance(console, Console)
    console.letters.clear()
    return console


def test_a_shop_that_moves_keeps_its_links_its_secrets_and_its_letters_and_writes_to_nobody_twice(
    here: Installation, there: Installation, shop: ShopFacts, mailbox: Console, tmp_path: Path
) -> None:
    said, unsaid, unread = deliveries(3)[:3]
    here.tell(shop, said)
    run_until_quiet(here.runtime, shop)
    here.tell(shop, unsaid)
    run_until_quiet(here.runtime, shop, "ingest", "plan")
    here.tell(shop, unread)
    link = here.terminal.run("track-link", shop.public_id, said.ref).output.strip()
    page = here.page(link)
    assert here.letters() == [("thank_you", "sent"), ("thank_you", "planned")]

    path = str(tmp_path / "shop.zip")
    assert here.terminal.run("export", "shop.example", path).exit_code == 0
    assert here.terminal.run("erase", "shop.example", given="shop.example\n").exit_code == 0
    restored = there.terminal.run("restore", path, "--resume")
    assert restored.exit_code == 0, restored.output
    assert shop.public_id in restored.output

    moved = there.shop()
    assert moved.id != shop.id
    assert there.page(link) == page
    there.tell(moved, said, unsaid)  # the store delivers again, signed with the secret that came along
    run_until_quiet(there.runtime, moved)
    assert there.letters() == [("thank_you", "sent")] * 3
    written = Counter(letter.key for letter in mailbox.letters)
    assert len(written) == 3
    assert set(written.values()) == {1}


def test_what_may_have_been_said_elsewhere_waits_and_news_from_before_are_nobodys(
    here: Installation, there: Installation, shop: ShopFacts, mailbox: Console, tmp_path: Path
) -> None:
    before, between = deliveries(2)[:2]
    here.tell(shop, before)
    run_until_quiet(here.runtime, shop, "ingest", "plan")
    path = str(tmp_path / "shop.zip")
    here.terminal.run("export", "shop.example", path)
    here.tell(shop, between)  # the other house goes on: it sends both letters
    run_until_quiet(here.runtime, shop)
    assert len(mailbox.letters) == 2

    restored = there.terminal.run("restore", path)
    assert "Letters that were due are held" in restored.output
    moved = there.shop()
    there.tell(moved, between)
    run_until_quiet(there.runtime, moved)
    assert len(mailbox.letters) == 2
    with there.runtime.db.transaction(moved.id) as session:
        assert session.scalar(text("SELECT last_error FROM outbox WHERE kind = 'deliver'")) == "restored"
        assert session.scalar(text("SELECT count(*) FROM orders")) == 2


def test_a_database_that_was_brought_back_repeats_no_letter(
    here: Installation, shop: ShopFacts, mailbox: Console
) -> None:
    """A backup is what the rows were: the letter is planned, and it has left since."""
    first, unseen, fresh = deliveries(3)[:3]
    here.tell(shop, first)
    run_until_quiet(here.runtime, shop, "ingest", "plan")
    result = here.terminal.run("hold")
    assert result.output.startswith("1 pieces of work of 2 shops are held.")
    here.tell(shop, first, unseen)
    run_until_quiet(here.runtime, shop)
    assert here.letters() == [("thank_you", "planned")]
    assert not mailbox.letters
    assert here.terminal.run("resume", "shop.example", "deliver").exit_code == 0
    run_until_quiet(here.runtime, shop)
    assert here.letters() == [("thank_you", "sent")]
    here.tell(shop, told_anew(fresh, here.runtime.clock.now() + timedelta(seconds=1)))
    time.sleep(1)  # a store counts in whole seconds, so it was placed after the holding and is due by now
    run_until_quiet(here.runtime, shop)
    assert here.letters() == [("thank_you", "sent")] * 2


def told_anew(delivery: Delivery, at: datetime) -> Delivery:
    """The same order, placed at another moment."""
    order = json.loads(delivery.body)
    order |= {name: f"{at:%Y-%m-%dT%H:%M:%S}" for name in order if name.endswith("_gmt") and order[name]}
    body = json.dumps(order).encode()
    signature = base64.b64encode(hmac.digest(SECRET.encode(), body, hashlib.sha256)).decode()
    return replace(delivery, body=body, headers={**delivery.headers, "X-WC-Webhook-Signature": signature})


def test_a_house_with_other_keys_says_what_to_do(
    here: Installation, there: Installation, shop: ShopFacts, tmp_path: Path
) -> None:
    path = str(tmp_path / "shop.zip")
    here.terminal.run("export", "shop.example", path)
    there.terminal.environ["SECRET_KEYS"] = OTHER_RING
    refused = there.terminal.run("restore", path, "--resume")
    assert refused.exit_code == 1
    assert "sealed with t1 of the other installation" in refused.output
    accepted = there.terminal.run("restore", path, "--resume", "--without-keys")
    assert accepted.exit_code == 0
    assert "Links in letters sent so far do not open here: they were signed with t1" in accepted.output


def test_files_are_neither_written_over_nor_believed(here: Installation, shop: ShopFacts, tmp_path: Path) -> None:
    path = tmp_path / "shop.zip"
    path.write_text("mine", encoding="utf-8")
    assert here.terminal.run("export", "shop.example", str(path)).exit_code == 1
    assert path.read_text(encoding="utf-8") == "mine"
    result = here.terminal.run("restore", str(path))
    assert (result.exit_code, "no export of a shop" in result.output) == (1, True)
    result = here.terminal.run("export", "shop.example", str(tmp_path / "nowhere/shop.zip"))
    assert (result.exit_code, "could not be written" in result.output) == (1, True)


def test_a_shop_is_not_erased_by_a_slip(here: Installation, shop: ShopFacts) -> None:
    for typed in ("yes\n", "\n", "first.example\n"):
        assert here.terminal.run("erase", "shop.example", given=typed).exit_code == 1
    assert here.shop().public_id == shop.public_id


def test_an_erased_shop_leaves_nothing_behind_in_database_or_valkey(
    here: Installation, shop: ShopFacts, servers: Servers, valkey: Redis
) -> None:
    db = here.runtime.db
    with db.transaction(shop.id) as session:
        fill(session, here.runtime.keys, shop.id)
        outbox.owe(session, shop.id, "ingest", ["1"])
    assert hint_due_work(here.runtime) > 0
    here.terminal.environ["REDIS_URL"] = servers.valkey_url
    result = here.terminal.run("erase", "shop.example", "--yes")
    assert result.exit_code == 0, result.output
    rows = int(re.findall(r"^([\d,]+) rows", result.output)[0].replace(",", ""))
    assert rows > 3 * (len(METADATA.tables) - 1)
    assert not [key for key in valkey.scan_iter() if re.search(rb"(:|/)%d$" % shop.id, key)]
    assert not [key for key in valkey.scan_iter("rq:job:*") if str(shop.id) in str(job_arguments(valkey, key))]
    client = create_app(here.runtime).test_client()
    (late,) = deliveries(1)[:1]
    status = client.post(f"/hooks/{shop.platform}/{shop.public_id}", data=late.body, headers=late.headers).status_code
    assert status == 404


def job_arguments(valkey: Redis, key: bytes) -> list[Any]:
    data = valkey.hget(key, "data")
    assert isinstance(data, bytes)
    return json.loads(zlib.decompress(data))[2]


def test_deliveries_that_come_in_while_a_shop_is_erased_go_with_it(here: Installation, shop: ShopFacts) -> None:
    """The last step holds the shop's own row: whoever writes waits for it, and then there is no shop to write for."""
    client, answers = create_app(here.runtime).test_client(), list[int]()
    path, over = f"/hooks/{shop.platform}/{shop.public_id}", threading.Event()

    def post() -> None:
        for delivery in cycle(deliveries(200)):
            answers.append(client.post(path, data=delivery.body, headers=delivery.headers).status_code)
            if over.is_set():
                return

    posting = threading.Thread(target=post)
    posting.start()
    assert wait_until(lambda: len(answers) > 20, 10)
    result = here.terminal.run("erase", "shop.example", "--yes")
    over.set()
    posting.join()
    assert result.exit_code == 0, result.output
    assert set(answers) <= {200, 404, 503}
    assert answers[-1] != 200
    with here.runtime.db.transaction(shop.id) as session:
        for table in METADATA.sorted_tables:
            local = "id" if table.name == "shop" else "shop_id"
            left = text(f'SELECT count(*) FROM "{table.name}" WHERE {local} = :id')  # noqa: S608
            assert session.scalar(left, {"id": shop.id}) == 0


def test_an_export_keeps_what_is_due_for_later(
    here: Installation, there: Installation, shop: ShopFacts, tmp_path: Path
) -> None:
    later = here.runtime.clock.now() + timedelta(days=9)
    with here.runtime.db.transaction(shop.id) as session:
        outbox.owe(session, shop.id, "deliver", ["77"], later)
    path = str(tmp_path / "shop.zip")
    here.terminal.run("export", "shop.example", path)
    there.terminal.run("restore", path, "--hold")
    moved = there.shop()
    with there.runtime.db.transaction(moved.id) as session:
        job = outbox.find(session, moved.id, "deliver", "77")
        assert job
        assert (job.due_at, job.parked_at) == (later, None)
