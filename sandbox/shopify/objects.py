"""What the Admin API shows of the world: one function an object, with the fields that the connector's documents ask for.

Names, types and nullability are those of the published 2026-10 schema; a test compares every answer with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from sandbox.shopify.connections import Entry, connection
from sandbox.shopify.graphql import Arguments, Node, Resolver
from sandbox.shopify.shop import (
    EVENTS,
    Shop,
    decimal,
    event_id,
    financial_status,
    fulfillment_status,
    full_name,
    gid,
    number_of,
    payment_id,
    scans_known,
    source_name,
    utc,
)
from sandbox.things import Address, Line, Order, Parcel, Person, Refund, Scan, ScanStatus

HAS_ID = frozenset({"Node"})

GATEWAY = "bogus"

POLICIES = {
    "REFUND_POLICY": "refund-policy",
    "SHIPPING_POLICY": "shipping-policy",
    "PRIVACY_POLICY": "privacy-policy",
    "TERMS_OF_SERVICE": "terms-of-service",
    "LEGAL_NOTICE": "legal-notice",
    "CONTACT_INFORMATION": "contact-information",
}

FULFILLMENT_STATUS = {None: "UNFULFILLED", "partial": "PARTIALLY_FULFILLED", "fulfilled": "FULFILLED"}


def shop(it: Shop) -> Node:
    profile = it.store.profile
    return Node(
        "Shop",
        {
            "id": gid("Shop", it.id),
            "name": profile.name,
            "myshopifyDomain": it.keys.domain,
            "ianaTimezone": profile.timezone,
            "currencyCode": profile.currency,
            "contactEmail": profile.email,
            "email": profile.email,
            "url": it.url,
            "shopAddress": _shop_address(it),
            "shopPolicies": [_policy(it, kind, path) for kind, path in POLICIES.items()],
        },
        HAS_ID,
    )


def _shop_address(it: Shop) -> Node:
    profile = it.store.profile
    fields = {
        "id": gid("ShopAddress", it.id),
        "address1": profile.street,
        "city": profile.city,
        "zip": profile.postcode,
        "countryCodeV2": profile.country,
    }
    return Node("ShopAddress", fields, HAS_ID)


def _policy(it: Shop, kind: str, path: str) -> Node:
    fields = {"id": gid("ShopPolicy", number_of(path)), "type": kind, "url": f"{it.url}/policies/{path}"}
    return Node("ShopPolicy", fields, HAS_ID)


def shop_locales(it: Shop) -> list[Node]:
    """The shop's own language and those of its customers."""
    own = it.store.profile.language
    others = {account.person.language for account in it.store.accounts.values()} - {own}
    return [Node("ShopLocale", {"locale": tag, "primary": tag == own}) for tag in sorted({own, *others})]


def installation(it: Shop) -> Node:
    """The app, as this store let it in."""
    scopes = [Node("AccessScope", {"handle": scope}) for scope in sorted(it.keys.scopes)]
    return Node("AppInstallation", {"accessScopes": scopes}, HAS_ID)


def count(number: int) -> Node:
    return Node("Count", {"count": number, "precision": "EXACT"})


def order(it: Shop, one: Order) -> Node:
    return Node("Order", {**_order(one), **_amounts(one), **_buyer(one), **_contents(it, one)}, HAS_ID)


def _order(one: Order) -> dict[str, object]:
    return {
        "id": gid("Order", one.id),
        "name": one.number,
        "createdAt": utc(one.placed_at),
        "processedAt": utc(one.placed_at),
        "updatedAt": utc(one.updated_at),
        "cancelledAt": utc(one.cancelled_at),
        "displayFinancialStatus": financial_status(one).upper(),
        "displayFulfillmentStatus": FULFILLMENT_STATUS[fulfillment_status(one)],
        "sourceName": source_name(one),
        "discountCodes": [one.coupon] if one.coupon else [],
        "presentmentCurrencyCode": one.currency,
        "customerLocale": one.customer.language,
        "currencyCode": one.currency,
    }


def _amounts(one: Order) -> dict[str, object]:
    amounts = {
        "totalPriceSet": one.total,
        "subtotalPriceSet": one.subtotal,
        "totalShippingPriceSet": one.shipping,
        "totalDiscountsSet": one.discount,
        "totalTaxSet": one.tax,
    }
    return {name: _bag(amount, one.currency) for name, amount in amounts.items()}


