"""Orders, fulfilments, their events and refunds, in the words of the webhook payloads, become facts.

GraphQL answers come here too, rewritten by answers.py, so that the same moment told twice is the same fact twice.
Payloads: shopify.dev/docs/api/webhooks. Amounts are in the shop's currency throughout, which is what `currency` names.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from app.connectors.shopify import words
from app.connectors.shopify.money import minor_units
from app.connectors.shopify.reading import YEARS, key, moment, needed_key, needed_moment, whole
from app.events import Address, Fact, Line, OrderFact, RefundFact, ScanFact, ShipmentFact, ShipmentStatus, Source, Stale
from app.kernel.reading import Tree, part, parts, text


def order_facts(order: Tree, source: Source) -> tuple[Fact, ...]:
    """The order, its parcels, what is told of their way, and its refunds. `Permanent` when it is no order."""
    told = order_fact(order)
    facts: list[Fact] = [told]
    for parcel in parts(order, "fulfillments"):
        facts += parcel_facts(parcel, source)
    paid_in = text(order, "presentment_currency") or told.currency
    for refund in parts(order, "refunds"):
        facts += _refund_facts(refund, told.ref, told.currency, paid_in)
    return tuple(facts)


def order_fact(order: Tree) -> OrderFact:
    """Quantities and amounts are those of the order as placed or added to: what an edit or a refund took off is still in them, in
    Shopify's totals and here alike."""
    currency = text(order, "currency")
    customer = part(order, "customer")
    address = part(order, "shipping_address") or part(order, "billing_address")
    cancelled_at = moment(order, "cancelled_at")
    return OrderFact(
        ref=needed_key(order, "id"),
        number=text(order, "name"),
        status=words.order_status(
            is_cancelled=cancelled_at is not None,
            financial=text(order, "financial_status"),
            fulfilment=text(order, "fulfillment_status"),
        ),
        # Not created_at: an order that was imported from elsewhere was created today and placed long ago.
        placed_at=moment(order, "processed_at") or needed_moment(order, "created_at"),
        updated_at=needed_moment(order, "updated_at"),
        currency=currency,
        total=minor_units(text(order, "total_price"), currency),
        subtotal=minor_units(text(order, "subtotal_price"), currency),
        shipping=minor_units(text(part(part(order, "total_shipping_price_set"), "shop_money"), "amount"), currency),
        discount=minor_units(text(order, "total_discounts"), currency),
        tax=minor_units(text(order, "total_tax"), currency),
        channel=words.channel(text(order, "source_name")),
        channel_name=words.channel_name(text(order, "source_name")),
        discount_codes=_codes(parts(order, "discount_codes")),
        language=words.language(text(order, "customer_locale")),
        email=text(order, "email") or None,
        phone=text(order, "phone") or None,
        first_name=text(customer, "first_name") or text(address, "first_name") or None,
        last_name=text(customer, "last_name") or text(address, "last_name") or None,
        customer_ref=key(customer, "id") or None,
        address=_address(address),
        cancelled_at=cancelled_at,
        lines=_lines(parts(order, "line_items"), currency),
    )


def _codes(codes: Iterable[Tree]) -> tuple[str, ...]:
    """By the alphabet: nobody promises that both ways in sort them alike."""
    return tuple(sorted({text(one, "code") for one in codes} - {""}))


def _address(address: Tree) -> Address | None:
    """None where there is none. Where personal data is withheld, what is left of it: a city, a country."""
    read = Address(
        name=text(address, "name"),
        company=text(address, "company"),
        street=tuple(line for line in (text(address, "address1"), text(address, "address2")) if line),
        city=text(address, "city"),
        postcode=text(address, "zip"),
        region=text(address, "province"),
        country=text(address, "country_code"),
    )
    return read if read != Address() else None


def _lines(lines: Iterable[Tree], currency: str) -> tuple[Line, ...]:
    """In the order of their numbers, which is the order they were added in: nobody promises that both ways in sort them alike."""
    return tuple(sorted((_line(line, currency) for line in lines), key=lambda line: int(line.ref)))


def _line(line: Tree, currency: str) -> Line:
    """The discounts allocated to a line hold its share of those on the whole order; `total_discount` leaves that out."""
    quantity = whole(line, "quantity")
    discount = sum(minor_units(text(share, "amount"), currency) for share in parts(line, "discount_allocations"))
    return Line(
        ref=needed_key(line, "id"),
        title=text(line, "title"),
        quantity=quantity,
        total=minor_units(text(line, "price"), currency) * quantity - discount,
        variant=words.variant(text(line, "variant_title")),
        sku=text(line, "sku"),
        product_ref=key(line, "product_id"),
        variant_ref=key(line, "variant_id"),
        image_url=text(line, "image_url"),  # only answers.py knows it
        requires_shipping=line.get("requires_shipping") is not False,
    )


