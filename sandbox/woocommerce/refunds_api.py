"""The routes of refunds: made once for each request, whatever it says, and counted in the ledger by the app's own key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sandbox.things import Order, Refund
from sandbox.woocommerce import listing, refunds
from sandbox.woocommerce.calls import BOTH, ID, Call, Reply, Route
from sandbox.woocommerce.errors import RestError
from sandbox.woocommerce.parameters import PAGING
from sandbox.woocommerce.writing import cents

OUR_KEY = "_encore_refund"
"""The meta by which the app under test tells its refunds apart."""
GATEWAYS = frozenset({"stripe", "woocommerce_payments"})
"""Ways of payment that pay back by themselves."""


def list_refunds(call: Call) -> Reply:
    order = call.order()
    newest_first = sorted(order.refunds, key=lambda one: -one.id)
    shown, paging = listing.paged(newest_first, dict(call.values))
    return Reply(body=[refunds.shown(call.views, order, one) for one in shown], paging=paging)


def list_all_refunds(call: Call) -> Reply:
    found = [(order, one) for order in call.site.store.orders.values() for one in order.refunds]
    found.sort(key=lambda pair: -pair[1].id)
    shown, paging = listing.paged(found, dict(call.values))
    return Reply(body=[refunds.shown(call.views, order, one, names_order=True) for order, one in shown], paging=paging)


def get_refund(call: Call) -> Reply:
    order = call.order()
    return Reply(body=refunds.shown(call.views, order, _refund(call, order)))


def create_refund(call: Call) -> Reply:
    """`api_refund` is true unless it is said to be false; then the way of payment must be one that pays back by itself. By its meta
    alone an app can know a refund again."""
    order, body = call.order(), call.body
    amount, is_paid_out = cents(body.get("amount")), body.get("api_refund") is not False
    if not 0 < amount <= order.total - order.refunded:
        raise _refused("Invalid refund amount.")
    if is_paid_out and call.site.sides.of(order).payment_method not in GATEWAYS:
        raise _refused("The payment gateway for this order does not support automatic refunds.")
    asked = _asked_lines(order, cast(list[dict[str, Any]], body.get("line_items", [])))
    given = cast(list[dict[str, Any]], body.get("meta_data", []))
    meta = [call.site.sides.meta(entry["key"], entry["value"]).shown() for entry in given]
    made = call.site.store.refund(
        order,
        amount,
        str(body.get("reason") or ""),
        [(int(line_id), line["quantity"]) for line_id, line in asked.items()],
        restock=body.get("api_restock") is not False,
        is_paid_out=is_paid_out,
        extra={"meta": meta, "lines": asked},
    )
    key = next((str(entry["value"]) for entry in given if entry["key"] == OUR_KEY), "")
    call.remember("refund", order, key, amount)
    return Reply(
        body=refunds.shown(call.views, order, made),
        status=201,
        location=f"orders/(?P<order_id>[\\d]+)/refunds/{made.id}",  # as recorded: the route's own pattern
    )


def _asked_lines(order: Order, lines: list[dict[str, Any]]) -> Mapping[str, dict[str, int]]:
    """What is said of the order's own lines; others are passed over in silence."""
    own = {line.id for line in order.lines}
    return {
        str(line["id"]): {
            "quantity": int(line.get("quantity", 0)),
            "net": cents(line.get("refund_total")),
            "tax": sum(cents(tax.get("refund_total")) for tax in line.get("refund_tax", [])),
        }
        for line in lines
        if line.get("id") in own
    }


def delete_refund(call: Call) -> Reply:
    """The order stays as the refund left it, its moment of change too, and nobody is told."""
    order = call.order()
    refund = _refund(call, order)
    if not call.is_forced:
        raise RestError(501, "woocommerce_rest_trash_not_supported", "Refunds do not support trashing.")
    shown = refunds.shown(call.views, order, refund)
    call.site.store.forget_refund(order, refund)
    return Reply(body=shown)


def _refund(call: Call, order: Order) -> Refund:
    refund = next((one for one in order.refunds if one.id == call.ids[1]), None)
    if refund is None:
        raise RestError(404, "woocommerce_rest_invalid_order_refund_id", "Invalid order refund ID.")
    return refund


def _refused(message: str) -> RestError:
    return RestError(500, "woocommerce_rest_cannot_create_order_refund", message, 500)


REFUNDS = (
    Route(
        path=f"orders/{ID}/refunds",
        allow=BOTH,
        is_list=True,
        handlers={"GET": list_refunds, "POST": create_refund},
        query=PAGING,
    ),
    Route(path=f"orders/{ID}/refunds/{ID}", allow="GET, DELETE", handlers={"GET": get_refund, "DELETE": delete_refund}),
    Route(path="refunds", allow="GET", is_list=True, handlers={"GET": list_all_refunds}, query=PAGING),
)
