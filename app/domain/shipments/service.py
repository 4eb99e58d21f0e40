"""Parcels written from facts, in batches, up the ladder only; and read for decisions and pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, delete, func, or_, select, text, update
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.orm import Session

from app.domain.shipments.models import Scan, Shipment, ShipmentItem
from app.domain.shipments.rules import FINISHED, RUNGS, ScanView, ShipmentFacts, Standing, highest
from app.events import (
    Event,
    ScanFact,
    ShipmentDelivered,
    ShipmentFact,
    ShipmentMoved,
    ShipmentSent,
    ShipmentStatus,
    Source,
    TrackingNumberAdded,
)
from app.kernel import batch
from app.kernel.crypto import fingerprint

SHIPMENT = (
    *(
        "order_id",
        "ref",
        "updated_at",
        "shipped_at",
        "status",
        "status_at",
        "carrier",
        "tracking_number",
        "tracking_url",
    ),
    *("expected_from", "expected_until", "is_cancelled", "content"),
)
FIXED = frozenset({"order_id", "ref", "status", "status_at"})
"""Written once, or only by the climb over all scans."""
KEPT = ("expected_from", "expected_until")
"""Once a carrier has named a day, a platform that names none does not take it away."""


def _upsert(*, is_authoritative: bool) -> Insert:
    """Newer facts win; authoritative ones of the same moment too, where they say something else."""
    statement = batch.insert(Shipment, SHIPMENT)
    said = statement.excluded
    is_newer = Shipment.updated_at < said.updated_at
    if is_authoritative:
        is_newer |= (Shipment.updated_at == said.updated_at) & (Shipment.content != said.content)
    return statement.on_conflict_do_update(
        index_elements=["shop_id", "ref"],
        set_={name: said[name] for name in SHIPMENT if name not in FIXED}
        | {name: func.coalesce(said[name], getattr(Shipment, name)) for name in KEPT},
        where=is_newer,
    )


UPSERT = {is_authoritative: _upsert(is_authoritative=is_authoritative) for is_authoritative in (False, True)}
INSERT_ITEMS = batch.insert(ShipmentItem, ("shipment_id", "line_ref", "quantity"))
RECORD = batch.insert(Scan, ("shipment_id", "status", "occurred_at", "place", "source")).on_conflict_do_nothing(
    constraint="uq_scan_once"
)
CLIMB = text(
    "UPDATE shipment SET status = told.status, status_at = told.status_at FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
    " AS told (id bigint, status text, status_at timestamptz) WHERE shop_id = :shop_id AND shipment.id = told.id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a batch did: the orders it touched, the platform keys of those with parcels that it changed, events with their keys, and
    platform keys of orders to pull again."""

    order_ids: frozenset[int] = frozenset()
    changed: frozenset[str] = frozenset()
    events: tuple[tuple[str, Event], ...] = ()
    disputed: frozenset[str] = frozenset()


def write(
    session: Session,
    shop_id: int,
    order_ids: Mapping[str, int],
    facts: Sequence[ShipmentFact],
    *,
    is_authoritative: bool,
) -> Written:
    """Upsert parcels of known orders (`order_ids` by ref, held by the caller). Older facts are ignored; equal ones
    with other content win only when authoritative, else their order comes back as disputed."""
    newest = _newest(fact for fact in facts if fact.order_ref in order_ids)
    if not newest:
        return Written()
    before = _rows(session, newest)
    rows = [_row(order_ids[fact.order_ref], fact) for fact in newest.values()]
    session.execute(UPSERT[is_authoritative], batch.given(shop_id, rows))
    after = _rows(session, newest)
    changed = [row for ref, row in after.items() if ref not in before or row.content != before[ref].content]
    _rewrite_items(session, shop_id, {row.id: newest[row.ref] for row in changed})
    said = [
        _scan(after[ref].id, ScanFact(status=fact.status, occurred_at=fact.updated_at, source=Source.PLATFORM))
        for ref, fact in newest.items()
        if fact.status is not ShipmentStatus.UNKNOWN
    ]
    moved = _climb(session, shop_id, [row.id for row in after.values()], _record_new(session, shop_id, said))
    return Written(
        order_ids=frozenset(row.order_id for row in after.values()),
        changed=frozenset(newest[row.ref].order_ref for row in changed),
        events=(*_sending_events(before, changed), *moved),
        disputed=frozenset(
            fact.order_ref
            for ref, fact in newest.items()
            if after[ref].updated_at == fact.updated_at and after[ref].content != _content(fact)
        ),
    )


