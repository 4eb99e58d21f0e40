"""Parcels written from facts, in batches, up the ladder only; and read for decisions and pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, delete, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
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
from app.kernel.crypto import fingerprint

KEPT = ("expected_from", "expected_until")
"""Once a carrier has named a day, a platform that names none does not take it away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a batch did: the orders it touched, events with their keys, and platform keys of orders to pull again."""

    order_ids: frozenset[int] = frozenset()
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
    _upsert(session, shop_id, order_ids, newest.values(), is_authoritative=is_authoritative)
    after = _rows(session, newest)
    changed = [row for ref, row in after.items() if ref not in before or row.content != before[ref].content]
    _rewrite_items(session, shop_id, [(row.id, newest[row.ref]) for row in changed])
    said = [
        _scan(
            shop_id,
            after[ref].id,
            ScanFact(status=fact.status, occurred_at=fact.updated_at, source=Source.PLATFORM),
        )
        for ref, fact in newest.items()
        if fact.status is not ShipmentStatus.UNKNOWN
    ]
    moved = _climb(session, [row.id for row in after.values()], _record_new(session, said))
    return Written(
        order_ids=frozenset(row.order_id for row in after.values()),
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
            scans.append(_scan(shop_id, parcel.id, fact))
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
    moved = _climb(session, ids, _record(session, scans))
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
    parcels = session.scalars(
        select(Shipment).where(Shipment.order_id.in_(order_ids)).order_by(Shipment.shipped_at, Shipment.id)
    ).all()
    if not parcels:
        return dict.fromkeys(order_ids, ())
    ids = [parcel.id for parcel in parcels]
    items: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for item in session.scalars(
        select(ShipmentItem)
        .where(ShipmentItem.shipment_id.in_(ids))
        .order_by(ShipmentItem.shipment_id, ShipmentItem.line_ref)
    ):
        items[item.shipment_id].append((item.line_ref, item.quantity))
    scans: dict[int, list[ScanView]] = defaultdict(list)
    for scan in session.scalars(
        select(Scan).where(Scan.shipment_id.in_(ids)).order_by(Scan.occurred_at.desc(), Scan.id.desc())
    ):
        scans[scan.shipment_id].append(
            ScanView(status=ShipmentStatus(scan.status), at=scan.occurred_at, place=scan.place, source=scan.source)
        )
    found: dict[int, list[ShipmentFacts]] = defaultdict(list)
    for parcel in parcels:
        found[parcel.order_id].append(_facts(parcel, tuple(items[parcel.id]), _folded(scans[parcel.id])))
    return {order_id: tuple(found[order_id]) for order_id in order_ids}


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
        update(Shipment).where(Shipment.tracking_number.in_(tracking_numbers)).values(tracked_at=func.now())
    )


def _newest(facts: Iterable[ShipmentFact]) -> dict[str, ShipmentFact]:
    newest: dict[str, ShipmentFact] = {}
    for fact in sorted(facts, key=lambda fact: (fact.ref, fact.updated_at)):
        newest[fact.ref] = fact
    return newest


def _rows(session: Session, refs: Iterable[str]) -> dict[str, Row[*tuple[Any, ...]]]:
    columns = (Shipment.id, Shipment.ref, Shipment.order_id, Shipment.updated_at, Shipment.shipped_at, Shipment.content)
    statement = select(*columns, Shipment.tracking_number, Shipment.is_cancelled).where(Shipment.ref.in_(list(refs)))
    return {row.ref: row for row in session.execute(statement.order_by(Shipment.ref))}


def _upsert(
    session: Session,
    shop_id: int,
    order_ids: Mapping[str, int],
    facts: Iterable[ShipmentFact],
    *,
    is_authoritative: bool,
) -> None:
    rows = [_row(shop_id, order_ids[fact.order_ref], fact) for fact in facts]
    statement = upsert(Shipment)
    is_newer = Shipment.updated_at < statement.excluded.updated_at
    if is_authoritative:
        is_newer |= (Shipment.updated_at == statement.excluded.updated_at) & (
            Shipment.content != statement.excluded.content
        )
    fixed = {"shop_id", "ref", "order_id", "status", "status_at", *KEPT}
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["shop_id", "ref"],
            set_={name: statement.excluded[name] for name in rows[0] if name not in fixed}
            | {name: func.coalesce(statement.excluded[name], getattr(Shipment, name)) for name in KEPT},
            where=is_newer,
        ),
        rows,
    )


def _row(shop_id: int, order_id: int, fact: ShipmentFact) -> dict[str, Any]:
    return {
        "shop_id": shop_id,
        "order_id": order_id,
        "ref": fact.ref,
        "updated_at": fact.updated_at,
        "shipped_at": fact.shipped_at,
        "status": ShipmentStatus.UNKNOWN.value,
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


def _rewrite_items(session: Session, shop_id: int, changed: Sequence[tuple[int, ShipmentFact]]) -> None:
    if not changed:
        return
    session.execute(delete(ShipmentItem).where(ShipmentItem.shipment_id.in_([parcel_id for parcel_id, _ in changed])))
    rows = [
        {"shop_id": shop_id, "shipment_id": parcel_id, "line_ref": line_ref, "quantity": quantity}
        for parcel_id, fact in changed
        for line_ref, quantity in _summed(fact.items)
    ]
    if rows:
        session.execute(insert(ShipmentItem), rows)


def _summed(items: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """A platform may name a line twice in one parcel."""
    totals: dict[str, int] = defaultdict(int)
    for line_ref, quantity in items:
        totals[line_ref] += quantity
    return sorted(totals.items())


def _scan(shop_id: int, shipment_id: int, fact: ScanFact) -> dict[str, Any]:
    return {
        "shop_id": shop_id,
        "shipment_id": shipment_id,
        "status": fact.status.value,
        "occurred_at": fact.occurred_at,
        "place": fact.place,
        "source": fact.source.value,
    }


def _record(session: Session, scans: Sequence[dict[str, Any]]) -> dict[tuple[int, str], str]:
    """Append scans that are new; who said each (parcel, status) of this batch."""
    if not scans:
        return {}
    ordered = sorted(scans, key=lambda scan: (scan["shipment_id"], scan["occurred_at"], scan["status"], scan["place"]))
    session.execute(upsert(Scan).on_conflict_do_nothing(constraint="uq_scan_once"), ordered)
    return {(scan["shipment_id"], scan["status"]): scan["source"] for scan in ordered}


def _record_new(session: Session, scans: Sequence[dict[str, Any]]) -> dict[tuple[int, str], str]:
    """The same for a platform's own status, which it repeats with every later change of the parcel: only its first counts."""
    known = {
        (row.shipment_id, row.status)
        for row in session.execute(
            select(Scan.shipment_id, Scan.status).where(Scan.shipment_id.in_([scan["shipment_id"] for scan in scans]))
        )
    }
    return _record(session, [scan for scan in scans if (scan["shipment_id"], scan["status"]) not in known])


