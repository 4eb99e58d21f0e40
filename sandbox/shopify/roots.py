"""The ways into the Admin API: the fields of Query and Mutation, each with the scope that it asks for."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import cast
from urllib.parse import urlsplit

from sandbox.shopify import objects
from sandbox.shopify.connections import Entry, Key, connection, page
from sandbox.shopify.graphql import Arguments, FieldFailed, Node, Resolver
from sandbox.shopify.search import orders_like
from sandbox.shopify.shop import Shop, gid, utc
from sandbox.shopify.subscriptions import Subscription, Subscriptions, Taken
from sandbox.world import Order

SORT_KEYS: dict[str, Callable[[Order], Key]] = {
    "UPDATED_AT": lambda order: (utc(order.updated_at) or "", order.id),
    "CREATED_AT": lambda order: (utc(order.placed_at) or "", order.id),
    "PROCESSED_AT": lambda order: (utc(order.placed_at) or "", order.id),
    "ID": lambda order: (order.id,),
}
GID = re.compile(r"gid://shopify/(?P<kind>\w+)/(?P<number>\d+)")
TOPIC_SCOPES = {"ORDERS": "read_orders", "FULFILLMENTS": "read_fulfillments", "FULFILLMENT": "read_fulfillments"}
"""What a webhook's topic asks for, by its first word."""


def query(it: Shop, subscriptions: Subscriptions) -> Node:
    """Hold the world's lock from here until the answer is made."""
    return Node(
        "QueryRoot",
        {
            "shop": objects.shop(it),
            "shopLocales": _scoped(it, "read_locales", lambda _: [objects.shop_locale(it)]),
            "order": _scoped(it, "read_orders", lambda arguments: _node(it, arguments["id"], "Order")),
            "orders": _scoped(it, "read_orders", partial(_orders, it)),
            "ordersCount": _scoped(it, "read_orders", partial(_orders_count, it)),
            "fulfillment": _scoped(it, "read_orders", lambda arguments: _node(it, arguments["id"], "Fulfillment")),
            "nodes": _scoped(it, "read_orders", lambda arguments: [_node(it, one) for one in arguments["ids"]]),
            "webhookSubscriptions": connection("WebhookSubscription", [_entry(one) for one in subscriptions.all()]),
        },
    )


def mutation(it: Shop, subscriptions: Subscriptions) -> Node:
    return Node(
        "Mutation",
        {
            "webhookSubscriptionCreate": partial(_subscribe, it, subscriptions),
            "webhookSubscriptionDelete": partial(_unsubscribe, subscriptions),
        },
    )


def _scoped(it: Shop, scope: str, resolver: Resolver) -> Resolver:
    """Refuses the field to an app that was not granted the scope. `write_x` includes `read_x`."""

    def resolve(arguments: Arguments) -> object:
        if not it.keys.scopes & {scope, scope.replace("read_", "write_")}:
            required = f"`{scope}` access scope."
            raise FieldFailed(
                f"Access denied. Required access: {required}",
                "ACCESS_DENIED",
                documentation="https://shopify.dev/api/usage/access-scopes",
                requiredAccess=required,
            )
        return resolver(arguments)

    return resolve


# --- orders -----------------------------------------------------------------------------------------------------------


def _orders(it: Shop, arguments: Arguments) -> Node:
    key = SORT_KEYS[arguments.get("sortKey") or "PROCESSED_AT"]
    holds = orders_like(arguments.get("query"))
    found = [Entry(key(one), partial(objects.order, it, one)) for one in it.orders() if holds(one)]
    return page("Order", found, arguments)


def _orders_count(it: Shop, arguments: Arguments) -> Node:
    holds = orders_like(arguments.get("query"))
    return objects.count(sum(holds(one) for one in it.orders()))


def _node(it: Shop, text: str, kind: str = "") -> Node | None:
    """What a global id means, if it is there (and of this kind); null otherwise."""
    match = GID.fullmatch(text)
    if match is None:
        raise FieldFailed(f"Invalid global id '{text}'", "BAD_REQUEST")
    if kind and match["kind"] != kind:
        return None
    if match["kind"] == "Order":
        return _order(it, int(match["number"]))
    return _fulfillment(it, int(match["number"])) if match["kind"] == "Fulfillment" else None


def _order(it: Shop, number: int) -> Node | None:
    return next((objects.order(it, one) for one in it.orders() if one.id == number), None)


def _fulfillment(it: Shop, number: int) -> Node | None:
    found = ((order, parcel) for order in it.orders() for parcel in order.parcels if parcel.id == number)
    return next((objects.fulfillment(it, order, parcel) for order, parcel in found), None)


# --- webhooks ---------------------------------------------------------------------------------------------------------


def _entry(one: Subscription) -> Entry:
    return Entry((one.id,), partial(_subscription, one))


def _subscription(one: Subscription) -> Node:
    fields = {
        "id": gid("WebhookSubscription", one.id),
        "topic": one.topic,
        "uri": one.uri,
    }
    return Node("WebhookSubscription", fields, objects.HAS_ID)


def _subscribe(it: Shop, subscriptions: Subscriptions, arguments: Arguments) -> Node:
    topic = cast(str, arguments["topic"])
    uri = cast(str, arguments["webhookSubscription"].get("uri") or "")
    problem = _problem(it, topic, uri)
    made: Node | None = None
    if not problem:
        try:
            made = _subscription(subscriptions.add(topic, uri))
        except Taken:
            problem = "Address for this topic has already been taken"
    fields = {"webhookSubscription": made, "userErrors": _user_errors(problem, "webhookSubscription", "uri")}
    return Node("WebhookSubscriptionCreatePayload", fields)


def _problem(it: Shop, topic: str, uri: str) -> str:
    """Why a subscription cannot be; empty when it can. A real store takes no plain http, the sandbox has nothing else."""
    scope = TOPIC_SCOPES.get(topic.partition("_")[0])
    if scope and scope not in it.keys.scopes:
        return f"You do not have permission to create or update webhooks with {topic.lower()} topic"
    address = urlsplit(uri)
    return "" if address.scheme in ("http", "https") and address.hostname else "Address is invalid"


def _unsubscribe(subscriptions: Subscriptions, arguments: Arguments) -> Node:
    text = cast(str, arguments["id"])
    match = GID.fullmatch(text)
    was_there = match is not None and subscriptions.remove(int(match["number"]))
    fields = {
        "deletedWebhookSubscriptionId": text if was_there else None,
        "userErrors": _user_errors("" if was_there else "Webhook subscription does not exist", "id"),
    }
    return Node("WebhookSubscriptionDeletePayload", fields)


def _user_errors(message: str, *field: str) -> list[Node]:
    return [Node("UserError", {"field": list(field), "message": message})] if message else []
