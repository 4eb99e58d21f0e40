"""What an order says of its parcels: the Shipment Tracking plugin's meta, or native fulfilments."""

from __future__ import annotations

from sandbox.things import Order, Parcel
from sandbox.woocommerce.side import (
    TRACKING,
    UNPAID,
    Fulfilment,
    Meta,
    Side,
    fulfilment_parcels,
    fulfilment_status,
    tracked_parcels,
)
from sandbox.woocommerce.views import Json, Views

DERIVED_META = 1_000_000
"""Ids of what is not kept but follows from the parcels start here."""


def meta_of(views: Views, order: Order, side: Side) -> list[Meta]:
    """By key, as the API lists them; what follows from the parcels has the order's own id behind the kept ones."""
    kept = list(side.meta)
    keys = {meta.key for meta in kept}
    derived: list[tuple[str, object]] = []
    if order.status not in UNPAID:
        derived.append(("_auto_fulfill_processed", "1"))
    if status := fulfilment_status(order, side):
        derived.append(("_fulfillment_status", status))
    if parcels := tracked_parcels(order):
        derived.append((TRACKING, [_tracking_item(views, parcel) for parcel in parcels]))
    new = [
        Meta(id=DERIVED_META + order.id * 8 + place, key=key, value=value)
        for place, (key, value) in enumerate(derived)
        if key not in keys
    ]
    return sorted([*kept, *new], key=lambda meta: meta.key)


def _tracking_item(views: Views, parcel: Parcel) -> Json:
    """Shape: Shipment Tracking's public documentation, as the recordings carry it."""
    return {
        "tracking_provider": "",
        "custom_tracking_provider": parcel.carrier,
        "custom_tracking_link": views.store.world.tracking_url(parcel),
        "tracking_number": parcel.number,
        "date_shipped": str(int(parcel.shipped_at.timestamp())),
        "tracking_id": f"{parcel.id:032x}",
    }


def fulfilments(views: Views, order: Order) -> list[Json]:
    side = views.sides.of(order)
    return [
        *(fulfilment(views, order, _from_parcel(views, parcel)) for parcel in fulfilment_parcels(order)),
        *(fulfilment(views, order, one) for one in side.fulfilments),
    ]


def fulfilment(views: Views, order: Order, one: Fulfilment) -> Json:
    return {
        "id": one.id,
        "entity_type": "WC_Order",
        "entity_id": str(order.id),
        "is_fulfilled": one.is_fulfilled,
        "status": one.status,
        "date_updated": views.local(one.at).replace("T", " "),
        "meta_data": [meta.shown() for meta in one.meta],
    }


def _from_parcel(views: Views, parcel: Parcel) -> Fulfilment:
    slug = parcel.carrier.lower().replace(" ", "-")
    entries: list[tuple[str, object]] = [
        ("_items", [{"item_id": line_id, "qty": quantity} for line_id, quantity in parcel.items])
    ]
    if parcel.number:
        entries += [("_tracking_number", parcel.number), ("_tracking_url", views.store.world.tracking_url(parcel))]
        entries += [("_shipment_provider", slug), ("_provider_name", parcel.carrier)]
    entries.append(("_shipping_option", "manual-entry" if parcel.number else "no-info"))
    entries.append(("_date_fulfilled", views.local(parcel.shipped_at).replace("T", " ")))
    meta = [Meta(id=parcel.id * 8 + place, key=key, value=value) for place, (key, value) in enumerate(entries)]
    return Fulfilment(id=parcel.id, is_fulfilled=True, status="fulfilled", at=parcel.shipped_at, meta=meta)