def _bag(minor: int, currency: str) -> Node:
    """Everybody pays in the shop's own currency."""
    money = Node("MoneyV2", {"amount": decimal(minor), "currencyCode": currency})
    return Node("MoneyBag", {"shopMoney": money, "presentmentMoney": money})


def _buyer(one: Order) -> dict[str, object]:
    return {
        "email": one.customer.email or None,
        "phone": None,  # only what was given at the checkout as contact; ours ask for an e-mail address
        "customer": _customer(one.customer),
        "displayAddress": _address(one, one.customer.address) if one.customer.address.country else None,
    }


def _customer(person: Person) -> Node | None:
    if not person.ref:
        return None
    fields = {
        "id": gid("Customer", person.ref),
        "firstName": person.address.first_name,
        "lastName": person.address.last_name,
        "locale": person.language,
    }
    return Node("Customer", fields, HAS_ID)


def _address(one: Order, address: Address) -> Node:
    fields = {
        "id": gid("MailingAddress", number_of(f"{one.id}/{address.street}")),
        "name": full_name(address),
        "firstName": address.first_name,
        "lastName": address.last_name,
        "company": address.company or None,
        "address1": address.street,
        "address2": address.extra or None,
        "city": address.city,
        "zip": address.postcode,
        "province": address.region or None,
        "countryCodeV2": address.country,
        "phone": address.phone or None,
    }
    return Node("MailingAddress", fields, HAS_ID)


def _contents(it: Shop, one: Order) -> dict[str, object]:
    lines = [Entry((line.id,), partial(_line, it, one, line)) for line in one.lines]
    return {
        "lineItems": connection("LineItem", lines),
        "fulfillmentsCount": count(len(one.parcels)),
        "fulfillments": _first([fulfillment(it, one, parcel) for parcel in one.parcels]),
        "refunds": _first([refund(one, back) for back in one.refunds]),
        "transactions": _first(list(_transactions(one))),
    }


def _first(items: list[Node]) -> Resolver:
    """A plain list that takes `first`."""

    def resolve(arguments: Arguments) -> list[Node]:
        return items[: arguments.get("first")]

    return resolve


# --- lines ------------------------------------------------------------------------------------------------------------


def _line(it: Shop, one: Order, line: Line) -> Node:
    fields = {
        "id": gid("LineItem", line.id),
        "title": line.title,
        "name": f"{line.title} - {line.variant_title}" if line.variant_title else line.title,
        "variantTitle": line.variant_title or None,
        "sku": line.sku,
        "quantity": line.quantity,
        "requiresShipping": line.requires_shipping,
        "unfulfilledQuantity": dict(one.unsent()).get(line.id, 0),
        "originalUnitPriceSet": _bag(line.unit_price, one.currency),
        "discountAllocations": _allocations(one, line),
        "product": Node("Product", {"id": gid("Product", line.product_id)}, HAS_ID) if line.product_id else None,
        "variant": Node("ProductVariant", {"id": gid("ProductVariant", line.variant_id)}, HAS_ID)
        if line.variant_id
        else None,
        "image": _image(it, line),
    }
    return Node("LineItem", fields, HAS_ID)


def _allocations(one: Order, line: Line) -> list[Node]:
    if not line.discount:
        return []
    return [Node("DiscountAllocation", {"allocatedAmountSet": _bag(line.discount, one.currency)})]


def _image(it: Shop, line: Line) -> Node | None:
    if not line.handle:
        return None
    return Node("Image", {"id": gid("ImageSource", line.image_id), "url": it.picture_url(line.handle)})


# --- refunds ----------------------------------------------------------------------------------------------------------


def refund(one: Order, back: Refund) -> Node:
    items = [
        Entry((line_id,), partial(_refunded, one, back, line_id, quantity)) for line_id, quantity in sorted(back.items)
    ]
    fields = {
        "id": gid("Refund", back.id),
        "note": back.reason or None,
        "createdAt": utc(back.at),
        "processedAt": utc(back.at),
        "totalRefundedSet": _bag(back.amount, one.currency),
        "refundLineItems": connection("RefundLineItem", items),
    }
    return Node("Refund", fields, HAS_ID)