def _climb(session: Session, ids: Sequence[int], sources: Mapping[tuple[int, str], str]) -> list[tuple[str, Event]]:
    """Put each parcel where all of its scans together say it stands, and say so when that is higher than before."""
    if not ids:
        return []
    standings: dict[int, list[Standing]] = defaultdict(list)
    for scan in session.execute(
        select(Scan.shipment_id, Scan.status, Scan.occurred_at).where(Scan.shipment_id.in_(ids))
    ):
        standings[scan.shipment_id].append(Standing(status=ShipmentStatus(scan.status), at=scan.occurred_at))
    events: list[tuple[str, Event]] = []
    for parcel in session.scalars(select(Shipment).where(Shipment.id.in_(ids)).order_by(Shipment.id).with_for_update()):
        start = Standing(status=ShipmentStatus.UNKNOWN, at=parcel.shipped_at)
        top = highest([start, *standings[parcel.id]])
        if (top.status.value, top.at) == (parcel.status, parcel.status_at):
            continue
        is_higher = RUNGS[top.status] > RUNGS[ShipmentStatus(parcel.status)] or top.status.value != parcel.status
        parcel.status, parcel.status_at = top.status.value, top.at
        if is_higher:
            source = Source(sources.get((parcel.id, top.status.value), Source.PULL.value))
            events.append(_moved(parcel, top, source))
    return events


def _moved(parcel: Shipment, top: Standing, source: Source) -> tuple[str, Event]:
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
    refs = sorted({fact.shipment_ref for fact in facts if fact.shipment_ref})
    numbers = sorted({fact.tracking_number for fact in facts if fact.tracking_number})
    return session.execute(
        select(Shipment.id, Shipment.ref, Shipment.order_id, Shipment.tracking_number)
        .where(or_(Shipment.ref.in_(refs), Shipment.tracking_number.in_(numbers)))
        .order_by(Shipment.id)
    ).all()


def _facts(parcel: Shipment, items: tuple[tuple[str, int], ...], scans: tuple[ScanView, ...]) -> ShipmentFacts:
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
