"""The bodies of webhooks, key for key and type for type as the platform documents them (shopify.dev webhook reference, 2026-07).

Money is text, ids are numbers, moments carry the shop's offset, and what an app may not know here is null.
"""

from __future__ import annotations

from typing import Any

from sandbox.shopify.shop import (
    EVENTS,
    Shop,
    country_name,
    current_total,
    decimal,
    event_id,
    financial_status,
    fulfillment_status,
    full_name,
    gid,
    number_of,
    outstanding,
    payment_id,
    source_name,
)
from sandbox.things import (
    Address,
    Line,
    Order,
    OrderState,
    Parcel,
    Person,
    Refund,
    Scan,
)

Json = dict[str, Any]


def order(shop: Shop, it: Order) -> Json:
    """The body of every `orders/*` topic."""
    return {
        **_head(shop, it),
        **_amounts(it),
        **_dates(shop, it),
        "billing_address": _place(it.billing or it.customer.address),
        "customer": _customer(shop, it.customer),
        "discount_applications": _discount_applications(it),
        "fulfillments": [_fulfillment_of_order(shop, it, parcel) for parcel in it.parcels],
        "line_items": [_order_line(it, line) for line in it.lines],
        "payment_terms": None,
        "refunds": [refund(shop, it, back) for back in it.refunds],
        "shipping_address": _place(it.customer.address),
        "shipping_lines": [_shipping_line(it)],
        "returns": [],
        "line_item_groups": [],
    }


def fulfillment(shop: Shop, it: Order, parcel: Parcel) -> Json:
    """The body of `fulfillments/create` and `fulfillments/update`."""
    return {
        **_fulfillment(shop, it, parcel),
        "email": it.customer.email,
        "destination": address(it.customer.address),
        "line_items": _sent_lines(it, parcel),
    }


def fulfillment_event(shop: Shop, it: Order, parcel: Parcel, scan: Scan) -> Json:
    """The body of `fulfillment_events/create`."""
    number = event_id(parcel, scan)
    return {
        "id": number,
        "fulfillment_id": parcel.id,
        "status": EVENTS[scan.status],
        "message": scan.status.replace("_", " ").capitalize(),
        "happened_at": shop.local(scan.at),
        "city": scan.place or None,
        "province": None,
        "country": scan.country or it.customer.address.country,
        "zip": None,
        "address1": None,
        "latitude": None,
        "longitude": None,
        "shop_id": shop.id,
        "created_at": shop.local(parcel.updated_at),
        "updated_at": shop.local(parcel.updated_at),
        "estimated_delivery_at": shop.local(parcel.expected_until) if parcel.expected_until else None,
        "order_id": it.id,
        "admin_graphql_api_id": gid("FulfillmentEvent", number),
    }


def refund(shop: Shop, it: Order, back: Refund) -> Json:
    """The body of `refunds/create`, and what an order lists."""
    return {
        "id": back.id,
        "order_id": it.id,
        "created_at": shop.local(back.at),
        "note": back.reason or None,
        "user_id": None,
        "processed_at": shop.local(back.at),
        "duties": [],
        "total_duties_set": _bag(it, 0),
        "return": None,
        "refund_shipping_lines": [],
        "restock": False,
        "admin_graphql_api_id": gid("Refund", back.id),
        "order_adjustments": [],
        "refund_line_items": [_refunded(it, back, line_id, quantity) for line_id, quantity in back.items],
        "transactions": [_payout(shop, it, back)],
    }


def _refunded(it: Order, back: Refund, line_id: int, quantity: int) -> Json:
    line = it.line(line_id)
    amount = line.total * quantity // line.quantity
    return {
        "id": number_of(f"{back.id}/{line_id}"),
        "quantity": quantity,
        "line_item_id": line_id,
        "location_id": None,
        "restock_type": "no_restock",
        "subtotal": amount / 100,  # a number, for once
        "total_tax": 0,
        "subtotal_set": _bag(it, amount),
        "total_tax_set": _bag(it, 0),
        "line_item": {
            **_line(it, line),
            "fulfillable_quantity": dict(it.unsent()).get(line_id, 0),
            "fulfillment_status": None,
            "quantity": line.quantity,
        },
    }