def _refunded(one: Order, back: Refund, line_id: int, quantity: int) -> Node:
    fields = {
        "id": gid("RefundLineItem", number_of(f"{back.id}/{line_id}")),
        "quantity": quantity,
        "lineItem": Node("LineItem", {"id": gid("LineItem", line_id)}, HAS_ID),
    }
    return Node("RefundLineItem", fields)


def _transactions(one: Order) -> Iterable[Node]:
    """The payment, and what went back of it."""
    if one.paid_at is None:
        return
    payment = Node("OrderTransaction", {"id": gid("OrderTransaction", payment_id(one))}, HAS_ID)
    yield _transaction(one, payment_id(one), "SALE", one.total, None)
    for back in one.refunds:
        yield _transaction(one, number_of(f"payout/{back.id}"), "REFUND", back.amount, payment)


def _transaction(one: Order, number: int, kind: str, amount: int, parent: Node | None) -> Node:
    fields = {
        "id": gid("OrderTransaction", number),
        "kind": kind,
        "status": "SUCCESS",
        "gateway": GATEWAY,
        "amountSet": _bag(amount, one.currency),
        "parentTransaction": parent,
    }
    return Node("OrderTransaction", fields, HAS_ID)


def location(it: Shop) -> Node:
    """The store's only place."""
    return Node("Location", {"id": gid("Location", it.id), "name": it.store.profile.city}, HAS_ID)


# --- parcels ----------------------------------------------------------------------------------------------------------


def fulfillment(it: Shop, one: Order, parcel: Parcel) -> Node:
    scans = [
        Entry((utc(scan.at) or "", n), partial(_event, parcel, scan)) for n, scan in enumerate(scans_known(parcel))
    ]
    fields = {
        "id": gid("Fulfillment", parcel.id),
        "name": f"{one.number}.{one.parcels.index(parcel) + 1}",
        "status": "SUCCESS",
        "displayStatus": _display_status(parcel),
        "createdAt": utc(parcel.shipped_at),
        "updatedAt": utc(parcel.updated_at),
        "estimatedDeliveryAt": utc(parcel.expected_until),
        "location": location(it),
        "trackingInfo": _first(list(_tracking(it, parcel))),
        "events": connection("FulfillmentEvent", scans),
        "fulfillmentLineItems": connection("FulfillmentLineItem", list(_items(it, one, parcel))),
    }
    return Node("Fulfillment", fields, HAS_ID)


def _display_status(parcel: Parcel) -> str:
    known = scans_known(parcel)
    if not known:
        return "FULFILLED"
    if known[-1].status is ScanStatus.RETURNED_TO_SENDER:
        return "NOT_DELIVERED"
    return EVENTS[known[-1].status].upper()


def _tracking(it: Shop, parcel: Parcel) -> Iterable[Node]:
    if parcel.carrier or parcel.number:
        fields = {
            "company": parcel.carrier or None,
            "number": parcel.number or None,
            "url": it.store.world.tracking_url(parcel) or None,
        }
        yield Node("FulfillmentTrackingInfo", fields)


def _event(parcel: Parcel, scan: Scan) -> Node:
    fields = {
        "id": gid("FulfillmentEvent", event_id(parcel, scan)),
        "status": EVENTS[scan.status].upper(),
        "message": None,
        "happenedAt": utc(scan.at),
        "createdAt": utc(scan.at),
        "city": scan.place or None,
        "estimatedDeliveryAt": utc(parcel.expected_until),
    }
    return Node("FulfillmentEvent", fields, HAS_ID)


def _items(it: Shop, one: Order, parcel: Parcel) -> Iterable[Entry]:
    for line_id, quantity in parcel.items:
        yield Entry((line_id,), partial(_item, it, one, parcel, line_id, quantity))


def _item(it: Shop, one: Order, parcel: Parcel, line_id: int, quantity: int) -> Node:
    fields = {
        "id": gid("FulfillmentLineItem", number_of(f"{parcel.id}/{line_id}")),
        "quantity": quantity,
        "lineItem": _line(it, one, one.line(line_id)),
    }
    return Node("FulfillmentLineItem", fields, HAS_ID)
