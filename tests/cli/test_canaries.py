"""Hundreds of planted names, addresses and secrets walk through the whole house, while everything that can fail fails: none shows
up in a log, a job, a URL or the house's memory of what happened, and none is left when the shops are erased."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import psycopg
import pytest
import requests
from aiosmtpd.controller import Controller
from click.testing import Result
from redis import Redis
from sqlalchemy import text

from app.domain.schema import METADATA
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.kernel.clock import SystemClock
from app.kernel.crypto import Keyring
from app.kernel.db import Database
from sandbox.faults import Fault, How, Where
from sandbox.serving import Server
from sandbox.shopify import application as shopify
from sandbox.things import Basket
from sandbox.woocommerce import application as woocommerce
from sandbox.woocommerce.auth import ApiKey
from sandbox.world import Store
from tests.channels.smtp_sink import free_port
from tests.cli.at_the_terminal import KEY, Terminal
from tests.cli.canaries import Canaries
from tests.conftest import TRIALS, Servers
from tests.faults.stage import Stage, raised, wait_until
from tests.faults.truth import RECORDED
from tests.sandbox.shops import KEYS as SHOPIFY_KEYS
from tests.sandbox.shops import Fair

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

BUYERS = 12
"""At each store, half of them before it is connected."""
FEWEST = 200
"""Canaries."""
MAY_HOLD = {"inbox", "orders", "customer", "shop", "shop_settings"}
"""Tables that are there to hold what people are called (docs/privacy.md); all others hold ids, codes, numbers and times."""
SECRETS = {"token", "secret"}


class Postman:
    """A mail server that names the recipient in everything it says: one letter is refused, one put off, the others are taken."""

    def __init__(self) -> None:
        self.handled = 0
        self.taken: list[str] = []
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port())

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        (recipient,) = envelope.rcpt_tos
        self.handled += 1
        if self.handled % 5 == 1:
            return f"550 5.1.1 <{recipient}> is unknown here"
        if self.handled % 5 == 2:
            return f"451 4.2.1 mailbox of {recipient} is busy"
        self.taken.append(recipient)
        return f"250 2.0.0 queued for {recipient}"


@dataclass(slots=True)
class Lookout:
    """Everything that ever stood in Valkey, as far as looking again and again can see."""

    valkey: Redis
    seen: set[str] = field(default_factory=set[str])
    stop: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        while not self.stop.wait(0.005):
            self.seen |= set(dump_of(self.valkey))


def dump_of(valkey: Redis) -> Iterator[str]:
    """Every key with its value, compressed ones unpacked."""
    readers: dict[bytes, Callable[[bytes], Any]] = {
        b"string": valkey.get,
        b"hash": lambda key: [part for pair in valkey.hgetall(key).items() for part in pair],
        b"list": lambda key: valkey.lrange(key, 0, -1),
        b"set": valkey.smembers,
        b"zset": lambda key: valkey.zrange(key, 0, -1),
    }
    for key in valkey.scan_iter(count=1000):
        yield key.decode(errors="replace")
        read = readers.get(valkey.type(key))
        value = read(key) if read else None
        for part in value if isinstance(value, list | set) else [value]:
            if isinstance(part, bytes):
                yield unpacked(part)


def unpacked(value: bytes) -> str:
    try:
        return zlib.decompress(value).decode(errors="replace")
    except zlib.error:
        return value.decode(errors="replace")


@dataclass(slots=True)
class Recorder:
    """A store's application, and the address of every call that came in."""

    application: WSGIApplication
    asked: list[str] = field(default_factory=list[str])

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        self.asked.append(f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}")
        return self.application(environ, start_response)


