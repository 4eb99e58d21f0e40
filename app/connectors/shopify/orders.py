"""Orders of a store's answers, made whole: what does not fit into a page is asked for until it is there."""

from __future__ import annotations

from app.connectors.shopify.answers import order_payload
from app.connectors.shopify.asking import Asker, has_more, nodes_of
from app.connectors.shopify.client import Operation
from app.connectors.shopify.mapping import order_facts
from app.connectors.shopify.reading import whole
from app.events import Fact, Source
from app.kernel.reading import Tree, part, parts, text

ORDERS_A_PAGE = 4
"""Some 600 points if every one of them is as big as the document allows: the rule for lists is only known from measurements, and a
query over 1,000 is never run. What is not used is given back, so smaller pages cost no points, only questions."""
REFUNDS_AT_FIRST = 2
"""As many as the document asks for with an order."""

ORDERS = Operation("orders", "Orders")
ORDERS_BY_IDS = Operation("orders", "OrdersByIds")
ORDERS_COUNT = Operation("orders", "OrdersCount")
ORDER_LINES = Operation("orders", "OrderLines")
ORDER_PARCELS = Operation("orders", "OrderParcels")
ORDER_REFUNDS = Operation("orders", "OrderRefunds")
REFUND_ITEMS = Operation("orders", "RefundItems")
WHOLE_PARCEL = Operation("orders", "WholeParcel")


def facts_of_order(asker: Asker, order: Tree) -> tuple[Fact, ...]:
    order_id = text(order, "id")

    def more_lines(after: str) -> Tree:
        return part(asker.still_there("order", ORDER_LINES, order=order_id, after=after), "lineItems")

    filled = {
        **order,
        "lineItems": {"nodes": list(nodes_of(part(order, "lineItems"), more_lines))},
        "fulfillments": [_whole_parcel(asker, parcel) for parcel in _parcels(asker, order)],
        "refunds": [_whole_refund(asker, refund) for refund in _refunds(asker, order)],
    }
    return order_facts(order_payload(filled), Source.PULL)


def _parcels(asker: Asker, order: Tree) -> list[Tree]:
    """The list has no pages: of an order in more than 30 parcels, the later ones are known from their webhooks alone."""
    parcels = parts(order, "fulfillments")
    if whole(part(order, "fulfillmentsCount"), "count") <= len(parcels):
        return parcels
    return parts(asker.still_there("order", ORDER_PARCELS, order=text(order, "id")), "fulfillments")


def _whole_parcel(asker: Asker, parcel: Tree) -> Tree:
    if not any(has_more(part(parcel, name)) for name in ("events", "fulfillmentLineItems")):
        return parcel
    return {**parcel, **asker.still_there("fulfillment", WHOLE_PARCEL, parcel=text(parcel, "id"))}


def _refunds(asker: Asker, order: Tree) -> list[Tree]:
    """The list has neither pages nor a count: of an order with more than 25 refunds, the later ones are known from webhooks."""
    refunds = parts(order, "refunds")
    if len(refunds) < REFUNDS_AT_FIRST:
        return refunds
    return parts(asker.still_there("order", ORDER_REFUNDS, order=text(order, "id")), "refunds")


def _whole_refund(asker: Asker, refund: Tree) -> Tree:
    def more_items(after: str) -> Tree:
        found = asker.still_there("refund", REFUND_ITEMS, refund=text(refund, "id"), after=after)
        return part(found, "refundLineItems")

    return {**refund, "refundLineItems": {"nodes": list(nodes_of(part(refund, "refundLineItems"), more_items))}}
