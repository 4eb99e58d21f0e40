"""Order notes as the REST API shows them."""

from __future__ import annotations

from sandbox.things import Order
from sandbox.woocommerce.side import Note
from sandbox.woocommerce.views import Json, Views


def shown(views: Views, order: Order, note: Note) -> Json:
    path = f"orders/{order.id}"
    return {
        "id": note.id,
        "author": "WooCommerce",
        **views.both("created", note.at),
        "note": note.text,
        "customer_note": note.is_for_customer,
        "_links": {
            **views.links(f"{path}/notes/{note.id}", f"{path}/notes", ("GET", "DELETE")),
            "up": [{"href": views.api(path)}],
        },
    }