def record_scans(session: Session, shop_id: int, facts: Sequence[ScanFact]) -> Written:
    """Append what was said of parcels, whose orders the caller holds. A number may stand for several: shops send two orders in one
    box. A scan of a parcel that nobody knows makes its order, where it is named, disputed."""
    if not facts:
        return Written()
    found = _find_parcels(session, facts)
    by_ref = {parcel.ref: parcel for parcel in found}
    by_number: dict[str, list[Row[*tuple[Any, ...]]]] = defaultdict(list)
    for parcel in found:
        by_number[parcel.tracking_number].append(parcel)
    scans: list[dict[str, Any]] = []
    expected: dict[int, ScanFact] = {}
    disputed: set[str] = set()
    for fact in facts:
        own = by_ref.get(fact.shipment_ref)
        parcels = [own] if own else by_number[fact.tracking_number] if fact.tracking_number else []
        for parcel in parcels:
            scans.append(_scan(parcel.id, fact))
            if fact.expected_until and (
                parcel.id not in expected or expected[parcel.id].occurred_at <= fact.occurred_at
            ):
                expected[parcel.id] = fact
        if not parcels and fact.order_ref:
            disputed.add(fact.order_ref)
    for parcel_id, fact in expected.items():
        session.execute(
            update(Shipment)
            .where(Shipment.id == parcel_id, Shipment.expected_until.is_distinct_from(fact.expected_until))
            .values(expected_until=fact.expected_until, expected_from=None)
        )
    ids = sorted({scan["shipment_id"] for scan in scans})
    moved = _climb(session, shop_id, ids, _record(session, shop_id, scans))
    return Written(
        order_ids=frozenset(parcel.order_id for parcel in found),
        events=tuple(moved),
        disputed=frozenset(disputed),
    )


def orders_of(session: Session, facts: Sequence[ScanFact]) -> set[int]:
    """The ids of the orders whose parcels these scans may be of."""
    return {parcel.order_id for parcel in _find_parcels(session, facts)} if facts else set()


def facts_for_orders(session: Session, order_ids: Sequence[int]) -> dict[int, tuple[ShipmentFacts, ...]]:
    """The parcels of orders with what is in them and all scans, newest first; in three queries whatever the number."""
    found = select(Shipment.__table__).where(batch.among(Shipment.order_id, order_ids))
    parcels = session.execute(found.order_by(Shipment.shipped_at, Shipment.id)).all()
    if not parcels:
        return dict.fromkeys(order_ids, ())
    ids = [parcel.id for parcel in parcels]
    items, scans = _items(session, ids), _scans(session, ids)
    by_order: dict[int, list[ShipmentFacts]] = defaultdict(list)
    for parcel in parcels:
        by_order[parcel.order_id].append(_facts(parcel, tuple(items[parcel.id]), _folded(scans[parcel.id])))
    return {order_id: tuple(by_order[order_id]) for order_id in order_ids}


def _items(session: Session, ids: Sequence[int]) -> Mapping[int, list[tuple[str, int]]]:
    items: dict[int, list[tuple[str, int]]] = defaultdict(list)
    found = select(ShipmentItem.__table__).where(batch.among(ShipmentItem.shipment_id, ids))
    for item in session.execute(found.order_by(ShipmentItem.shipment_id, ShipmentItem.line_ref)):
        items[item.shipment_id].append((item.line_ref, item.quantity))
    return items


def _scans(session: Session, ids: Sequence[int]) -> Mapping[int, list[ScanView]]:
    scans: dict[int, list[ScanView]] = defaultdict(list)
    found = select(Scan.__table__).where(batch.among(Scan.shipment_id, ids))
    for scan in session.execute(found.order_by(Scan.occurred_at.desc(), Scan.id.desc())):
        scans[scan.shipment_id].append(
            ScanView(status=ShipmentStatus(scan.status), at=scan.occurred_at, place=scan.place, source=scan.source)
        )
    return scans


def _folded(scans: Sequence[ScanView]) -> tuple[ScanView, ...]:
    """A platform's own word is left out where an event says the same."""
    said = {scan.status for scan in scans if scan.source != Source.PLATFORM}
    return tuple(scan for scan in scans if scan.source != Source.PLATFORM or scan.status not in said)