def _payout(shop: Shop, it: Order, back: Refund) -> Json:
    nothing = {"amount": "0.0", "currency": it.currency}
    number = number_of(f"payout/{back.id}")
    return {
        "id": number,
        "order_id": it.id,
        "kind": "refund",
        "gateway": "bogus",
        "status": "success",
        "message": None,
        "created_at": shop.local(back.at),
        "test": False,
        "authorization": None,
        "location_id": None,
        "user_id": None,
        "parent_id": payment_id(it),
        "processed_at": None,
        "device_id": None,
        "error_code": None,
        "source_name": source_name(it),
        "receipt": {},
        "amount": decimal(back.amount),
        "currency": it.currency,
        "payment_id": f"{it.number}.1",
        "total_unsettled_set": {"presentment_money": nothing, "shop_money": nothing},
        "manual_payment_gateway": False,
        "amount_rounding": None,
        "admin_graphql_api_id": gid("OrderTransaction", number),
    }


# --- an order's parts -------------------------------------------------------------------------------------------------


def _head(shop: Shop, it: Order) -> Json:
    number = int(it.number.lstrip("#"))
    token = f"{number_of(it.key):015x}"
    return {
        "id": it.id,
        "admin_graphql_api_id": gid("Order", it.id),
        "app_id": None,
        "browser_ip": None,
        "buyer_accepts_marketing": False,
        "cancel_reason": "customer" if it.cancelled_at else None,
        "cart_token": None,
        "checkout_token": None,
        "client_details": None,
        "confirmation_number": it.key[:9].upper(),
        "confirmed": True,
        "contact_email": it.customer.email or None,
        "currency": it.currency,
        "customer_locale": it.customer.language,
        "device_id": None,
        "discount_codes": _discount_codes(it),
        "duties_included": False,
        "email": it.customer.email or None,
        "estimated_taxes": False,
        "financial_status": financial_status(it),
        "fulfillment_status": fulfillment_status(it),
        "landing_site": None,
        "landing_site_ref": None,
        "location_id": None,
        "merchant_business_entity_id": f"{number_of(shop.keys.domain):x}",
        "merchant_of_record_app_id": None,
        "name": it.number,
        "note": it.note or None,
        "note_attributes": [],
        "number": number - 1000,
        "order_number": number,
        "order_status_url": shop.order_url(it),
        "payment_gateway_names": ["bogus"],
        "phone": None,
        "po_number": None,
        "presentment_currency": it.currency,
        "reference": None,
        "referring_site": None,
        "source_identifier": None,
        "source_name": source_name(it),
        "source_url": None,
        "tags": "",
        "tax_exempt": False,
        "tax_lines": [],
        "taxes_included": True,
        "test": False,
        "token": token,
        "total_weight": 0,
        "user_id": None,
    }


def _discount_codes(it: Order) -> list[Json]:
    return [{"code": it.coupon, "amount": decimal(it.discount), "type": "percentage"}] if it.coupon else []


def _discount_applications(it: Order) -> list[Json]:
    """A code works on the whole order and is shared out among its lines (`discount_allocations`)."""
    if not it.coupon:
        return []
    percent = round(it.discount * 100 / max(1, it.subtotal + it.discount))
    return [
        {
            "allocation_method": "across",
            "code": it.coupon,
            "target_selection": "all",
            "target_type": "line_item",
            "type": "discount_code",
            "value": f"{percent}.0",
            "value_type": "percentage",
        }
    ]


