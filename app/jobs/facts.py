"""What decisions read, gathered for a batch of orders in a fixed number of queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.domain.orders import service as orders
from app.domain.promises.rules import promise_for
from app.domain.shipments import service as shipments
from app.domain.shops.rules import ShopFacts
from app.jobs.followups.base import Facts


def facts_for(session: Session, shop: ShopFacts, order_ids: Sequence[int]) -> dict[int, Facts]:
    """Facts by order id. Consent is not known to the platforms yet, so `purposes` is empty: none given."""
    parcels = shipments.facts_for_orders(session, order_ids)
    found = orders.facts_for(session, order_ids)
    return {
        order_id: with_promise(Facts(shop=shop, order=order, shipments=parcels[order_id]))
        for order_id, order in found.items()
    }


def about(facts: Facts, about_kind: str, about_id: int) -> Facts:
    """The same facts seen from the thing a message is about."""
    if about_kind != "shipment":
        return facts
    parcel = next((parcel for parcel in facts.shipments if parcel.id == about_id), None)
    return with_promise(replace(facts, shipment=parcel))


def with_promise(facts: Facts) -> Facts:
    settings = facts.shop.settings
    parcel = facts.shipment or next((parcel for parcel in facts.shipments if parcel.expected_until), None)
    placed_on = facts.order.placed_at.astimezone(ZoneInfo(facts.shop.timezone)).date()
    promise = promise_for(
        placed_on,
        settings.earliest_days,
        settings.latest_days,
        parcel.expected_from if parcel else None,
        parcel.expected_until if parcel else None,
    )
    return replace(facts, promise=promise)
