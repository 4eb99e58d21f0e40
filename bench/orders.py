"""Order bodies as WooCommerce sends them: field names, types and spelling of the recordings, everything in them invented."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

DELIVERY_BYTES = 12_600
"""A middling delivery: six lines and the traces that plugins leave."""
NEWS = datetime(2026, 11, 20, 9, tzinfo=UTC)
"""After the bench's shop was connected: such orders owe letters."""
PAST = datetime(2025, 1, 1, tzinfo=UTC)
"""Long before: such orders are history."""
SITE = "https://shop.example"
GOODS = ("Stoneware mug", "Linen apron", "Filter papers", "Guji coffee", "Oak tray", "Tea towel", "Milk jug")
CITIES = (("Köln", "50667", "DE"), ("Praha", "110 00", "CZ"), ("Wien", "1010", "AT"), ("Malmö", "211 20", "SE"))


def bodies(count: int, *, lines: int, first: datetime, size: int = 0) -> Iterator[bytes]:
    """`count` different orders, a minute apart; `size` is in bytes, 0 for as long as they are."""
    for number in range(1, count + 1):
        yield body(number, lines=lines, placed_at=first + timedelta(minutes=number), size=size)


def body(number: int, *, lines: int, placed_at: datetime, size: int = 0) -> bytes:
    order = _order(number, lines, placed_at)
    encoded = _encoded(order)
    if len(encoded) < size:
        order["meta_data"].append({"id": number * 100 + 99, "key": "_plugin_trace", "value": ""})
        order["meta_data"][-1]["value"] = _trace(number, size - len(_encoded(order)))
        encoded = _encoded(order)
    return encoded


def _encoded(order: dict[str, Any]) -> bytes:
    """As PHP writes it: no blanks, no letters beyond ASCII, slashes escaped."""
    return json.dumps(order, separators=(",", ":")).replace("/", "\\/").encode()


def _trace(number: int, length: int) -> str:
    """Text that compresses about as well as JSON does."""
    words = (f"step_{place} {number * place % 9973:05d} ok; " for place in range(length))
    text = ""
    while len(text) < length:
        text += next(words)
    return text[:length]


def _order(number: int, lines: int, placed_at: datetime) -> dict[str, Any]:
    items = [_line(number, place) for place in range(lines)]
    net = sum(float(item["total"]) for item in items)
    tax = round(net * 0.19, 2)
    changed_at = placed_at + timedelta(seconds=3)
    local, local_changed = placed_at + timedelta(hours=1), changed_at + timedelta(hours=1)
    return {
        "id": number,
        "parent_id": 0,
        "status": "processing",
        "currency": "EUR",
        "version": "10.5.0",
        "prices_include_tax": False,
        "date_created": _moment(local),
        "date_modified": _moment(local_changed),
        "discount_total": "0.00",
        "discount_tax": "0.00",
        "shipping_total": "5.90",
        "shipping_tax": "1.12",
        "cart_tax": f"{tax:.2f}",
        "total": f"{net + tax + 7.02:.2f}",
        "total_tax": f"{tax + 1.12:.2f}",
        "customer_id": number % 5_000,
        "order_key": f"wc_order_{number:013x}",
        "billing": {**_address(number), "email": f"shopper{number}@example.com"},
        "shipping": _address(number),
        "payment_method": "cod",
        "payment_method_title": "Cash on delivery",
        "transaction_id": "",
        "customer_ip_address": "192.0.2.1",
        "customer_user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
        "created_via": "store-api",
        "customer_note": "Bitte klingeln",
        "date_completed": None,
        "date_paid": _moment(local),
        "cart_hash": f"{number * 2654435761 % 2**128:032x}",
        "number": str(number),
        "meta_data": _meta(number),
        "line_items": items,
        "tax_lines": [_tax_line(number, tax)],
        "shipping_lines": [_shipping_line(number)],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
        "payment_url": f"{SITE}/checkout/order-pay/{number}/?pay_for_order=true&key=wc_order_{number:013x}",
        "is_editable": False,
        "needs_payment": False,
        "needs_processing": True,
        "date_created_gmt": _moment(placed_at),
        "date_modified_gmt": _moment(changed_at),
        "date_completed_gmt": None,
        "date_paid_gmt": _moment(placed_at),
        "currency_symbol": "€",
        "_links": _links(number),
    }


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S")


def _address(number: int) -> dict[str, str]:
    city, postcode, country = CITIES[number % len(CITIES)]
    return {
        "first_name": "Jiří",
        "last_name": f"Dvořák {number}",
        "company": "",
        "address_1": f"Dlouhá {number % 200 + 1}",
        "address_2": "",
        "city": city,
        "state": "",
        "postcode": postcode,
        "country": country,
        "phone": "+420601123456",
    }


def _line(number: int, place: int) -> dict[str, Any]:
    product = (number * 7 + place * 3) % len(GOODS)
    quantity = (number + place) % 3 + 1
    net = f"{quantity * (9.5 + product):.2f}"
    tax = f"{float(net) * 0.19:.2f}"
    reduced = {"key": "_reduced_stock", "value": str(quantity), "display_key": "_reduced_stock"}
    return {
        "id": number * 20 + place,
        "name": GOODS[product],
        "product_id": 14 + product,
        "variation_id": 0,
        "quantity": quantity,
        "tax_class": "",
        "subtotal": net,
        "subtotal_tax": tax,
        "total": net,
        "total_tax": tax,
        "taxes": [{"id": 1, "total": tax, "subtotal": tax}],
        "meta_data": [{"id": number * 40 + place, **reduced, "display_value": str(quantity)}],
        "sku": f"SKU-{product:03d}",
        "global_unique_id": "",
        "price": 9.5 + product,
        "image": {"id": str(13 + product), "src": f"{SITE}/wp-content/uploads/2026/11/p{product}.png"},
        "parent_name": None,
    }


def _meta(number: int) -> list[dict[str, Any]]:
    names = ("_coupons_hash", "_fees_hash", "_shipping_hash", "_taxes_hash")
    hashes = [{"key": name, "value": f"{number * 40503 % 2**128:032x}"} for name in names]
    said = [*hashes, {"key": "_auto_fulfill_processed", "value": "1"}, {"key": "is_vat_exempt", "value": "no"}]
    return [{"id": number * 100 + place, **entry} for place, entry in enumerate(said)]


def _tax_line(number: int, tax: float) -> dict[str, Any]:
    return {
        "id": number * 20 + 18,
        "rate_code": "DE-MWST 19 %-1",
        "rate_id": 1,
        "label": "MwSt. 19 %",
        "compound": False,
        "tax_total": f"{tax:.2f}",
        "shipping_tax_total": "1.12",
        "rate_percent": 19,
        "meta_data": [],
    }


def _shipping_line(number: int) -> dict[str, Any]:
    return {
        "id": number * 20 + 19,
        "method_title": "Courier",
        "method_id": "flat_rate",
        "instance_id": "1",
        "total": "5.90",
        "total_tax": "1.12",
        "taxes": [{"id": 1, "total": "1.12", "subtotal": ""}],
        "tax_status": "taxable",
        "meta_data": [],
    }


def _links(number: int) -> dict[str, Any]:
    here = f"{SITE}/wp-json/wc/v3/orders"
    allowed = {"allow": ["GET", "POST", "PUT", "PATCH", "DELETE"]}
    return {
        "self": [{"href": f"{here}/{number}", "targetHints": allowed}],
        "collection": [{"href": here}],
        "email_templates": [{"embeddable": True, "href": f"{here}/{number}/actions/email_templates"}],
    }