def _dates(shop: Shop, it: Order) -> Json:
    closed = it.completed_at or it.cancelled_at
    return {
        "cancelled_at": shop.local(it.cancelled_at) if it.cancelled_at else None,
        "closed_at": shop.local(closed) if closed else None,
        "created_at": shop.local(it.placed_at),
        "processed_at": shop.local(it.placed_at),
        "updated_at": shop.local(it.updated_at),
    }


def _amounts(it: Order) -> Json:
    """Each amount twice, as text and as a bag of both currencies, for the order as placed and as it is now."""
    now = current_total(it)
    is_whole = now == it.total
    amounts = {
        "current_subtotal_price": it.subtotal if is_whole else max(0, now - it.shipping),
        "current_total_discounts": it.discount if now else 0,
        "current_total_price": now,
        "current_total_tax": it.tax if is_whole else 0,
        "subtotal_price": it.subtotal,
        "total_discounts": it.discount,
        "total_line_items_price": it.subtotal + it.discount,
        "total_price": it.total,
        "total_tax": it.tax,
    }
    bags = {
        "current_shipping_price_set": it.shipping if now else 0,
        "total_shipping_price_set": it.shipping,
        "total_cash_rounding_payment_adjustment_set": 0,
        "total_cash_rounding_refund_adjustment_set": 0,
        **{f"{name}_set": amount for name, amount in amounts.items()},
    }
    return {
        **{name: decimal(amount) for name, amount in amounts.items()},
        **{name: _bag(it, amount) for name, amount in bags.items()},
        "current_total_additional_fees_set": None,
        "current_total_duties_set": None,
        "original_total_additional_fees_set": None,
        "original_total_duties_set": None,
        "total_outstanding": decimal(outstanding(it)),
        "total_tip_received": "0.00",
    }


def _bag(it: Order, amount: int) -> Json:
    money = {"amount": decimal(amount), "currency_code": it.currency}
    return {"shop_money": money, "presentment_money": money}


def _place(it: Address) -> Json | None:
    """Nobody is asked for one over the counter."""
    return address(it) if it.country else None


def address(it: Address) -> Json:
    """A postal address as an order or a parcel shows it."""
    return {
        "first_name": it.first_name,
        "address1": it.street,
        "phone": it.phone or None,
        "city": it.city,
        "zip": it.postcode,
        "province": it.region or None,
        "country": country_name(it.country),
        "last_name": it.last_name,
        "address2": it.extra or None,
        "company": it.company or None,
        "latitude": None,
        "longitude": None,
        "name": full_name(it),
        "country_code": it.country,
        "province_code": None,
    }


def _customer(shop: Shop, it: Person) -> Json | None:
    return person(shop, it) if it.ref else None


def person(shop: Shop, it: Person) -> Json:
    """Somebody with an account, as his orders and his own topics show him."""
    return {
        "id": it.ref,
        "created_at": None,
        "updated_at": None,
        "first_name": it.address.first_name,
        "last_name": it.address.last_name,
        "state": "disabled",
        "note": None,
        "verified_email": True,
        "multipass_identifier": None,
        "tax_exempt": False,
        "email": it.email,
        "phone": it.address.phone or None,
        "currency": shop.store.profile.currency,
        "tax_exemptions": [],
        "admin_graphql_api_id": gid("Customer", it.ref),
        "default_address": _default_address(it),
    }


def _default_address(it: Person) -> Json:
    place = {name: value for name, value in address(it.address).items() if name not in ("latitude", "longitude")}
    return {
        **place,
        "id": number_of(f"address/{it.ref}"),
        "customer_id": it.ref,
        "country_name": place["country"],
        "default": True,
    }