@dataclass(slots=True, kw_only=True)
class Town:
    """Both stores, the house between them, and what was seen of it."""

    stage: Stage
    canaries: Canaries
    fair: Fair
    postman: Postman
    lookout: Lookout
    stores: dict[str, tuple[str, Store]]
    credentials: dict[str, dict[str, str]]
    recorders: list[Recorder]
    printed: list[str] = field(default_factory=list[str])
    connected: dict[str, ShopFacts] = field(default_factory=dict[str, ShopFacts])

    @property
    def web(self) -> str:
        return self.stage.urls[0]

    def type(self, *words: str, given: str = "") -> Result:
        result = Terminal(self.stage.environ["DATABASE_URL"], self.stage.environ).run(*words, given=given)
        self.printed.append(result.output)
        return result

    def buy(self, slug: str, count: int) -> None:
        """Orders in which every word that a person may write is planted."""
        store = self.stores[slug][1]
        variants = next(iter(store.products.values())).variants
        for _ in range(count):
            person = self.canaries.person(ref=store.next_id())
            note = f"Please ring {self.canaries.word('note')}"
            store.place(Basket(customer=person, items=[(variants[0].id, 2)], shipping=490, note=note))

    def connect(self, slug: str) -> None:
        url, _ = self.stores[slug]
        result = self.type("connect", slug, url, "--credentials", "-", given=json.dumps(self.credentials[slug]))
        assert result.exit_code == 0, result.output
        with self.stage.db.house() as session:
            found = next(shop for shop in shops.list_shops(session) if shop.base_url == url)
        self.connected[slug] = found
        choices = {
            "switched_on": ["thank_you", "shipped"],
            "sender_name": self.canaries.word("sender"),
            "sender_address": self.canaries.mail(),
            "phone": self.canaries.phone(),
            "hours": self.canaries.word("hours"),
        }
        assert self.type("settings", found.public_id, given=json.dumps(choices)).exit_code == 0

    def owes(self) -> bool:
        with self.stage.db.house() as session:
            return bool(session.scalar(text("SELECT count(*) FROM outbox WHERE parked_at IS NULL AND failures = 0")))

    def settle(self) -> None:
        """Until only what was put off or stopped is left."""
        assert wait_until(lambda: not self.owes(), 60)


@pytest.fixture
def town(servers: Servers, tmp_path: Path) -> Iterator[Town]:
    with ExitStack() as stack:
        stage = stack.enter_context(raised(servers, tmp_path, "canaries"))
        canaries, postman = Canaries(), Postman()
        postman.controller.start()
        stack.callback(postman.controller.stop)
        lookout = Lookout(stack.enter_context(closing(Redis.from_url(servers.valkey_url))))
        watching = threading.Thread(target=lookout.look)
        watching.start()
        stack.callback(watching.join)
        stack.callback(lookout.stop.set)
        fair = Fair(clock=SystemClock())  # type: ignore[arg-type]
        keys = replace(
            SHOPIFY_KEYS, access_token=f"shpat_{canaries.word('token')}", client_secret=canaries.word("secret")
        )
        key = ApiKey(
            consumer_key=ApiKey.made_from("canaries").consumer_key, consumer_secret=f"cs_{canaries.word('secret')}"
        )
        stage.environ |= {
            "SMTP_URL": f"smtp://127.0.0.1:{postman.controller.port}",
            "SHOPIFY_CLIENT_ID": keys.client_id,
            "SHOPIFY_CLIENT_SECRET": keys.client_secret,
        }
        stage.start_web()
        stage.start_worker()
        stage.environ["PUBLIC_URL"] = stage.urls[0]
        coffee, clothes = Server(), Server()
        shop = woocommerce.application(fair.stage, fair.coffee, (key,), coffee.url, lambda *_: fair.buy(fair.coffee))
        other = shopify.application(fair.stage, fair.clothes, keys, clothes.url, lambda *_: fair.buy(fair.clothes))
        recorders = [Recorder(shop.app), Recorder(other.app)]
        stop = threading.Event()
        telling = threading.Thread(target=shop.deliveries.run, args=(stop,))
        for server, recorder in zip((coffee, clothes), recorders, strict=True):
            server.start(recorder)
            stack.callback(server.stop)
        telling.start()
        stack.callback(telling.join)
        stack.callback(stop.set)
        other.webhooks.start()
        stack.callback(other.webhooks.stop)
        yield Town(
            stage=stage,
            canaries=canaries,
            fair=fair,
            postman=postman,
            lookout=lookout,
            stores={"woocommerce": (coffee.url, fair.coffee), "shopify": (clothes.url, fair.clothes)},
            credentials={
                "woocommerce": {"consumer_key": key.consumer_key, "consumer_secret": key.consumer_secret},
                "shopify": {"access_token": keys.access_token},
            },
            recorders=recorders,
        )


# --- what goes wrong ----------------------------------------------------------------------------------------------------


