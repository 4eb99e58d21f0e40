"""Reading a store: single things, or a page of a resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from app.connectors.base import Ask, Page
from app.connectors.woocommerce import coupons, customers, orders, products
from app.connectors.woocommerce.client import Client, answered_at
from app.connectors.woocommerce.failures import failure_from
from app.connectors.woocommerce.paging import Source, facts_of, read_page
from app.connectors.woocommerce.reading import record, records, ref
from app.events import Fact, Gone, Resource
from app.kernel.clock import SystemClock
from app.kernel.errors import Permanent
from app.kernel.http import Answer, json_body

SOURCES: Mapping[Resource, Source] = {
    Resource.ORDERS: orders.SOURCE,
    Resource.PRODUCTS: products.SOURCE,
    Resource.DISCOUNTS: coupons.SOURCE,
    Resource.CUSTOMERS: customers.SOURCE,
}
"""In the order of a first import: shoppers ask for their orders, whose lines bring their own pictures; no page waits for products
or for the few coupons; customers are many, can only be read whole and matter to no page."""

REFUSED = frozenset({"keys_refused", "unauthorized"})


def pull(client: Client, ask: Ask) -> Page:
    try:
        return _pull(client, ask)
    except Permanent as failure:
        if _is_unused(client, ask.resource, failure):
            return Page(facts=())
        raise


def _is_unused(client: Client, resource: Resource, failure: Permanent) -> bool:
    return resource is Resource.DISCOUNTS and failure.code in REFUSED and coupons.are_off(client)


def _pull(client: Client, ask: Ask) -> Page:
    source = SOURCES[ask.resource]
    if not ask.refs:
        return read_page(client, source, ask.changed_since, ask.cursor)
    facts: list[Fact] = []
    began_at = None
    for thing_ref in ask.refs:
        answer = _asked(client, source, thing_ref)
        began_at = began_at or answered_at(answer)
        facts.extend(_facts(client, ask.resource, thing_ref, answer))
    return Page(facts=tuple(facts), answered_at=began_at)


def existing(client: Client, resource: Resource, refs: Sequence[str]) -> frozenset[str]:
    """What is in the bin is not among them; pulled by itself it says so."""
    source = SOURCES[resource]
    window = {"include": ",".join(refs), "per_page": str(len(refs)), "_fields": "id", **dict(source.query)}
    try:
        body, _ = client.get(source.path, window)
    except Permanent as failure:
        if _is_unused(client, resource, failure):
            return frozenset()
        raise
    return frozenset(ref(thing.get("id")) for thing in records(body))


def _asked(client: Client, source: Source, thing_ref: str) -> Answer:
    """Any answer that tells of the thing, its absence included."""
    answer = client.ask("GET", f"{source.path}/{thing_ref}", source.projection)
    failure = failure_from(answer, "GET")
    if failure and failure.code != "not_found":
        raise failure
    return answer


def _facts(client: Client, resource: Resource, thing_ref: str, answer: Answer) -> Iterable[Fact]:
    """Without the store's own word for the moment it said so, something is gone since we heard of it."""
    if answer.status >= 400:
        since = answered_at(answer) or SystemClock().now()
        return (Gone(ref=thing_ref, updated_at=since, resource=resource),)
    return facts_of(client, SOURCES[resource], record(json_body(answer)))