def to_track(session: Session, carriers: Iterable[str], since: datetime, limit: int) -> list[str]:
    """Tracking numbers of parcels under way with one of these carriers (names in lower case), those longest unasked first, each
    once."""
    return list(
        session.scalars(
            select(Shipment.tracking_number)
            .where(
                Shipment.tracking_number != "",
                Shipment.is_cancelled.is_(False),
                Shipment.shipped_at > since,
                Shipment.status.not_in([status.value for status in FINISHED]),
                func.lower(Shipment.carrier).in_(sorted(carriers)),
            )
            .group_by(Shipment.tracking_number)
            .order_by(func.min(Shipment.tracked_at).nulls_first(), func.min(Shipment.id))
            .limit(limit)
        )
    )


def mark_tracked(session: Session, tracking_numbers: Sequence[str]) -> None:
    session.execute(
        update(Shipment).where(batch.among(Shipment.tracking_number, tracking_numbers)).values(tracked_at=func.now())
    )


def _newest(facts: Iterable[ShipmentFact]) -> dict[str, ShipmentFact]:
    newest: dict[str, ShipmentFact] = {}
    for fact in sorted(facts, key=lambda fact: (fact.ref, fact.updated_at)):
        newest[fact.ref] = fact
    return newest


def _rows(session: Session, refs: Collection[str]) -> dict[str, Row[*tuple[Any, ...]]]:
    columns = (Shipment.id, Shipment.ref, Shipment.order_id, Shipment.updated_at, Shipment.shipped_at, Shipment.content)
    statement = select(*columns, Shipment.tracking_number, Shipment.is_cancelled).where(batch.among(Shipment.ref, refs))
    return {row.ref: row for row in session.execute(statement.order_by(Shipment.ref))}


def _row(order_id: int, fact: ShipmentFact) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "ref": fact.ref,
        "updated_at": fact.updated_at,
        "shipped_at": fact.shipped_at,
        "status": ShipmentStatus.UNKNOWN,
        "status_at": fact.shipped_at,
        "carrier": fact.carrier,
        "tracking_number": fact.tracking_number,
        "tracking_url": fact.tracking_url,
        "expected_from": fact.expected_from,
        "expected_until": fact.expected_until,
        "is_cancelled": fact.is_cancelled,
        "content": _content(fact),
    }


def _content(fact: ShipmentFact) -> bytes:
    """The hash of what is told and pulled alike. A parcel's status is neither: it comes with events where there are any."""
    return fingerprint(orjson.dumps(replace(fact, status=ShipmentStatus.UNKNOWN), option=orjson.OPT_SORT_KEYS))


def _rewrite_items(session: Session, shop_id: int, changed: Mapping[int, ShipmentFact]) -> None:
    if not changed:
        return
    session.execute(delete(ShipmentItem).where(batch.among(ShipmentItem.shipment_id, changed)))
    rows = [
        {"shipment_id": parcel_id, "line_ref": line_ref, "quantity": quantity}
        for parcel_id, fact in changed.items()
        for line_ref, quantity in _summed(fact.items)
    ]
    session.execute(INSERT_ITEMS, batch.given(shop_id, rows))