def bad_deliveries(town: Town) -> None:
    """Signed and useless, unsigned, of unknown kinds, and orders that no table takes."""
    shop, canaries = town.connected["woocommerce"], town.canaries
    with town.stage.db.transaction(shop.id) as session:
        secret = shops.secrets_of(session, Keyring([("k1", KEY)]), shop.id)["webhook_secret"]
    order: dict[str, Any] = RECORDED["body_json"]
    person = {"first_name": canaries.word("first name"), "email": canaries.mail(), "phone": canaries.phone()}
    line = {**order["line_items"][0], "meta_data": [{"key": "engraving", "value": canaries.word("engraving")}]}
    bodies = [
        f'{{"id": 1, "billing": "{canaries.word("half a body")}'.encode(),
        json.dumps(
            {"id": 2, "billing": canaries.word("wrong type"), "line_items": canaries.word("wrong type")}
        ).encode(),
        json.dumps({**order, "id": 900_001, "billing": {**order["billing"], **person}, "line_items": [line]}).encode(),
        json.dumps({**order, "id": 900_002, "customer_note": f"{canaries.word('note')}\x00"}).encode(),
        json.dumps({**order, "id": 900_003, "total": canaries.word("amount")}).encode(),
        json.dumps({**order, "id": 10**30, "customer_ip_address": canaries.word("address")}).encode(),
    ]
    for number, body in enumerate(bodies):
        for topic, key in (("order.updated", secret), ("shop.renamed", secret), ("order.updated", "wrong")):
            signature = base64.b64encode(hmac.digest(key.encode(), body, hashlib.sha256)).decode()
            requests.post(
                f"{town.web}/hooks/woocommerce/{shop.public_id}?from={quote(canaries.mail())}",
                data=body,
                headers={
                    "X-WC-Webhook-Topic": topic,
                    "X-WC-Webhook-ID": "3",
                    "X-WC-Webhook-Delivery-ID": f"d{number}{topic}{len(key)}",
                    "X-WC-Webhook-Signature": signature,
                    "User-Agent": canaries.word("browser"),
                },
                timeout=10,
            )


def bad_visits(town: Town) -> None:
    """Pages asked for with personal things in the address, in headers and in cookies."""
    canaries = town.canaries
    for path in (
        "/t/{}",
        "/t/{}/fresh",
        "/console/enter/{}",
        "/w/woocommerce/tracking?email={}",
        "/{}?name={}",
        "/hooks/{}",
    ):
        asked = path.format(quote(canaries.mail()), canaries.word("name"))
        headers = {"Referer": f"https://mail.example/?q={canaries.mail()}", "X-Forwarded-For": canaries.word("address")}
        answer = requests.get(
            f"{town.web}{asked}", headers=headers, cookies={"encore": canaries.word("cookie")}, timeout=10
        )
        assert answer.status_code >= 400


@contextmanager
def tables_that_refuse(town: Town) -> Iterator[None]:
    """Postgres names the whole row in what it says of a refused one; and one page has lost its table."""
    with town.stage.db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE orders ADD CONSTRAINT no_orders CHECK (email IS NULL) NOT VALID"))
        connection.execute(text("ALTER TABLE hub RENAME TO hub_away"))
    yield
    with town.stage.db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE orders DROP CONSTRAINT no_orders"))
        connection.execute(text("ALTER TABLE hub_away RENAME TO hub"))


def a_page_that_breaks(town: Town, link: str) -> None:
    assert requests.get(f"{town.web}{link}?lang={town.canaries.word('language')}", timeout=10).status_code == 500


def a_tracking_link(town: Town) -> str:
    shop = town.connected["woocommerce"]
    with town.stage.db.transaction(shop.id) as session:
        number = session.scalar(text("SELECT number FROM orders ORDER BY id LIMIT 1"))
    printed = town.type("track-link", shop.public_id, str(number)).output.strip()
    return printed.removeprefix(town.web)


def sulking_stores(town: Town) -> None:
    """Answers that are none, at both stores."""
    for slug in (town.fair.coffee.slug, town.fair.clothes.slug):
        faults = [Fault(where=Where.HTTP, how=how, target=slug, count=1) for how in (How.STATUS, How.HTML, How.CUT)]
        town.fair.stage.faults.add(faults)
    for shop in town.connected.values():
        town.type("back-fill", shop.public_id)


# --- the proof ----------------------------------------------------------------------------------------------------------


def everything_in(url: str) -> dict[str, str]:
    """Every row of every table, and what the planner remembers of them, as somebody sees them whom no wall stops."""
    with psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://")) as connection:
        names = [*METADATA.tables, "alembic_version", "pg_catalog.pg_statistic"]
        return {name: "\n".join(rows_of(connection, name)) for name in names}


