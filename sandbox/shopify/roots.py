"""The ways into the Admin API: the fields of Query and Mutation, each with the scope that it asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar, cast
from urllib.parse import urlsplit

from sandbox.shopify import goods, objects
from sandbox.shopify.connections import Entry, Key, connection, page
from sandbox.shopify.graphql import Arguments, FieldFailed, Node, Resolver
from sandbox.shopify.refunds import Refunds
from sandbox.shopify.search import MOMENTS, ORDER_MOMENTS, like
from sandbox.shopify.shop import Shop, gid, utc
from sandbox.shopify.subscriptions import Subscription, Subscriptions, Taken
from sandbox.things import Account, Coupon, Order, Product

SORT_KEYS: dict[str, Callable[[Order], Key]] = {
    "UPDATED_AT": lambda order: (utc(order.updated_at) or "", order.id),
    "CREATED_AT": lambda order: (utc(order.placed_at) or "", order.id),
    "PROCESSED_AT": lambda order: (utc(order.placed_at) or "", order.id),
    "ID": lambda order: (order.id,),
}
GID = re.compile(r"gid://shopify/(?P<kind>\w+)/(?P<number>\d+)")
TOPIC_SCOPES = {
    "ORDERS": "read_orders",
    "REFUNDS": "read_orders",
    "FULFILLMENTS": "read_fulfillments",
    "FULFILLMENT": "read_fulfillments",
    "PRODUCTS": "read_products",
    "VARIANTS": "read_products",
    "CUSTOMERS": "read_customers",
    "DISCOUNTS": "read_discounts",
}
"""What a webhook's topic asks for, by its first word."""

KIND_SCOPES = {
    "Order": "read_orders",
    "Fulfillment": "read_orders",
    "Refund": "read_orders",
    "Product": "read_products",
    "Customer": "read_customers",
    "DiscountNode": "read_discounts",
}
"""What a thing asks for that is named by its id, by its type."""

Good = Product | Account | Coupon
Thing = TypeVar("Thing", Product, Account, Coupon)


def query(it: Shop, subscriptions: Subscriptions) -> Node:
    """Hold the world's lock from here until the answer is made."""
    return Node(
        "QueryRoot",
        {
            "shop": _shop(it),
            "shopLocales": _scoped(it, "read_locales", lambda _: objects.shop_locales(it)),
            "currentAppInstallation": objects.installation(it),
            "location": _scoped(it, "read_locations", lambda _: objects.location(it)),
            **_of_orders(it),
            **_of_goods(it),
            "nodes": partial(_nodes, it),
            "webhookSubscriptions": connection("WebhookSubscription", [_entry(one) for one in subscriptions.all()]),
        },
    )


def _shop(it: Shop) -> Node:
    shown = objects.shop(it)
    policies = _scoped(it, "read_legal_policies", lambda _: shown.fields["shopPolicies"])
    return Node(shown.typename, {**shown.fields, "shopPolicies": policies}, shown.interfaces)


def _of_orders(it: Shop) -> dict[str, Resolver]:
    return {
        "order": lambda arguments: _node(it, arguments["id"], "Order"),
        "orders": _scoped(it, "read_orders", partial(_orders, it)),
        "ordersCount": _scoped(it, "read_orders", partial(_orders_count, it)),
        "fulfillment": lambda arguments: _node(it, arguments["id"], "Fulfillment"),
        "refund": lambda arguments: _node(it, arguments["id"], "Refund"),
    }


def _of_goods(it: Shop) -> dict[str, Resolver]:
    store = it.store
    return {
        "product": lambda arguments: _node(it, arguments["id"], "Product"),
        "products": _scoped(
            it,
            "read_products",
            lambda asked: _page("Product", store.products.values(), partial(goods.product, it), asked),
        ),
        "productsCount": _scoped(it, "read_products", lambda asked: _count(store.products.values(), asked)),
        "customers": _scoped(
            it, "read_customers", lambda asked: _page("Customer", store.accounts.values(), goods.customer, asked)
        ),
        "customersCount": _scoped(it, "read_customers", lambda asked: _count(store.accounts.values(), asked)),
        "discountNodes": _scoped(
            it, "read_discounts", lambda asked: _page("DiscountNode", it.coupons(), partial(goods.discount, it), asked)
        ),
        "discountNodesCount": _scoped(it, "read_discounts", lambda asked: _count(it.coupons(), asked)),
    }


