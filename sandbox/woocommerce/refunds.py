"""Refunds as the REST API shows them: sums below zero, lines with ids of their own."""

from __future__ import annotations

from typing import Any, cast

from sandbox.things import Line, Order, Refund
from sandbox.woocommerce.orders import line_name, tax_class, taxes
from sandbox.woocommerce.views import Json, Views, money


def shown(views: Views, order: Order, refund: Refund, *, names_order: bool = False) -> Json:
    """`names_order`: in the list of all refunds."""
    path = f"orders/{order.id}/refunds"
    kind = "full" if refund.amount >= order.total else "partial"
    meta = [
        {"id": refund.id * 8, "key": "_refund_type", "value": kind},
        *cast(list[Json], refund.extra.get("meta", [])),
    ]
    return {
        "id": refund.id,
        **({"parent_id": order.id} if names_order else {}),
        **views.both("created", refund.at),
        "amount": money(refund.amount),
        "reason": refund.reason,
        "refunded_by": 1,
        "refunded_payment": refund.is_paid_out,
        "meta_data": meta,
        "line_items": [
            _line(views, order, refund, order.line(line_id), quantity, place)
            for place, (line_id, quantity) in enumerate(refund.items, start=1)
        ],
        "shipping_lines": [],
        "tax_lines": [],
        "fee_lines": [],
        "_links": {
            **views.links(f"{path}/{refund.id}", path, ("GET", "DELETE")),
            "up": [{"href": views.api(f"orders/{order.id}")}],
        },
    }


def _line(views: Views, order: Order, refund: Refund, line: Line, quantity: int, place: int) -> Json:
    net, tax = _share(order, refund, line, quantity)
    meta_key = "_refunded_item_id"
    meta = {
        "id": refund.id * 8 + place,
        "key": meta_key,
        "value": str(line.id),
        "display_key": meta_key,
        "display_value": str(line.id),
    }
    total, total_tax = money(-net), money(-tax)
    return {
        "id": refund.id * 8 + place,
        "name": line_name(line),
        "product_id": line.product_id,
        "variation_id": line.variant_id if line.options else 0,
        "quantity": -quantity,
        "tax_class": tax_class(line.tax_rate),
        "subtotal": total,
        "subtotal_tax": total_tax,
        "total": total,
        "total_tax": total_tax,
        "taxes": taxes(order, line.tax_rate, total_tax, total_tax) if tax else [],
        "meta_data": [meta],
        "sku": line.sku,
        "global_unique_id": "",
        "price": net / 100 / quantity if quantity else 0,
        "image": views.image(line.image_id, line.handle),
        "parent_name": line.title if line.options else None,
    }


def _share(order: Order, refund: Refund, line: Line, quantity: int) -> tuple[int, int]:
    """What went back for these pieces, without tax beside its tax: as it was asked for, or as it was sold."""
    asked = cast(dict[str, Any], refund.extra.get("lines", {})).get(str(line.id))
    if asked:
        return asked["net"], asked["tax"]
    total = line.total * quantity // line.quantity
    tax = order.tax_in(total, line.tax_rate)
    return total - tax, tax
