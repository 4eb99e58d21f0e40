"""The hub row: all that an order's page shows, written with its causes and read by one index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.domain.hub.models import HubRow
from app.domain.orders import service as orders
from app.domain.orders.models import Order
from app.domain.orders.rules import OrderFacts
from app.domain.promises.rules import Promise, promise_for
from app.domain.shipments import service as shipments
from app.domain.shipments.rules import ShipmentFacts
from app.domain.shops.rules import ShopFacts
from app.kernel import batch
from app.kernel.crypto import fingerprint

INSERT = batch.insert(HubRow, ("order_id", "page", "version"), changed_at=func.now())
UPSERT = INSERT.on_conflict_do_update(
    index_elements=["shop_id", "order_id"],
    set_={name: INSERT.excluded[name] for name in ("page", "version", "changed_at")},
    where=HubRow.version != INSERT.excluded.version,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HubPage:
    """A document to show. `version` changes with its content and with nothing else; `language` is the purchase's."""

    document: Mapping[str, Any]
    version: str
    language: str


def project(session: Session, shop: ShopFacts, order_ids: Sequence[int]) -> None:
    """Write the rows of these orders anew from what is known of them; a row that would say the same is left alone."""
    if not order_ids:
        return
    parcels = shipments.facts_for_orders(session, order_ids)
    facts = orders.facts_for(session, order_ids)
    rows = [_row(order_id, document(shop, order, parcels[order_id])) for order_id, order in sorted(facts.items())]
    session.execute(UPSERT, batch.given(shop.id, rows))


def _row(order_id: int, shown: dict[str, Any]) -> dict[str, Any]:
    page = orjson.dumps(shown, option=orjson.OPT_SORT_KEYS)
    return {"order_id": order_id, "page": orjson.Fragment(page), "version": fingerprint(page)[:16]}


def read(session: Session, order_public_id: str, expires: int) -> HubPage | None:
    """What a signed link shows; None when there is no such order, or when the link's time (unix seconds) is over by the
    database's clock."""
    return _read(session, Order.public_id == order_public_id, func.now() < func.to_timestamp(expires))


def read_own(session: Session, order_ref: str, customer_ref: str) -> HubPage | None:
    """An order by its platform's key, for somebody who proved to hold it or, with `customer_ref`, only if it is that customer's."""
    is_theirs = [Order.customer_ref == customer_ref] if customer_ref else []
    return _read(session, Order.ref == order_ref, *is_theirs)


def _read(session: Session, *conditions: ColumnElement[bool]) -> HubPage | None:
    row = session.execute(
        select(HubRow.page, HubRow.version, Order.language)
        .join(Order, (Order.shop_id == HubRow.shop_id) & (Order.id == HubRow.order_id))
        .where(*conditions)
    ).one_or_none()
    return HubPage(document=row.page, version=row.version.hex(), language=row.language) if row else None


# --- the document -------------------------------------------------------------------------------------------------------
# Dates and moments as ISO 8601 texts, money in minor units. No name, no address, no e-mail: whoever holds the link may see it.


def document(shop: ShopFacts, order: OrderFacts, parcels: Sequence[ShipmentFacts]) -> dict[str, Any]:
    """What is shown of an order."""
    shown = [parcel for parcel in parcels if not parcel.is_cancelled]
    return {
        "order": {
            "number": order.number,
            "placed_at": order.placed_at.isoformat(),
            "status": order.status.value,
            "currency": order.currency,
            "total": order.total,
            "refunded": order.refunded,
        },
        "lines": [
            {
                "ref": line.ref,
                "title": line.title,
                "variant": line.variant,
                "quantity": line.quantity,
                "total": line.total,
                "image_url": line.image_url,
            }
            for line in order.lines
        ],
        "parcels": [_parcel(position, parcel) for position, parcel in enumerate(shown, 1)],
        "promise": _promise(_promise_of(shop, order, shown)),
    }


def _parcel(position: int, parcel: ShipmentFacts) -> dict[str, Any]:
    return {
        "position": position,
        "status": parcel.standing.status.value,
        "status_at": parcel.standing.at.isoformat(),
        "shipped_at": parcel.shipped_at.isoformat(),
        "carrier": parcel.carrier,
        "tracking_number": parcel.tracking_number,
        "tracking_url": parcel.tracking_url,
        "expected_from": parcel.expected_from.isoformat() if parcel.expected_from else None,
        "expected_until": parcel.expected_until.isoformat() if parcel.expected_until else None,
        "items": [list(item) for item in parcel.items],
        "scans": [
            {"status": scan.status.value, "at": scan.at.isoformat(), "place": scan.place, "source": scan.source}
            for scan in parcel.scans
        ],
    }


def _promise_of(shop: ShopFacts, order: OrderFacts, parcels: Sequence[ShipmentFacts]) -> Promise | None:
    named = next((parcel for parcel in parcels if parcel.expected_until), None)
    return promise_for(
        order.placed_at.astimezone(ZoneInfo(shop.timezone)).date(),
        shop.settings.earliest_days,
        shop.settings.latest_days,
        named.expected_from if named else None,
        named.expected_until if named else None,
    )


def _promise(promise: Promise | None) -> dict[str, str] | None:
    return {"earliest": promise.earliest.isoformat(), "latest": promise.latest.isoformat()} if promise else None
