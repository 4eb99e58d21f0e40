"""One webhook a topic goes out to us, however often we ask for it and whatever state it was in."""

from __future__ import annotations

from typing import Any

import pytest

from app.connectors.base import Subscribed
from app.connectors.woocommerce import CONNECTOR
from app.connectors.woocommerce.deliveries import TOPICS
from app.kernel.errors import Permanent, Transient
from app.kernel.http import Http
from tests.connectors.woocommerce.recorded import Asked, a_store, body_of, replay, say

URL = "https://encore.example/hooks/woocommerce/pub1ic"


class Webhooks:
    """A store's webhooks, as its REST API holds them. Secrets are kept and never told. Of a list it shows `longest` at once."""

    def __init__(self, *held: dict[str, Any], longest: int = 100) -> None:
        self.longest = longest
        self.held = {hook["id"]: dict(hook) for hook in held}
        self.secrets: dict[int, str] = {}

    def __call__(self, asked: Asked) -> bytes:
        number = asked.path.removeprefix("wc/v3/webhooks").strip("/")
        if asked.method == "GET":
            size, page = min(int(asked.query["per_page"]), self.longest), int(asked.query["page"])
            shown = list(self.held.values())[size * (page - 1) : size * page]
            return say(shown, 200, f"X-WP-Total: {len(self.held)}")
        if asked.method == "DELETE":
            assert asked.query["force"] == "true"
            return say(self.held.pop(int(number)))
        hook_id = int(number) if number else max(self.held, default=0) + 1
        self.secrets[hook_id] = asked.body["secret"]
        said = {name: value for name, value in asked.body.items() if name != "secret"}
        self.held[hook_id] = {**self.held.get(hook_id, {}), **said, "id": hook_id}
        return say(self.held[hook_id], 200 if number else 201)

    @property
    def ours(self) -> list[tuple[str, str]]:
        return sorted((hook["topic"], hook["status"]) for hook in self.held.values() if hook["delivery_url"] == URL)


WHOLE = sorted((topic, "active") for topic in TOPICS)


def a_hook(hook_id: int, topic: str, status: str = "active", url: str = URL) -> dict[str, Any]:
    return {**body_of("rest/webhooks-get"), "id": hook_id, "topic": topic, "status": status, "delivery_url": url}


def subscribe(http: Http, webhooks: Webhooks) -> list[str]:
    return told(http, webhooks)[1]


def told(http: Http, webhooks: Webhooks) -> tuple[Subscribed, list[str]]:
    """What subscribing came to, and the calls it took."""
    with a_store(webhooks) as store:
        subscribed = CONNECTOR.subscribe(store.access, http, URL)
    return subscribed, [asked.method for asked in store.asked]


def test_the_address_names_the_shop() -> None:
    assert CONNECTOR.callback_url("https://encore.example", "pub1ic") == URL


def test_a_new_store_gets_one_webhook_a_topic_with_our_secret(http: Http) -> None:
    webhooks = Webhooks()
    subscribed, _ = told(http, webhooks)
    assert subscribed == Subscribed(in_order=0, mended=15, removed=0)
    assert webhooks.ours == WHOLE
    assert set(webhooks.secrets.values()) == {"kept"}


def test_asking_again_adds_nothing_and_tells_the_secret_again(http: Http) -> None:
    webhooks = Webhooks()
    subscribe(http, webhooks)
    webhooks.secrets.clear()
    assert told(http, webhooks) == (Subscribed(in_order=15, mended=0, removed=0), ["GET"] + ["PUT"] * 15)
    assert webhooks.ours == WHOLE
    assert list(webhooks.secrets.values()) == ["kept"] * 15


@pytest.mark.parametrize("status", ["disabled", "paused"])
def test_one_that_does_not_run_is_replaced_so_that_its_failures_are_forgotten(http: Http, status: str) -> None:
    webhooks = Webhooks(a_hook(35, "order.updated", status))
    subscribed, _ = told(http, webhooks)
    assert subscribed == Subscribed(in_order=0, mended=15, removed=1)
    assert 35 not in webhooks.held
    assert webhooks.ours == WHOLE


def test_doubles_are_taken_away(http: Http) -> None:
    webhooks = Webhooks(
        *(a_hook(number, "order.created", status) for number, status in enumerate(["disabled", "active", "active"], 1))
    )
    subscribed, _ = told(http, webhooks)
    assert subscribed == Subscribed(in_order=1, mended=14, removed=2)
    assert webhooks.ours == WHOLE
    assert sorted(webhooks.held)[0] == 2


def test_ours_follow_the_app_to_another_host_and_others_are_left_alone(http: Http) -> None:
    webhooks = Webhooks(
        a_hook(1, "order.created", url="https://old.example/hooks/woocommerce/pub1ic"),
        a_hook(2, "order.created", url="https://encore.example/hooks/woocommerce/0ther"),
        a_hook(3, "product.updated", url="https://stock.example/in"),
    )
    subscribed, _ = told(http, webhooks)
    assert subscribed == Subscribed(in_order=0, mended=15, removed=0)
    assert webhooks.ours == WHOLE
    assert [webhooks.held[number]["delivery_url"] for number in (1, 2, 3)] == [
        URL,
        "https://encore.example/hooks/woocommerce/0ther",
        "https://stock.example/in",
    ]


def test_ours_are_found_behind_a_hundred_others(http: Http) -> None:
    others = [a_hook(number, "product.updated", url="https://stock.example/in") for number in range(1, 151)]
    webhooks = Webhooks(*others, a_hook(151, "order.created"))
    assert subscribe(http, webhooks) == ["GET", "GET", "PUT"] + ["POST"] * 14


def test_a_store_that_cuts_its_pages_gets_no_doubles(http: Http) -> None:
    webhooks = Webhooks(longest=10)
    subscribe(http, webhooks)
    assert told(http, webhooks) == (Subscribed(in_order=15, mended=0, removed=0), ["GET"] * 2 + ["PUT"] * 15)
    assert webhooks.ours == WHOLE


def test_what_is_no_list_of_webhooks_is_not_taken_for_none(http: Http) -> None:
    with (
        a_store(lambda _: say({"0": a_hook(1, "order.created")})) as store,
        pytest.raises(Transient, match="unexpected_answer"),
    ):
        CONNECTOR.subscribe(store.access, http, URL)
    assert [asked.method for asked in store.asked] == ["GET"]


def test_a_key_that_may_only_read_is_told_so(http: Http) -> None:
    def says(asked: Asked) -> bytes:
        return replay("rest/read-key-lists-webhooks" if asked.method == "GET" else "rest/error-webhook-read-key")

    with a_store(says) as store, pytest.raises(Permanent, match="key_cannot_write") as caught:
        CONNECTOR.subscribe(store.access, http, URL)
    assert "Read/Write" in caught.value.hint


def test_a_list_without_an_end_comes_to_one(http: Http) -> None:
    for_ever = say([a_hook(number, "product.updated", url="https://stock.example/in") for number in range(1, 101)])
    with a_store(lambda _: for_ever) as store, pytest.raises(Transient, match="paging_refused"):
        CONNECTOR.subscribe(store.access, http, URL)