def rows_of(connection: psycopg.Connection[Any], name: str) -> Iterator[str]:
    for row in connection.execute(f"SELECT * FROM {name}"):  # type: ignore[call-overload] # noqa: S608
        yield " ".join(value.decode(errors="replace") if isinstance(value, bytes) else str(value) for value in row)


def admin_url(servers: Servers, stage: Stage) -> str:
    return f"{servers.postgres.admin_url.rpartition('/')[0]}/{stage.environ['DATABASE_URL'].rpartition('/')[2]}"


def a_neighbour(db: Database, shop: ShopFacts) -> None:
    """Somebody whose rows stay, so that tables are not empty afterwards."""
    with db.transaction(shop.id) as session:
        for number in range(3):
            session.execute(
                text(
                    "INSERT INTO customer (shop_id, ref, updated_at, email, country, tags, content)"
                    " VALUES (:id, :ref, now(), :email, 'DE', '{}', '')"
                ),
                {"id": shop.id, "ref": str(number), "email": f"stays{number}@example.com"},
            )


@pytest.mark.timeout(240)
def test_nothing_personal_is_told_anywhere_and_nothing_is_left_of_an_erased_shop(
    town: Town, servers: Servers, record_property: Callable[[str, object], None], tmp_path: Path
) -> None:
    stage, canaries = town.stage, town.canaries
    for slug in town.stores:
        town.buy(slug, BUYERS // 2)
        town.connect(slug)
    town.settle()
    for slug in town.stores:
        town.buy(slug, BUYERS // 2)
    assert wait_until(lambda: len(town.postman.taken) >= BUYERS // 2, 60)
    link = a_tracking_link(town)
    with tables_that_refuse(town):
        a_page_that_breaks(town, link)
        town.buy("woocommerce", 1)
        bad_deliveries(town)
        assert wait_until(lambda: "IntegrityError" in stage.said(), 30)
    bad_visits(town)
    sulking_stores(town)
    town.settle()
    for words in (("doctor", "--json"), ("audit",), ("rotate-keys",)):
        town.type(*words)
    files = [str(tmp_path / f"{slug}.zip") for slug in town.stores]
    for shop, file in zip(town.connected.values(), files, strict=True):
        town.type("export", shop.public_id, file)

    tables = everything_in(admin_url(servers, stage))
    logged, printed, asked = (
        stage.said(),
        "\n".join(town.printed),
        "\n".join(address for recorder in town.recorders for address in recorder.asked),
    )
    kept = canaries.found_in(" ".join(tables[name] for name in MAY_HOLD))
    assert len(canaries.planted) >= FEWEST
    assert kept.total() > 150, "most of them must have come through, or their absence elsewhere proves nothing"
    for sign in ("smtp_550", "smtp_451", "bad_signature", "IntegrityError", "ProgrammingError", "not_json", "cut_off"):
        assert sign in logged or sign in " ".join(tables.values()), sign
    assert any("take_hint" in seen for seen in town.lookout.seen)
    places = {
        "logs": logged,
        "output of commands": printed,
        "addresses of calls": asked,
        "Valkey": " ".join(town.lookout.seen),
        **{
            f"table {name}": rows for name, rows in tables.items() if name not in MAY_HOLD | {"pg_catalog.pg_statistic"}
        },
    }
    assert {place: found for place, said in places.items() if (found := canaries.found_in(said))} == {}
    secrets = Counter({kind: n for kind, n in kept.items() if kind in SECRETS})
    assert not secrets, "secrets are kept sealed"

    a_neighbour(stage.db, stage.shop)
    for shop in town.connected.values():
        result = town.type("erase", shop.public_id, "--yes")
        assert result.exit_code == 0, result.output
    stage.workers[0].stop()
    stage.webs[0].stop()
    left = {**everything_in(admin_url(servers, stage)), "Valkey": " ".join(dump_of(stage.valkey)), "logs": stage.said()}
    assert {place: found for place, said in left.items() if (found := canaries.found_in(said))} == {}
    record_property(
        TRIALS,
        f"{len(canaries.planted)} canaries planted, {kept.total()} of them kept where they belong, 0 in {len(places)} other places,"
        f" 0 anywhere after erasure; {town.postman.handled} letters, {len(town.postman.taken)} taken",
    )
