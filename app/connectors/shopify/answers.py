"""GraphQL answers rewritten in the words of the webhook payloads, so that one mapping reads both (mapping.py)."""

from __future__ import annotations

from app.connectors.shopify.reading import key, texts
from app.kernel.reading import Tree, part, parts, text


def order_payload(order: Tree) -> Tree:
    """From `OrderParts` of queries/orders.graphql."""
    ref = key(order, "id")
    return {
        "id": order.get("id"),
        "name": order.get("name"),
        "processed_at": order.get("processedAt"),
        "updated_at": order.get("updatedAt"),
        "cancelled_at": order.get("cancelledAt"),
        "financial_status": text(order, "displayFinancialStatus").lower(),
        "fulfillment_status": text(order, "displayFulfillmentStatus").lower(),
        "source_name": order.get("sourceName"),
        "customer_locale": order.get("customerLocale"),
        "discount_codes": [{"code": code} for code in texts(order, "discountCodes")],
        "currency": order.get("currencyCode"),
        "total_price": _amount(order, "totalPriceSet"),
        "subtotal_price": _amount(order, "subtotalPriceSet"),
        "total_shipping_price_set": {"shop_money": {"amount": _amount(order, "totalShippingPriceSet")}},
        "total_discounts": _amount(order, "totalDiscountsSet"),
        "total_tax": _amount(order, "totalTaxSet"),
        "email": order.get("email"),
        "phone": order.get("phone"),
        "customer": _person(part(order, "customer")),
        "shipping_address": _address(part(order, "displayAddress")),
        "line_items": [_line(line) for line in parts(part(order, "lineItems"), "nodes")],
        "fulfillments": [_parcel(parcel, ref) for parcel in parts(order, "fulfillments")],
        "refunds": [_refund(refund) for refund in parts(order, "refunds")],
    }


def _amount(tree: Tree, name: str) -> str:
    return text(part(part(tree, name), "shopMoney"), "amount")


def _person(person: Tree) -> Tree:
    return {
        "id": person.get("id"),
        "first_name": person.get("firstName"),
        "last_name": person.get("lastName"),
    }


def _address(address: Tree) -> Tree:
    """`displayAddress` is the shipping address or, without one, the billing address: the choice that mapping.py makes."""
    same = ("name", "company", "address1", "address2", "city", "zip", "province")
    return {
        **{name: address.get(name) for name in same},
        "first_name": address.get("firstName"),
        "last_name": address.get("lastName"),
        "country_code": address.get("countryCodeV2"),
    }


def _line(line: Tree) -> Tree:
    return {
        "id": line.get("id"),
        "title": line.get("title"),
        "variant_title": line.get("variantTitle"),
        "sku": line.get("sku"),
        "quantity": line.get("quantity"),
        "requires_shipping": line.get("requiresShipping"),
        "price": _amount(line, "originalUnitPriceSet"),
        "discount_allocations": [
            {"amount": _amount(share, "allocatedAmountSet")} for share in parts(line, "discountAllocations")
        ],
        "product_id": part(line, "product").get("id"),
        "variant_id": part(line, "variant").get("id"),
        "image_url": part(line, "image").get("url"),
    }


def _parcel(parcel: Tree, order_ref: str) -> Tree:
    tracking = part({"first": next(iter(parts(parcel, "trackingInfo")), None)}, "first")
    events = _events(parcel, order_ref)
    status = text(parcel, "displayStatus").lower()
    return {
        "id": parcel.get("id"),
        "order_id": order_ref,
        "status": text(parcel, "status").lower(),
        # What an event says too is left to the event, which knows when it was.
        "shipment_status": "" if status in {event["status"] for event in events} else status,
        "created_at": parcel.get("createdAt"),
        "updated_at": parcel.get("updatedAt"),
        "tracking_company": tracking.get("company"),
        "tracking_number": tracking.get("number"),
        "tracking_url": tracking.get("url"),
        "line_items": [_item(item) for item in parts(part(parcel, "fulfillmentLineItems"), "nodes")],
        "events": events,
        "estimated_delivery_at": None if events else parcel.get("estimatedDeliveryAt"),
    }


def _item(item: Tree) -> Tree:
    line = part(item, "lineItem")
    return {
        "id": line.get("id"),
        "quantity": item.get("quantity"),
        "requires_shipping": line.get("requiresShipping"),
    }


def _events(parcel: Tree, order_ref: str) -> list[Tree]:
    """Oldest first. The parcel's own expected day is the newest event's, where that one names none: a fulfilment's webhook has no
    such day, so it must not make the parcel look different."""
    newest_first = parts(part(parcel, "events"), "nodes")
    expected = [event.get("estimatedDeliveryAt") for event in newest_first]
    if expected and not expected[0]:
        expected[0] = parcel.get("estimatedDeliveryAt")
    events: list[Tree] = [
        {
            "fulfillment_id": parcel.get("id"),
            "order_id": order_ref,
            "status": text(event, "status").lower(),
            "happened_at": event.get("happenedAt"),
            "city": event.get("city"),
            "estimated_delivery_at": day,
        }
        for event, day in zip(newest_first, expected, strict=True)
    ]
    return events[::-1]


def _refund(refund: Tree) -> Tree:
    """Its transactions as one, in the shop's currency like all amounts of an answer: the total counts what has gone back."""
    items = parts(part(refund, "refundLineItems"), "nodes")
    return {
        "id": refund.get("id"),
        "processed_at": refund.get("processedAt"),
        "transactions": [{"kind": "refund", "status": "success", "amount": _amount(refund, "totalRefundedSet")}],
        "refund_line_items": [
            {"line_item_id": part(item, "lineItem").get("id"), "quantity": item.get("quantity")} for item in items
        ],
    }
