"""Orders as the REST API shows them. Field names, their order and their types are those of the recordings."""

from __future__ import annotations

from sandbox.things import Address, Line, Order, OrderState
from sandbox.woocommerce import php
from sandbox.woocommerce.parcels import meta_of
from sandbox.woocommerce.side import UNPAID, Side
from sandbox.woocommerce.views import Json, Views, money

STATUSES = {
    OrderState.DRAFT: "checkout-draft",
    OrderState.PENDING: "pending",
    OrderState.ON_HOLD: "on-hold",
    OrderState.FAILED: "failed",
    OrderState.OPEN: "processing",
    OrderState.COMPLETED: "completed",
    OrderState.CANCELLED: "cancelled",
    OrderState.REFUNDED: "refunded",
    OrderState.BINNED: "trash",
}
SYMBOLS = {"EUR": "€", "GBP": "£", "SEK": "kr", "CZK": "Kč", "USD": "$"}
RATE_IDS = {7: 1, 19: 2, 20: 3, 21: 4}


def order(views: Views, one: Order) -> Json:
    """The whole body, in lists, single answers and webhooks alike."""
    side = views.sides.of(one)
    placed, modified = views.both("created", one.placed_at), views.both("modified", one.updated_at)
    completed, paid = views.both("completed", one.completed_at), views.both("paid", one.paid_at)
    customer = one.customer
    return {
        "id": one.id,
        "parent_id": 0,
        "status": STATUSES[one.status],
        "currency": one.currency,
        "version": "10.5.0",
        "prices_include_tax": True,
        "date_created": placed["date_created"],
        "date_modified": modified["date_modified"],
        **_totals(one),
        "customer_id": customer.ref,
        "order_key": f"wc_order_{one.key}",
        "billing": _billing(one),
        "shipping": address(customer.address),
        "payment_method": side.payment_method,
        "payment_method_title": side.payment_title if one.status != OrderState.DRAFT else "",
        "transaction_id": side.transaction_id if one.paid_at else "",
        "customer_ip_address": side.ip_address,
        "customer_user_agent": side.user_agent,
        "created_via": side.created_via,
        "customer_note": one.note,
        "date_completed": completed["date_completed"],
        "date_paid": paid["date_paid"],
        "cart_hash": side.cart_hash,
        "number": one.number,
        "meta_data": [meta.shown() for meta in meta_of(views, one, side)],
        "line_items": [_line(views, one, line) for line in one.lines],
        "tax_lines": _tax_lines(one),
        "shipping_lines": _shipping_lines(one, side),
        "fee_lines": [_fee_line(one, fee.id, fee.title, fee.total, fee.tax_rate) for fee in one.fees],
        "coupon_lines": _coupon_lines(one),
        "refunds": [
            {"id": refund.id, "reason": refund.reason, "total": f"-{money(refund.amount)}"} for refund in one.refunds
        ],
        "payment_url": f"{views.base}/checkout/order-pay/{one.id}/?pay_for_order=true&key=wc_order_{one.key}",
        "is_editable": one.status in (OrderState.PENDING, OrderState.ON_HOLD),
        "needs_payment": one.status in UNPAID and one.total > 0,
        "needs_processing": any(line.requires_shipping for line in one.lines),
        "date_created_gmt": placed["date_created_gmt"],
        "date_modified_gmt": modified["date_modified_gmt"],
        "date_completed_gmt": completed["date_completed_gmt"],
        "date_paid_gmt": paid["date_paid_gmt"],
        "currency_symbol": SYMBOLS[one.currency],
        "_links": _order_links(views, one),
    }


def _order_links(views: Views, order: Order) -> Json:
    links = views.links(f"orders/{order.id}", "orders")
    links["email_templates"] = [{"embeddable": True, "href": views.api(f"orders/{order.id}/actions/email_templates")}]
    if order.customer.ref:
        links["customer"] = [{"href": views.api(f"customers/{order.customer.ref}")}]
    return links


def _totals(order: Order) -> Json:
    shipping_tax = order.tax_in(order.shipping, order.shipping_tax_rate)
    discount_tax = sum(order.tax_in(line.discount, line.tax_rate) for line in order.lines)
    return {
        "discount_total": money(order.discount - discount_tax),
        "discount_tax": money(discount_tax),
        "shipping_total": money(order.shipping - shipping_tax),
        "shipping_tax": money(shipping_tax),
        "cart_tax": money(order.tax - shipping_tax),
        "total": money(order.total),
        "total_tax": money(order.tax),
    }