def mutation(it: Shop, subscriptions: Subscriptions, refunds: Refunds) -> Node:
    return Node(
        "Mutation",
        {
            "webhookSubscriptionCreate": partial(_subscribe, it, subscriptions),
            "webhookSubscriptionDelete": partial(_unsubscribe, subscriptions),
            "refundCreate": _scoped(it, "write_orders", refunds.create),
        },
    )


def _scoped(it: Shop, scope: str, resolver: Resolver) -> Resolver:
    """Refuses the field to an app that was not granted the scope."""

    def resolve(arguments: Arguments) -> object:
        _demand(it, scope)
        return resolver(arguments)

    return resolve


def _demand(it: Shop, scope: str) -> None:
    """`write_x` includes `read_x`."""
    if not it.keys.scopes & {scope, scope.replace("read_", "write_")}:
        required = f"`{scope}` access scope."
        raise FieldFailed(
            f"Access denied. Required access: {required}",
            "ACCESS_DENIED",
            documentation="https://shopify.dev/api/usage/access-scopes",
            requiredAccess=required,
        )


# --- orders -----------------------------------------------------------------------------------------------------------


def _orders(it: Shop, arguments: Arguments) -> Node:
    key = SORT_KEYS[arguments.get("sortKey") or "PROCESSED_AT"]
    holds = like(arguments.get("query"), ORDER_MOMENTS)
    found = [Entry(key(one), partial(objects.order, it, one)) for one in it.orders() if holds(one)]
    return page("Order", found, arguments)


def _orders_count(it: Shop, arguments: Arguments) -> Node:
    holds = like(arguments.get("query"), ORDER_MOMENTS)
    return objects.count(sum(holds(one) for one in it.orders()))


def _node(it: Shop, text: str, kind: str = "") -> Node | None:
    """What a global id means, if it is there (and of this kind); null otherwise."""
    match = GID.fullmatch(text)
    if match is None:
        raise FieldFailed(f"Invalid global id '{text}'", "BAD_REQUEST")
    found = FINDERS.get(match["kind"])
    if found is None or (kind and match["kind"] != kind):
        return None
    _demand(it, KIND_SCOPES[match["kind"]])
    return found(it, int(match["number"]))


def _nodes(it: Shop, arguments: Arguments) -> list[Node | None]:
    return [_node(it, text) for text in arguments["ids"]]


def _order(it: Shop, number: int) -> Node | None:
    return next((objects.order(it, one) for one in it.orders() if one.id == number), None)


def _fulfillment(it: Shop, number: int) -> Node | None:
    found = ((order, parcel) for order in it.orders() for parcel in order.parcels if parcel.id == number)
    return next((objects.fulfillment(it, order, parcel) for order, parcel in found), None)


def _refund(it: Shop, number: int) -> Node | None:
    found = ((order, back) for order in it.orders() for back in order.refunds if back.id == number)
    return next((objects.refund(order, back) for order, back in found), None)


# --- products, customers, discounts -----------------------------------------------------------------------------------


def _page(kind: str, things: Iterable[Thing], make: Callable[[Thing], Node], arguments: Arguments) -> Node:
    """By the moment of change, which is what the documents ask for."""
    holds = like(arguments.get("query"), MOMENTS, method="code")
    found = [Entry((utc(one.updated_at) or "", one.id), partial(make, one)) for one in things if holds(one)]
    return page(kind, found, arguments)


def _count(things: Iterable[Good], arguments: Arguments) -> Node:
    holds = like(arguments.get("query"), MOMENTS, method="code")
    return objects.count(sum(holds(one) for one in things))


def _product(it: Shop, number: int) -> Node | None:
    found = it.store.products.get(number)
    return goods.product(it, found) if found else None


def _customer(it: Shop, number: int) -> Node | None:
    found = it.store.accounts.get(number)
    return goods.customer(found) if found else None


def _discount(it: Shop, number: int) -> Node | None:
    return next((goods.discount(it, one) for one in it.coupons() if one.id == number), None)


FINDERS: dict[str, Callable[[Shop, int], Node | None]] = {
    "Order": _order,
    "Fulfillment": _fulfillment,
    "Refund": _refund,
    "Product": _product,
    "Customer": _customer,
    "DiscountNode": _discount,
}


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
