"""A store is tried, and made to send its webhooks to us exactly once each."""

from __future__ import annotations

from typing import Any

import pytest

from app.connectors.base import Profile
from app.connectors.shopify import CONNECTOR
from app.connectors.shopify.subscribe import TOPICS
from app.kernel.errors import Permanent
from app.kernel.http import Http
from tests.connectors.shopify.laid_out import LaidOut

HERE = "https://encore.example/hooks/shopify"

SHOP = {
    "name": "morrow & fen",
    "myshopifyDomain": "morrow-and-fen.myshopify.com",
    "ianaTimezone": "Europe/London",
    "currencyCode": "GBP",
    "contactEmail": "hello@morrow-and-fen.example",
    "shopAddress": {"countryCodeV2": "GB"},
}


def lay_locales(laid_out: LaidOut, *locales: tuple[str, bool]) -> None:
    laid_out.lay_data(shopLocales=[{"locale": locale, "primary": primary} for locale, primary in locales])


def test_a_store_says_what_it_is(laid_out: LaidOut, http: Http) -> None:
    laid_out.lay_data(shop=SHOP)
    lay_locales(laid_out, ("de", False), ("en-GB", True))
    assert CONNECTOR.probe(laid_out.access(), http) == Profile(
        name="morrow & fen",
        domain="morrow-and-fen.myshopify.com",
        timezone="Europe/London",
        currency="GBP",
        language="en-GB",
        country="GB",
        email="hello@morrow-and-fen.example",
    )


def test_a_token_that_may_not_read_languages_is_good_enough(laid_out: LaidOut, http: Http) -> None:
    laid_out.lay_data(shop=SHOP)
    laid_out.lay({"errors": [{"message": "Access denied", "extensions": {"code": "ACCESS_DENIED"}}], "data": None})
    assert CONNECTOR.probe(laid_out.access(), http).language == "en"


def test_another_refusal_of_the_languages_is_told(laid_out: LaidOut, http: Http) -> None:
    laid_out.lay_data(shop=SHOP)
    laid_out.lay({}, 401)
    with pytest.raises(Permanent) as refused:
        CONNECTOR.probe(laid_out.access(), http)
    assert refused.value.code == "token_revoked"


def test_what_does_not_name_a_store_of_shopify_is_none(laid_out: LaidOut, http: Http) -> None:
    laid_out.lay_data(shop={**SHOP, "myshopifyDomain": "evil.example"})
    with pytest.raises(Permanent):
        CONNECTOR.probe(laid_out.access(), http)


def test_all_stores_send_to_one_address() -> None:
    assert CONNECTOR.callback_url("https://encore.example", "abc") == HERE


# --- webhooks ---------------------------------------------------------------------------------------------------------


def subscription(number: int, topic: str, uri: str = HERE) -> dict[str, str]:
    return {"id": f"gid://shopify/WebhookSubscription/{number}", "topic": topic, "uri": uri}


def lay_subscriptions(laid_out: LaidOut, *found: dict[str, str], cursor: str = "") -> None:
    info = {"hasNextPage": bool(cursor), "endCursor": cursor}
    laid_out.lay_data(webhookSubscriptions={"nodes": list(found), "pageInfo": info})


def lay_outcomes(laid_out: LaidOut, subscribed: int, unsubscribed: int) -> None:
    for _ in range(subscribed):
        laid_out.lay_data(webhookSubscriptionCreate={"webhookSubscription": {"id": "1"}, "userErrors": []})
    for _ in range(unsubscribed):
        laid_out.lay_data(webhookSubscriptionDelete={"deletedWebhookSubscriptionId": "1", "userErrors": []})


def told(laid_out: LaidOut, operation: str, variable: str) -> list[Any]:
    return [asked["variables"][variable] for asked in laid_out.asked if asked["operationName"] == operation]


def test_a_new_store_is_subscribed_to_every_topic_once(laid_out: LaidOut, http: Http) -> None:
    lay_subscriptions(laid_out)
    lay_outcomes(laid_out, len(TOPICS), 0)
    CONNECTOR.subscribe(laid_out.access(), http, HERE)
    assert told(laid_out, "Subscribe", "topic") == list(TOPICS)
    assert set(told(laid_out, "Subscribe", "uri")) == {HERE}


def test_subscribing_again_changes_nothing(laid_out: LaidOut, http: Http) -> None:
    standing = [subscription(number, topic) for number, topic in enumerate(TOPICS)]
    lay_subscriptions(laid_out, *standing[:3], cursor="s1")
    lay_subscriptions(laid_out, *standing[3:])
    CONNECTOR.subscribe(laid_out.access(), http, HERE)
    assert laid_out.operations == ["Subscriptions", "Subscriptions"]
    assert [asked["variables"]["after"] for asked in laid_out.asked] == [None, "s1"]


def test_what_is_doubled_old_or_unwanted_is_taken_away_and_what_is_not_ours_is_left(
    laid_out: LaidOut, http: Http
) -> None:
    lay_subscriptions(
        laid_out,
        *(subscription(number, topic) for number, topic in enumerate(TOPICS[1:])),
        subscription(50, TOPICS[1]),
        subscription(51, TOPICS[0], "https://old.example/hooks/shopify"),
        subscription(52, "CARTS_UPDATE"),
        subscription(53, TOPICS[0], "https://encore.example/elsewhere"),
        subscription(54, TOPICS[0], "pubsub://project:topic"),
    )
    lay_outcomes(laid_out, 1, 3)
    CONNECTOR.subscribe(laid_out.access(), http, HERE)
    assert told(laid_out, "Subscribe", "topic") == [TOPICS[0]]
    assert [one.rpartition("/")[2] for one in told(laid_out, "Unsubscribe", "id")] == ["50", "51", "52"]
    assert laid_out.operations.index("Subscribe") < laid_out.operations.index("Unsubscribe")


def test_an_address_that_shopify_does_not_take_is_refused(laid_out: LaidOut, http: Http) -> None:
    lay_subscriptions(laid_out)
    errors = [{"field": ["webhookSubscription", "uri"], "message": "Address is not allowed"}]
    laid_out.lay_data(webhookSubscriptionCreate={"webhookSubscription": None, "userErrors": errors})
    with pytest.raises(Permanent) as refused:
        CONNECTOR.subscribe(laid_out.access(), http, "http://localhost/hooks/shopify")
    assert refused.value.code == "refused"