def _line(views: Views, order: Order, line: Line) -> Json:
    before = line.unit_price * line.quantity
    tax_before = order.tax_in(before, line.tax_rate)
    tax = order.tax_in(line.total, line.tax_rate)
    net = (line.total - tax) / 100 / line.quantity
    reduced = [("_reduced_stock", "_reduced_stock", str(line.quantity))] if order.paid_at and line.product_id else []
    options = [(name.lower(), name, value) for name, value in line.options]
    return {
        "id": line.id,
        "name": line_name(line),
        "product_id": line.product_id,
        "variation_id": line.variant_id if line.options else 0,
        "quantity": line.quantity,
        "tax_class": tax_class(line.tax_rate),
        "subtotal": money(before - tax_before),
        "subtotal_tax": money(tax_before),
        "total": money(line.total - tax),
        "total_tax": money(tax),
        "taxes": taxes(order, line.tax_rate, money(tax), money(tax_before)),
        "meta_data": [
            {"id": line.id * 8 + place, "key": key, "value": value, "display_key": shown, "display_value": value}
            for place, (key, shown, value) in enumerate([*options, *reduced])
        ],
        "sku": line.sku or None,
        "global_unique_id": "" if line.product_id else None,
        "price": int(net) if net == int(net) else round(net, 6),
        "image": views.image(line.image_id, line.handle),
        "parent_name": php.text(line.title) if line.options else None,
    }


def line_name(line: Line) -> str:
    values = ", ".join(value for _, value in line.options)
    return php.text(f"{line.title} - {values}" if values else line.title)


def _tax_lines(order: Order) -> list[Json]:
    if not order.is_taxed:
        return []
    rates = sorted({line.tax_rate for line in order.lines} | ({order.shipping_tax_rate} if order.shipping else set()))
    return [_tax_line(order, order.shipping_ref + 1 + place, rate) for place, rate in enumerate(rates)]


def _tax_line(order: Order, tax_line_id: int, rate: int) -> Json:
    amounts = [(line.total, line.tax_rate) for line in order.lines] + [(fee.total, fee.tax_rate) for fee in order.fees]
    on_shipping = order.tax_in(order.shipping, rate) if rate == order.shipping_tax_rate else 0
    return {
        "id": tax_line_id,
        "rate_code": f"DE-MWST {rate} %-1",
        "rate_id": RATE_IDS.get(rate, 9),
        "label": f"MwSt. {rate} %",
        "compound": False,
        "tax_total": money(sum(order.tax_in(amount, rate) for amount, own in amounts if own == rate)),
        "shipping_tax_total": money(on_shipping),
        "rate_percent": rate,
        "meta_data": [],
    }


def _shipping_lines(order: Order, side: Side) -> list[Json]:
    if not order.shipping_title:
        return []
    tax = order.tax_in(order.shipping, order.shipping_tax_rate)
    is_storefront = side.created_via == "store-api"
    items = ", ".join(f"{php.text(line.title)} &times; {line.quantity}" for line in order.lines)
    entry = {
        "id": order.shipping_ref * 8,
        "key": "Items",
        "value": items,
        "display_key": "Items",
        "display_value": items,
    }
    return [
        {
            "id": order.shipping_ref,
            "method_title": order.shipping_title,
            "method_id": "flat_rate",
            "instance_id": "1" if is_storefront else "",
            "total": money(order.shipping - tax),
            "total_tax": money(tax),
            "taxes": taxes(order, order.shipping_tax_rate, money(tax), ""),
            "tax_status": "taxable",
            "meta_data": [entry] if is_storefront else [],
        }
    ]


def _fee_line(order: Order, fee_id: int, title: str, total: int, rate: int) -> Json:
    tax = order.tax_in(total, rate)
    return {
        "id": fee_id,
        "name": title,
        "tax_class": tax_class(rate),
        "tax_status": "taxable",
        "amount": "",
        "total": money(total - tax),
        "total_tax": money(tax),
        "taxes": taxes(order, rate, money(tax), money(tax)),
        "meta_data": [],
    }


def _coupon_lines(order: Order) -> list[Json]:
    if not order.coupon:
        return []
    code, line_id = order.coupon.lower(), order.shipping_ref + 3
    tax = sum(order.tax_in(line.discount, line.tax_rate) for line in order.lines)
    info = f'[41,"{code}","percent",10]'
    return [
        {
            "id": line_id,
            "code": code,
            "discount": f"{(order.discount - tax) / 100:g}",
            "discount_tax": f"{tax / 100:g}",
            "meta_data": [
                {
                    "id": line_id * 8,
                    "key": "coupon_info",
                    "value": info,
                    "display_key": "coupon_info",
                    "display_value": info,
                }
            ],
            "discount_type": "percent",
            "nominal_amount": 10,
            "free_shipping": False,
        }
    ]


def tax_class(rate: int) -> str:
    return "reduced-rate" if rate == 7 else ""


def taxes(order: Order, rate: int, total: str, subtotal: str) -> list[Json]:
    return [{"id": RATE_IDS.get(rate, 9), "total": total, "subtotal": subtotal}] if order.is_taxed else []


def _billing(order: Order) -> Json:
    shown = address(order.billing or order.customer.address)
    phone = shown.pop("phone")
    return {**shown, "email": order.customer.email, "phone": phone}


def address(given: Address) -> Json:
    return {
        "first_name": given.first_name,
        "last_name": given.last_name,
        "company": given.company,
        "address_1": given.street,
        "address_2": given.extra,
        "city": given.city,
        "state": given.region,
        "postcode": given.postcode,
        "country": given.country,
        "phone": given.phone,
    }