def _line(it: Order, line: Line) -> Json:
    """What a line is in an order and in a parcel alike."""
    return {
        "id": line.id,
        "admin_graphql_api_id": gid("LineItem", line.id),
        "discount_allocations": _allocations(it, line),
        "duties": [],
        "fulfillment_service": "manual",
        "gift_card": False,
        "grams": 0,
        "name": f"{line.title} - {line.variant_title}" if line.variant_title else line.title,
        "price": decimal(line.unit_price),
        "price_set": _bag(it, line.unit_price),
        "product_exists": bool(line.product_id),
        "product_id": line.product_id or None,
        "properties": [],
        "requires_shipping": line.requires_shipping,
        "sku": line.sku,
        "tax_lines": [],
        "taxable": True,
        "title": line.title,
        "total_discount": "0.00",  # what was taken off this line alone; a code's share stands in the allocations
        "total_discount_set": _bag(it, 0),
        "variant_id": line.variant_id or None,
        "variant_inventory_management": "shopify",
        "variant_title": line.variant_title or None,
        "vendor": None,
    }


def _allocations(it: Order, line: Line) -> list[Json]:
    if not line.discount:
        return []
    amount = {"amount": decimal(line.discount), "amount_set": _bag(it, line.discount)}
    return [{**amount, "discount_application_index": 0}]


def _order_line(it: Order, line: Line) -> Json:
    left = dict(it.unsent()).get(line.id, 0)
    is_off = it.status in (OrderState.CANCELLED, OrderState.REFUNDED)
    return {
        **_line(it, line),
        "attributed_staffs": [],
        "current_quantity": 0 if is_off else line.quantity,
        "fulfillable_quantity": 0 if is_off else left,
        "fulfillment_status": "fulfilled" if not left else "partial" if left < line.quantity else None,
        "quantity": line.quantity,
        "sales_line_item_group_id": None,
    }


def _shipping_line(it: Order) -> Json:
    return {
        "id": it.shipping_ref,
        "carrier_identifier": None,
        "code": it.shipping_title,
        "current_discounted_price_set": _bag(it, it.shipping),
        "discount_allocations": [],
        "discounted_price": decimal(it.shipping),
        "discounted_price_set": _bag(it, it.shipping),
        "is_removed": False,
        "phone": None,
        "price": decimal(it.shipping),
        "price_set": _bag(it, it.shipping),
        "requested_fulfillment_service_id": None,
        "source": "shopify",
        "tax_lines": [],
        "title": it.shipping_title,
    }


# --- parcels ----------------------------------------------------------------------------------------------------------


def _fulfillment(shop: Shop, it: Order, parcel: Parcel) -> Json:
    """What a parcel is by itself and within an order alike."""
    url = shop.store.world.tracking_url(parcel)
    return {
        "id": parcel.id,
        "admin_graphql_api_id": gid("Fulfillment", parcel.id),
        "created_at": shop.local(parcel.shipped_at),
        "location_id": None,
        "name": f"{it.number}.{it.parcels.index(parcel) + 1}",
        "order_id": it.id,
        "origin_address": None,
        "receipt": {},
        "service": "manual",
        "shipment_status": EVENTS[parcel.status] if parcel.status and parcel.number else None,
        "status": "success",
        "tracking_company": parcel.carrier or None,
        "tracking_number": parcel.number or None,
        "tracking_numbers": [parcel.number] if parcel.number else [],
        "tracking_url": url or None,
        "tracking_urls": [url] if url else [],
        "updated_at": shop.local(parcel.updated_at),
    }


def _fulfillment_of_order(shop: Shop, it: Order, parcel: Parcel) -> Json:
    return {**_fulfillment(shop, it, parcel), "line_items": _sent_lines(it, parcel)}


def _sent_lines(it: Order, parcel: Parcel) -> list[Json]:
    """The lines in a parcel; `quantity` is what the parcel holds, not what was bought."""
    left = dict(it.unsent())
    return [
        {
            **_line(it, it.line(line_id)),
            "fulfillable_quantity": left.get(line_id, 0),
            "fulfillment_status": "partial" if left.get(line_id) else "fulfilled",
            "quantity": quantity,
        }
        for line_id, quantity in parcel.items
    ]
