"""Appending to history, and reading it back as the events that were appended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.history.models import EventRow
from app.events import EVENTS, Event, ShipmentStatus, Source
from app.kernel import batch

OWN_COLUMNS = frozenset({"order_id", "shipment_id", "occurred_at"})
APPEND = (
    batch.insert(EventRow, ("kind", "key", "order_id", "shipment_id", "occurred_at", "source", "is_historic", "data"))
    .on_conflict_do_nothing(index_elements=["shop_id", "key"])
    .returning(EventRow.id, EventRow.key, EventRow.is_historic)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An event with its place in history."""

    id: int
    event: Event
    is_historic: bool


def append(
    session: Session, shop_id: int, events: Iterable[tuple[str, Event]], source: Source, connected_at: datetime
) -> list[Recorded]:
    """Append each (key, event) that history does not hold yet and return those. What happened before the shop was connected is
    historic: true, and no reason to write to anybody."""
    drafts = dict(events)
    if not drafts:
        return []
    rows = [
        {
            "kind": type(event).__name__,
            "key": key,
            "order_id": event.order_id,
            "shipment_id": getattr(event, "shipment_id", None),
            "occurred_at": event.occurred_at,
            "source": source,
            "is_historic": event.occurred_at < connected_at,
            "data": _own_fields(event),
        }
        for key, event in sorted(drafts.items())
    ]
    inserted = session.execute(APPEND, batch.given(shop_id, rows))
    return [Recorded(id=row.id, event=drafts[row.key], is_historic=row.is_historic) for row in inserted]


def load(session: Session, ids: Sequence[int]) -> list[Recorded]:
    rows = session.scalars(
        select(EventRow).where(batch.among(EventRow.id, ids)).order_by(EventRow.occurred_at, EventRow.id)
    )
    return [Recorded(id=row.id, event=event_from(row), is_historic=row.is_historic) for row in rows]


def event_from(row: EventRow) -> Event:
    """The event that a row holds."""
    kind = EVENTS[row.kind]
    values: dict[str, Any] = {**row.data, "order_id": row.order_id, "occurred_at": row.occurred_at}
    if row.shipment_id is not None:
        values["shipment_id"] = row.shipment_id
    if "status" in values:
        values["status"] = ShipmentStatus(values["status"])
    if "source" in values:
        values["source"] = Source(values["source"])
    return kind(**values)


def _own_fields(event: Event) -> dict[str, Any]:
    return {field.name: getattr(event, field.name) for field in fields(event) if field.name not in OWN_COLUMNS}