def _summed(items: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """A platform may name a line twice in one parcel."""
    totals: dict[str, int] = defaultdict(int)
    for line_ref, quantity in items:
        totals[line_ref] += quantity
    return sorted(totals.items())


def _scan(shipment_id: int, fact: ScanFact) -> dict[str, Any]:
    return {
        "shipment_id": shipment_id,
        "status": fact.status.value,
        "occurred_at": fact.occurred_at,
        "place": fact.place,
        "source": fact.source.value,
    }


def _record(session: Session, shop_id: int, scans: Sequence[dict[str, Any]]) -> dict[tuple[int, str], str]:
    """Append scans that are new; who said each (parcel, status) of this batch."""
    if not scans:
        return {}
    ordered = sorted(scans, key=lambda scan: (scan["shipment_id"], scan["occurred_at"], scan["status"], scan["place"]))
    session.execute(RECORD, batch.given(shop_id, ordered))
    return {(scan["shipment_id"], scan["status"]): scan["source"] for scan in ordered}


def _record_new(session: Session, shop_id: int, scans: Sequence[dict[str, Any]]) -> dict[tuple[int, str], str]:
    """The same for a platform's own status, which it repeats with every later change of the parcel: only its first counts."""
    if not scans:
        return {}
    ids = {scan["shipment_id"] for scan in scans}
    said = session.execute(select(Scan.shipment_id, Scan.status).where(batch.among(Scan.shipment_id, ids)))
    known = {(row.shipment_id, row.status) for row in said}
    return _record(session, shop_id, [scan for scan in scans if (scan["shipment_id"], scan["status"]) not in known])


def _climb(
    session: Session, shop_id: int, ids: Sequence[int], sources: Mapping[tuple[int, str], str]
) -> list[tuple[str, Event]]:
    """Put each parcel where all of its scans together say it stands, and say so when that is higher than before."""
    if not ids:
        return []
    standings: dict[int, list[Standing]] = defaultdict(list)
    said = select(Scan.shipment_id, Scan.status, Scan.occurred_at).where(batch.among(Scan.shipment_id, ids))
    for scan in session.execute(said):
        standings[scan.shipment_id].append(Standing(status=ShipmentStatus(scan.status), at=scan.occurred_at))
    climbed: list[dict[str, Any]] = []
    events: list[tuple[str, Event]] = []
    found = select(Shipment.__table__).where(batch.among(Shipment.id, ids))
    for parcel in session.execute(found.order_by(Shipment.id).with_for_update()):
        start = Standing(status=ShipmentStatus.UNKNOWN, at=parcel.shipped_at)
        top = highest([start, *standings[parcel.id]])
        if (top.status.value, top.at) == (parcel.status, parcel.status_at):
            continue
        climbed.append({"id": parcel.id, "status": top.status, "status_at": top.at})
        if RUNGS[top.status] > RUNGS[ShipmentStatus(parcel.status)] or top.status.value != parcel.status:
            source = Source(sources.get((parcel.id, top.status.value), Source.PULL.value))
            events.append(_moved(parcel, top, source))
    if climbed:
        session.execute(CLIMB, batch.given(shop_id, climbed))
    return events


def _moved(parcel: Row[*tuple[Any, ...]], top: Standing, source: Source) -> tuple[str, Event]:
    about: dict[str, Any] = {"order_id": parcel.order_id, "shipment_id": parcel.id, "occurred_at": top.at}
    if top.status is ShipmentStatus.DELIVERED:
        return f"delivered:{parcel.id}", ShipmentDelivered(**about, source=source)
    return f"moved:{parcel.id}:{top.status}", ShipmentMoved(**about, status=top.status, source=source)


def _sending_events(
    before: Mapping[str, Row[*tuple[Any, ...]]], changed: Iterable[Row[*tuple[Any, ...]]]
) -> Iterable[tuple[str, Event]]:
    for row in changed:
        if row.is_cancelled:
            continue
        about: dict[str, Any] = {"order_id": row.order_id, "shipment_id": row.id}
        had_number = row.ref in before and before[row.ref].tracking_number != ""
        if row.ref not in before:
            yield (
                f"sent:{row.id}",
                ShipmentSent(**about, occurred_at=row.shipped_at, has_tracking=row.tracking_number != ""),
            )
        elif row.tracking_number and not had_number:
            yield f"tracking:{row.id}", TrackingNumberAdded(**about, occurred_at=row.updated_at)


def _find_parcels(session: Session, facts: Sequence[ScanFact]) -> Sequence[Row[*tuple[Any, ...]]]:
    """Known parcels that are named by their ref or by their number."""
    refs = {fact.shipment_ref for fact in facts if fact.shipment_ref}
    numbers = {fact.tracking_number for fact in facts if fact.tracking_number}
    return session.execute(
        select(Shipment.id, Shipment.ref, Shipment.order_id, Shipment.tracking_number)
        .where(or_(batch.among(Shipment.ref, refs), batch.among(Shipment.tracking_number, numbers)))
        .order_by(Shipment.id)
    ).all()


def _facts(
    parcel: Row[*tuple[Any, ...]], items: tuple[tuple[str, int], ...], scans: tuple[ScanView, ...]
) -> ShipmentFacts:
    return ShipmentFacts(
        id=parcel.id,
        ref=parcel.ref,
        order_id=parcel.order_id,
        standing=Standing(status=ShipmentStatus(parcel.status), at=parcel.status_at),
        shipped_at=parcel.shipped_at,
        carrier=parcel.carrier,
        tracking_number=parcel.tracking_number,
        tracking_url=parcel.tracking_url,
        expected_from=parcel.expected_from,
        expected_until=parcel.expected_until,
        is_cancelled=parcel.is_cancelled,
        items=items,
        scans=scans,
    )