def parcel_facts(parcel: Tree, source: Source) -> tuple[Fact, ...]:
    """The parcel and what is told of its way; nothing for a fulfilment that sends nothing."""
    number = _first(parcel, "tracking_numbers") or text(parcel, "tracking_number")
    if not _is_sent(parcel, number):
        return ()
    shipment = ShipmentFact(
        order_ref=needed_key(parcel, "order_id"),
        ref=needed_key(parcel, "id"),
        updated_at=needed_moment(parcel, "updated_at"),
        shipped_at=needed_moment(parcel, "created_at"),
        status=words.shipment_status(text(parcel, "shipment_status")),
        carrier=text(parcel, "tracking_company"),
        tracking_number=number,
        tracking_url=_first(parcel, "tracking_urls") or text(parcel, "tracking_url"),
        items=_items(parts(parcel, "line_items")),
        expected_until=_day(parcel, "estimated_delivery_at"),
        is_cancelled=text(parcel, "status") in words.CALLED_BACK,
    )
    return (shipment, *scan_facts(parts(parcel, "events"), source))


def _is_sent(parcel: Tree, number: str) -> bool:
    """Not what a fulfilment service was only asked for, unless it has a number already; not a gift card or a download either."""
    if text(parcel, "status") in words.NOT_HANDED_OVER and not number:
        return False
    items = parts(parcel, "line_items")
    return not items or any(item.get("requires_shipping") is not False for item in items)


def _items(items: Iterable[Tree]) -> tuple[tuple[str, int], ...]:
    pairs = ((needed_key(item, "id"), whole(item, "quantity")) for item in items)
    return tuple(sorted(pairs, key=lambda pair: (int(pair[0]), pair[1])))


def _first(tree: Tree, name: str) -> str:
    """Several numbers on one fulfilment: the first is followed."""
    values = tree.get(name)
    return text({"first": values[0]}, "first") if isinstance(values, list) and values else ""


def scan_facts(events: Iterable[Tree], source: Source) -> tuple[ScanFact, ...]:
    """One for each event that says where the parcel is or when it is expected."""
    return tuple(fact for fact in (_scan(event, source) for event in events) if fact)


def _scan(event: Tree, source: Source) -> ScanFact | None:
    """The place is the city and nothing else: both ways in write it alike, and it is withheld from an app without approval."""
    fact = ScanFact(
        status=words.shipment_status(text(event, "status")),
        occurred_at=needed_moment(event, "happened_at"),
        source=source,
        order_ref=key(event, "order_id"),
        shipment_ref=needed_key(event, "fulfillment_id"),
        place=text(event, "city"),
        expected_until=_day(event, "estimated_delivery_at"),
    )
    return fact if fact.status is not ShipmentStatus.UNKNOWN or fact.expected_until else None


def _day(tree: Tree, name: str) -> date | None:
    """A day of delivery is the day that stands there, not the one that it is in UTC by then."""
    try:
        day = datetime.fromisoformat(text(tree, name)).date()
    except ValueError:
        return None
    return day if day.year in YEARS else None


# --- refunds ----------------------------------------------------------------------------------------------------------


def refund_facts(refund: Tree) -> tuple[Fact, ...]:
    """From a refund that is told by itself. Its currencies stand in the duties' total, whether there are duties or not."""
    total = part(refund, "total_duties_set")
    shop, shown = part(total, "shop_money"), part(total, "presentment_money")
    return _refund_facts(
        refund, needed_key(refund, "order_id"), text(shop, "currency_code"), text(shown, "currency_code")
    )


def _refund_facts(refund: Tree, order_ref: str, currency: str, paid_in: str) -> tuple[Fact, ...]:
    """Nothing for pieces that were called off without money, nor while the money has not gone back: the order changes again when it
    has. What went back in another currency than the order is counted in must be asked for: a payload names one amount."""
    if not currency or currency != paid_in:
        return (Stale(ref=order_ref),)
    amount = sum(minor_units(text(one, "amount"), currency) for one in parts(refund, "transactions") if _went_back(one))
    if amount <= 0:
        return ()
    fact = RefundFact(
        order_ref=order_ref,
        ref=needed_key(refund, "id"),
        refunded_at=moment(refund, "processed_at") or needed_moment(refund, "created_at"),
        amount=amount,
        items=_refunded_items(parts(refund, "refund_line_items")),
    )
    return (fact,)


def _went_back(transaction: Tree) -> bool:
    return text(transaction, "kind") == "refund" and text(transaction, "status") == "success"


def _refunded_items(items: Iterable[Tree]) -> tuple[tuple[str, int], ...]:
    pairs = ((needed_key(item, "line_item_id"), whole(item, "quantity")) for item in items)
    return tuple(sorted(pairs, key=lambda pair: (int(pair[0]), pair[1])))
