"""The routes of wc/v3 that the sandbox has, each a small function from a call to an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from sandbox.things import Order, OrderState
from sandbox.woocommerce import documents, hooks, listing, notes, orders, parcels
from sandbox.woocommerce.calls import ALL, BOTH, ID, Call, Handler, Reply, Route, single
from sandbox.woocommerce.deliveries import ping
from sandbox.woocommerce.errors import Denied, RestError, missing_parameter
from sandbox.woocommerce.goods_api import GOODS
from sandbox.woocommerce.parameters import ORDER_BODY, ORDERS, WEBHOOKS, checked
from sandbox.woocommerce.refunds_api import REFUNDS
from sandbox.woocommerce.side import Fulfilment, Meta, Note
from sandbox.woocommerce.views import Json, Views

MOST_IN_A_BATCH = 100


# --- orders --------------------------------------------------------------------------------------------------------------


def list_orders(call: Call) -> Reply:
    shown, paging = listing.paged(listing.orders(call.site.store, dict(call.values)), dict(call.values))
    return Reply(body=[orders.order(call.views, order) for order in shown], paging=paging)


def get_order(call: Call) -> Reply:
    return Reply(body=orders.order(call.views, call.order()))


def create_order(call: Call) -> Reply:
    order = call.site.writer.create(call.body)
    call.remember("order", order)
    return Reply(body=orders.order(call.views, order), status=201, location=f"orders/{order.id}")


def update_order(call: Call) -> Reply:
    order = call.order()
    call.site.writer.update(order, call.body)
    call.remember("order_update", order)
    return Reply(body=orders.order(call.views, order))


def delete_order(call: Call) -> Reply:
    """To the bin, answered with the state before; or for good."""
    order = call.order()
    if call.is_forced:
        order.status = OrderState.BINNED
        shown = orders.order(call.views, order)
        call.site.store.remove(order)
    else:
        shown = orders.order(call.views, order)
        call.site.store.bin(order)
    return Reply(body=shown)


def batch_orders(call: Call) -> Reply:
    """200 whatever happens to the single items."""
    items = {action: cast(list[Any], call.body.get(action, [])) for action in ("create", "update", "delete")}
    if sum(map(len, items.values())) > MOST_IN_A_BATCH:
        message = f"Unable to accept more than {MOST_IN_A_BATCH} items for this request."
        raise RestError(413, "woocommerce_rest_request_entity_too_large", message)
    answers = {
        action: [_one_of_batch(call, action, item) for item in wanted] for action, wanted in items.items() if wanted
    }
    return Reply(body=answers)


def _one_of_batch(call: Call, action: str, item: Any) -> object:  # noqa: ANN401 an object, or an id to delete
    handler = {"create": create_order, "update": update_order, "delete": delete_order}[action]
    body = cast(dict[str, Any], item if isinstance(item, dict) else {"id": item})
    order_id = int(body.get("id", 0))
    one = Call(site=call.site, views=call.views, ids=(order_id,), body=body, words={"force": "true"})
    try:
        checked({name: str(value) for name, value in body.items() if name in ORDER_BODY}, ORDER_BODY)
        return handler(one).body
    except RestError as error:
        return {"id": order_id, "error": {**error.body, "data": {"status": 400}}}


# --- notes ---------------------------------------------------------------------------------------------------------------


def list_notes(call: Call) -> Reply:
    """Newest first; notes of one second as they were written."""
    order = call.order()
    written = sorted(call.site.sides.of(order).notes, key=lambda note: (-note.at.timestamp(), note.id))
    return Reply(body=[notes.shown(call.views, order, note) for note in written])


def create_note(call: Call) -> Reply:
    """Moves no modification date and sends no webhook (measurements/webhook-failures.json)."""
    order = call.order()
    side = call.site.sides.of(order)
    note = Note(
        id=call.site.store.next_id(),
        at=call.site.store.world.now(),
        text=str(call.body.get("note", "")),
        is_for_customer=bool(call.body.get("customer_note")),
    )
    side.notes.append(note)
    call.site.sides.keep(side)
    call.remember("note", order)
    return Reply(body=notes.shown(call.views, order, note), status=201, location=f"orders/{order.id}/notes/{note.id}")


def delete_note(call: Call) -> Reply:
    order = call.order()
    side = call.site.sides.of(order)
    note = next((one for one in side.notes if one.id == call.ids[1]), None)
    if note is None:
        raise RestError(404, "woocommerce_rest_invalid_id", "Invalid resource ID.")
    if not call.is_forced:
        raise RestError(501, "woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.")
    side.notes.remove(note)
    call.site.sides.keep(side)
    return Reply(body=notes.shown(call.views, order, note))


# --- fulfilments ---------------------------------------------------------------------------------------------------------


def _order_to_fulfil(call: Call) -> Order:
    """This route checks its order before it allows anything, and writes the status as text."""
    order = call.site.store.orders.get(call.ids[0])
    if order is None:
        raise Denied(404, "woocommerce_rest_order_invalid_id", "Invalid order ID.", {"status": "404"})
    return order


def list_fulfilments(call: Call) -> Reply:
    return Reply(body=parcels.fulfilments(call.views, _order_to_fulfil(call)))


def get_fulfilment(call: Call) -> Reply:
    for shown in parcels.fulfilments(call.views, _order_to_fulfil(call)):
        if shown["id"] == call.ids[1]:
            return Reply(body=shown)
    raise RestError(400, 0, "Fulfillment not found.")


def create_fulfilment(call: Call) -> Reply:
    """Meta entries without an id are dropped in silence; neither lines nor quantities are checked."""
    order = _order_to_fulfil(call)
    if "meta_data" not in call.body:
        raise missing_parameter("meta_data")
    given = [entry for entry in cast(list[dict[str, Any]], call.body["meta_data"]) if "id" in entry]
    if not any(entry.get("key") == "_items" and entry.get("value") for entry in given):
        raise RestError(400, 0, "The fulfillment should contain at least one item.")
    side, now = call.site.sides.of(order), call.site.store.world.now()
    meta = [call.site.sides.meta(entry["key"], entry["value"]) for entry in given]
    is_fulfilled = bool(call.body.get("is_fulfilled"))
    if is_fulfilled:
        meta.append(_fulfilled_on(call))
    made = Fulfilment(
        id=call.site.store.next_id(),
        is_fulfilled=is_fulfilled,
        status=str(call.body.get("status", "unfulfilled")),
        at=now,
        meta=meta,
    )
    side.fulfilments.append(made)
    call.site.sides.keep(side)
    call.site.store.touch(order)
    call.remember("fulfilment", order)
    return Reply(body=parcels.fulfilment(call.views, order, made), status=201)


def _fulfilled_on(call: Call) -> Meta:
    return call.site.sides.meta("_date_fulfilled", call.views.local(call.site.store.world.now()).replace("T", " "))


# --- webhooks, papers ---------------------------------------------------------------------------------------------------


def list_webhooks(call: Call) -> Reply:
    wanted = call.values.get("status", "all")
    found = [hook for hook in call.site.hooks.all() if wanted in ("all", hook.status)]
    shown, paging = listing.paged(found, dict(call.values))
    return Reply(body=[hooks.shown(call.views, hook) for hook in shown], paging=paging)


def get_webhook(call: Call) -> Reply:
    return Reply(body=hooks.shown(call.views, call.site.hooks.get(call.ids[0])))


def create_webhook(call: Call) -> Reply:
    """The address is tried while the caller waits; the answer shows the webhook as it was before that."""
    with call.site.store.world.lock:
        hook = call.site.hooks.create(dict(call.body))
        shown = hooks.shown(call.views, hook)
    ping(hook)
    with call.site.store.world.lock:
        hook.modified_at = hook.created_at
        call.site.hooks.keep(hook)
    return Reply(body=shown, status=201, location=f"webhooks/{hook.id}")


def update_webhook(call: Call) -> Reply:
    with call.site.store.world.lock:
        hook = call.site.hooks.get(call.ids[0])
        is_moved = call.site.hooks.update(hook, dict(call.body))
    if is_moved:
        ping(hook)
    return Reply(body=hooks.shown(call.views, hook))


def delete_webhook(call: Call) -> Reply:
    hook = call.site.hooks.get(call.ids[0])
    if not call.is_forced:
        raise RestError(501, "woocommerce_rest_trash_not_supported", "Webhooks do not support trashing.")
    shown = hooks.shown(call.views, hook)
    call.site.hooks.delete(hook)
    return Reply(body=shown)


def _paper(write: Callable[[Views], Json | list[Json]]) -> Mapping[str, Handler]:
    return {"GET": lambda call: Reply(body=write(call.views))}


WAITING = frozenset({create_webhook, update_webhook})
"""They wait for somebody who may ask this store something meanwhile, so they are not called under the world's lock."""

