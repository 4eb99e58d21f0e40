"""DHL Shipment Tracking - Unified: one number a call, every division of DHL, a key that belongs to the merchant.

Sources: developer.dhl.com, "Shipment Tracking - Unified", v1 (request, answer, status codes); the wording of events is as DHL's
public tracking shows it in English. DHL lets no vendor use one key for all his customers, and a new key gets about 250 calls a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import cast
from urllib.parse import urlencode

from app.carriers.base import Carrier, CarrierAccess
from app.events import ScanFact, ShipmentStatus, Source
from app.kernel.errors import Failure, Permanent, Transient
from app.kernel.http import Answer, Http, json_body
from app.kernel.reading import Tree, part, parts, text
from app.kernel.zones import moment

STATUSES = {
    "pre-transit": ShipmentStatus.LABEL_CREATED,  # data only: the parcel may never have been handed over
    "transit": ShipmentStatus.IN_TRANSIT,  # also covers pick-up, customs, the last mile and waiting in a shop: see WORDINGS
    "delivered": ShipmentStatus.DELIVERED,
    "failure": ShipmentStatus.EXCEPTION,  # also on hold, refused and returned
    "unknown": ShipmentStatus.UNKNOWN,  # "no status can be derived", not an error
}

EVENT_CODES = {
    # DHL eCommerce US puts a number where the others put a text
    "103": ShipmentStatus.EXCEPTION,  # on hold
    "447": ShipmentStatus.IN_TRANSIT,  # arrived at customs
    "449": ShipmentStatus.IN_TRANSIT,  # cleared customs
    "506": ShipmentStatus.EXCEPTION,  # held at customs
    "576": ShipmentStatus.IN_TRANSIT,  # at the local distribution centre
    "577": ShipmentStatus.OUT_FOR_DELIVERY,  # left the local distribution centre
}

WAITING = (
    "ready for pick-up",
    "ready for pickup",
    "for pick-up at",
    "available for collection",
    "when it can be picked up",
)
RETURNING = ("back to the sender", "returned to the sender", "return to sender", "returned to shipper")
ATTEMPTED = (
    "could not be delivered, and the recipient has been notified",
    "delivery attempted",
    "delivery attempt made",
)
ON_VEHICLE = ("loaded onto the delivery vehicle", "out for delivery", "out with courier for delivery")
COLLECTED = ("shipment has been picked up", "shipment picked up", "pick-up was successful", "posted by the sender")

WORDINGS: dict[str, tuple[tuple[tuple[str, ...], ShipmentStatus], ...]] = {
    # Waiting goes first: such texts add that the parcel will be returned if nobody comes.
    "transit": (
        (WAITING, ShipmentStatus.READY_FOR_PICKUP),
        (RETURNING, ShipmentStatus.RETURNED_TO_SENDER),
        (ATTEMPTED, ShipmentStatus.DELIVERY_ATTEMPTED),
        (ON_VEHICLE, ShipmentStatus.OUT_FOR_DELIVERY),
        (COLLECTED, ShipmentStatus.PICKED_UP),
    ),
    "failure": ((RETURNING, ShipmentStatus.RETURNED_TO_SENDER), (ATTEMPTED, ShipmentStatus.DELIVERY_ATTEMPTED)),
    # The network "delivers" to a shop or locker first, and a returned parcel to its sender.
    "delivered": ((WAITING, ShipmentStatus.READY_FOR_PICKUP), (RETURNING, ShipmentStatus.RETURNED_TO_SENDER)),
}
"""Where a status code says too little, the event's English text says more."""


LONGEST_PLACE = 100
YEARS = range(1990, 2200)
"""In which there are parcels: a day at the end of time, written for "nobody knows", is none."""


class Dhl:
    slug = "dhl"
    aliases = frozenset(
        {
            *("dhl", "dhl group", "dhl parcel", "dhl logistics", "deutsche post dhl", "post & dhl"),
            *("dhl express", "dhl-express", "dhl at", "dhl.at", "dhl cz", "dhl.cz", "dhl se", "dhl.se", "dhl uk"),
            *("dhl paket", "dhl-paket", "dhl intraship (de)", "dhl germany", "dhl parcel germany"),
            *("dhl ecommerce", "dhl-ecommerce", "dhl global mail", "dhl ecommerce americas", "dhl us"),
            *("dhl ecommerce asia", "dhl-ecommerce-asia", "dhl freight", "dhl-freight"),
            *("dhl parcel nl", "dhl-parcel-nl", "dhlparcel nl", "dhl for you", "dhl ecommerce nl"),
            *("deutsche post", "deutsche-post", "deutsche post (de)", "deutsche post (en)"),
            *("dhl parcel uk", "dhl ecommerce uk", "dhl-ecommerce-uk", "uk mail"),
        }
    )
    default_url = "https://api-eu.dhl.com"
    credential_names: tuple[str, ...] = ("api_key",)
    max_numbers = 1

    def scans(self, access: CarrierAccess, http: Http, tracking_numbers: Sequence[str]) -> tuple[ScanFact, ...]:
        return tuple(scan for number in tracking_numbers for scan in _ask(access, http, number))


