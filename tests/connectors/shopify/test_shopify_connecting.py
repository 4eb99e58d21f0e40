"""A store is tried, and made to send its webhooks to us exactly once each."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLSchema

from app.connectors.base import PolicyKind, Profile, Subscribed
from app.connectors.shopify import CONNECTOR
from app.connectors.shopify.profile import POLICY_KINDS
from app.connectors.shopify.scopes import SCOPES
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


def lay_policies(laid_out: LaidOut, **urls: str) -> None:
    laid_out.lay_data(shop={"shopPolicies": [{"type": kind, "url": url} for kind, url in urls.items()]})


def lay_denied(laid_out: LaidOut) -> None:
    laid_out.lay({"errors": [{"message": "Access denied", "extensions": {"code": "ACCESS_DENIED"}}], "data": None})


def test_a_store_says_what_it_is(laid_out: LaidOut, http: Http) -> None:
    laid_out.lay_data(shop=SHOP)
    lay_locales(laid_out, ("de", False), ("en-GB", True), ("zh_TW", False))
    lay_policies(laid_out, REFUND_POLICY="https://m.example/policies/refund-policy", SUBSCRIPTION_POLICY="https://x")
    assert CONNECTOR.probe(laid_out.access(), http) == Profile(
        name="morrow & fen",
        domain="morrow-and-fen.myshopify.com",
        timezone="Europe/London",
        currency="GBP",
        language="en-GB",
        languages=("en-GB", "de", "zh-TW"),
        country="GB",
        email="hello@morrow-and-fen.example",
        policies={PolicyKind.RETURNS: "https://m.example/policies/refund-policy"},
    )


def test_every_page_with_terms_has_its_kind(laid_out: LaidOut, http: Http) -> None:
    laid_out.lay_data(shop=SHOP)
    lay_locales(laid_out)
    lay_policies(laid_out, **{kind: kind.lower() for kind in POLICY_KINDS})
    policies = CONNECTOR.probe(laid_out.access(), http).policies
    assert set(policies) == set(PolicyKind)
    assert policies[PolicyKind.TERMS] == "terms_of_service"


def test_the_kinds_of_terms_are_those_of_the_schema(schema: GraphQLSchema) -> None:
    known: Any = schema.type_map["ShopPolicyType"]
    assert set(known.values) - set(POLICY_KINDS) == {"SUBSCRIPTION_POLICY"}


def test_a_token_that_may_read_neither_languages_nor_terms_is_good_enough(laid_out: LaidOut, http: Http) -> None:
    laid_out.lay_data(shop=SHOP)
    lay_denied(laid_out)
    lay_denied(laid_out)
    profile = CONNECTOR.probe(laid_out.access(), http)
    assert (profile.language, profile.languages, profile.policies) == ("en", (), {})


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

NAMES = list(TOPICS)


def subscription(number: int, topic: str, uri: str = HERE) -> dict[str, str]:
    return {"id": f"gid://shopify/WebhookSubscription/{number}", "topic": topic, "uri": uri}


def lay_granted(laid_out: LaidOut, *scopes: str) -> None:
    handles = [{"handle": scope} for scope in scopes or SCOPES]
    laid_out.lay_data(currentAppInstallation={"accessScopes": handles})


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
    lay_granted(laid_out)
    lay_subscriptions(laid_out)
    lay_outcomes(laid_out, len(TOPICS), 0)
    done = CONNECTOR.subscribe(laid_out.access(), http, HERE)
    assert done == Subscribed(in_order=0, mended=len(TOPICS), removed=0)
    assert told(laid_out, "Subscribe", "topic") == NAMES
    assert set(told(laid_out, "Subscribe", "uri")) == {HERE}


def test_subscribing_again_changes_nothing(laid_out: LaidOut, http: Http) -> None:
    standing = [subscription(number, topic) for number, topic in enumerate(TOPICS)]
    lay_granted(laid_out)
    lay_subscriptions(laid_out, *standing[:3], cursor="s1")
    lay_subscriptions(laid_out, *standing[3:])
    done = CONNECTOR.subscribe(laid_out.access(), http, HERE)
    assert done == Subscribed(in_order=len(TOPICS), mended=0, removed=0)
    assert laid_out.operations == ["Granted", "Subscriptions", "Subscriptions"]
    assert told(laid_out, "Subscriptions", "after") == [None, "s1"]


def test_what_is_doubled_old_or_unwanted_is_taken_away_and_what_is_not_ours_is_left(
    laid_out: LaidOut, http: Http
) -> None:
    lay_granted(laid_out)
    lay_subscriptions(
        laid_out,
        *(subscription(number, topic) for number, topic in enumerate(NAMES[1:])),
        subscription(50, NAMES[1]),
        subscription(51, NAMES[0], "https://old.example/hooks/shopify"),
        subscription(52, "CARTS_UPDATE"),
        subscription(53, NAMES[0], "https://encore.example/elsewhere"),
        subscription(54, NAMES[0], "pubsub://project:topic"),
    )
    lay_outcomes(laid_out, 1, 3)
    done = CONNECTOR.subscribe(laid_out.access(), http, HERE)
    assert done == Subscribed(in_order=len(TOPICS) - 1, mended=1, removed=3)
    assert told(laid_out, "Subscribe", "topic") == [NAMES[0]]
    assert [one.rpartition("/")[2] for one in told(laid_out, "Unsubscribe", "id")] == ["50", "51", "52"]
    assert laid_out.operations.index("Subscribe") < laid_out.operations.index("Unsubscribe")


def test_what_a_store_did_not_grant_is_not_listened_to(laid_out: LaidOut, http: Http) -> None:
    lay_granted(laid_out, "write_orders", "read_products")
    lay_subscriptions(laid_out)
    wanted = [topic for topic, scope in TOPICS.items() if scope in ("read_orders", "read_products", "")]
    lay_outcomes(laid_out, len(wanted), 0)
    assert CONNECTOR.subscribe(laid_out.access(), http, HERE).mended == len(wanted)
    assert told(laid_out, "Subscribe", "topic") == wanted


def test_an_address_that_shopify_does_not_take_is_refused(laid_out: LaidOut, http: Http) -> None:
    lay_granted(laid_out)
    lay_subscriptions(laid_out)
    errors = [{"field": ["webhookSubscription", "uri"], "message": "Address is not allowed"}]
    laid_out.lay_data(webhookSubscriptionCreate={"webhookSubscription": None, "userErrors": errors})
    with pytest.raises(Permanent) as refused:
        CONNECTOR.subscribe(laid_out.access(), http, "http://localhost/hooks/shopify")
    assert refused.value.code == "refused"