ROUTES = (
    Route(
        path="orders",
        allow=BOTH,
        is_list=True,
        handlers={"GET": list_orders, "POST": create_order},
        query=ORDERS,
        body=ORDER_BODY,
    ),
    Route(
        path="orders/batch",
        allow="POST, PUT, PATCH",
        is_list=True,
        handlers={"POST": batch_orders, "PUT": batch_orders},
    ),
    single(f"orders/{ID}", get_order, update_order, delete_order, ORDER_BODY),
    Route(path=f"orders/{ID}/notes", allow=BOTH, is_list=True, handlers={"GET": list_notes, "POST": create_note}),
    Route(path=f"orders/{ID}/notes/{ID}", allow="GET, DELETE", handlers={"DELETE": delete_note}),
    Route(
        path=f"orders/{ID}/fulfillments",
        allow=BOTH,
        is_list=True,
        handlers={"GET": list_fulfilments, "POST": create_fulfilment},
    ),
    Route(path=f"orders/{ID}/fulfillments/{ID}", allow=ALL, handlers={"GET": get_fulfilment}),
    *REFUNDS,
    *GOODS,
    Route(
        path="webhooks",
        allow=BOTH,
        is_list=True,
        handlers={"GET": list_webhooks, "POST": create_webhook},
        query=WEBHOOKS,
    ),
    single(f"webhooks/{ID}", get_webhook, update_webhook, delete_webhook),
    *(
        Route(path=f"settings/{group}", allow="GET", is_list=True, handlers=_paper(partial(documents.settings, group)))
        for group in documents.SETTINGS
    ),
    Route(path="system_status", allow="GET", is_list=True, handlers=_paper(documents.system_status)),
)