CARRIER: Carrier = Dhl()


def _ask(access: CarrierAccess, http: Http, number: str) -> tuple[ScanFact, ...]:
    query = urlencode({"trackingNumber": number, "language": "en"})
    headers = {"DHL-API-Key": access.secrets["api_key"], "Accept": "application/json"}
    answer = http.call("GET", f"{access.base_url}/track/shipments?{query}", headers=headers)
    # 404: DHL often knows a label only after the first scan. 400: text that is no tracking number; it must not stop the others.
    if answer.status in (400, 404):
        return ()
    if answer.status != 200:
        raise _refusal(answer)
    body = json_body(answer)
    if not isinstance(body, dict) or not isinstance(cast("Tree", body).get("shipments"), list):
        raise Transient("not_understood")
    read = [scans for shipment in parts(cast("Tree", body), "shipments") if (scans := _read(shipment, number))]
    # Numbers are used again after a while: of several shipments the one that moved last is ours.
    return max(read, key=lambda scans: scans[-1].occurred_at, default=())


def _refusal(answer: Answer) -> Failure:
    if answer.status in (401, 403):
        return Permanent("bad_key")
    code = "rate_limited" if answer.status == 429 else "unavailable"
    return Transient(code, retry_after=answer.retry_after)


def _read(shipment: Tree, number: str) -> tuple[ScanFact, ...]:
    """Oldest first."""
    events = parts(shipment, "events") or [part(shipment, "status")]
    scans = [scan for event in events if (scan := _scan(event, shipment, number))]
    scans.sort(key=lambda scan: scan.occurred_at)
    return tuple(scans)


def _scan(event: Tree, shipment: Tree, number: str) -> ScanFact | None:
    """None for an event without a time that can be read: nothing can be put in order by it."""
    try:
        occurred_at = moment(text(event, "timestamp"), _country(event, shipment))
    except ValueError:
        return None
    if occurred_at.year not in YEARS:
        return None
    return ScanFact(
        status=_status(event, is_return=shipment.get("returnFlag") is True),
        occurred_at=occurred_at,
        source=Source.CARRIER,
        tracking_number=number,
        place=_place(text(part(part(event, "location"), "address"), "addressLocality")),
        expected_until=_expected(shipment),
    )


def _place(said: str) -> str:
    printable = "".join(sign if sign.isprintable() else " " for sign in said)
    return " ".join(printable.split())[:LONGEST_PLACE]


def _status(event: Tree, *, is_return: bool) -> ShipmentStatus:
    code = text(event, "statusCode").strip().lower()
    status = (
        _worded(event, code) or EVENT_CODES.get(text(event, "status")) or STATUSES.get(code, ShipmentStatus.UNKNOWN)
    )
    if is_return and status is ShipmentStatus.DELIVERED:
        return ShipmentStatus.RETURNED_TO_SENDER
    return status


def _worded(event: Tree, code: str) -> ShipmentStatus | None:
    said = f"{text(event, 'status')} {text(event, 'description')}".lower()
    for phrases, status in WORDINGS.get(code, ()):
        if any(phrase in said for phrase in phrases):
            return status
    return None


def _country(event: Tree, shipment: Tree) -> str:
    """Times mostly lack an offset and are local to the scan, and most scans lack a country: labels are made where a parcel
    starts, the rest is read off the clocks of where it goes."""
    origin, destination = part(shipment, "origin"), part(shipment, "destination")
    likely = (origin, destination) if text(event, "statusCode") == "pre-transit" else (destination, origin)
    places = (part(event, "location"), *likely)
    return next((country for place in places if (country := text(part(place, "address"), "countryCode"))), "")


def _expected(shipment: Tree) -> date | None:
    """The day on which DHL expects to deliver, as it stands there: local to the recipient."""
    said = text(part(shipment, "estimatedDeliveryTimeFrame"), "estimatedThrough") or text(
        shipment, "estimatedTimeOfDelivery"
    )
    try:
        day = date.fromisoformat(said[:10])
    except ValueError:
        return None
    return day if day.year in YEARS else None
