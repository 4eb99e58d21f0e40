"""A carrier: the tracking API in the shape of DHL's "Shipment Tracking - Unified" v1, and a plain page a number for people.

Shape: developer.dhl.com, "Shipment Tracking - Unified" (documented sample; 404 and 429 bodies as published). Times carry no offset
and are local to the scan. The API knows DHL's parcels only, and none before its first scan; the page shows every parcel.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from zoneinfo import ZoneInfo

import orjson
from flask import Flask, Response, render_template, request

from sandbox.serving import let_faults_in
from sandbox.stage import Stage
from sandbox.things import Parcel, Scan, ScanStatus
from sandbox.world import Found

Json = dict[str, object]

CODES = {
    ScanStatus.LABEL_CREATED: ("pre-transit", "The instruction data was sent to DHL electronically."),
    ScanStatus.PICKED_UP: ("transit", "The shipment has been picked up."),
    ScanStatus.IN_TRANSIT: ("transit", "Processed in the parcel center."),
    ScanStatus.OUT_FOR_DELIVERY: ("transit", "Loaded onto the delivery vehicle."),
    ScanStatus.READY_FOR_PICKUP: ("transit", "The shipment is ready for pick-up at the retail outlet."),
    ScanStatus.DELIVERY_ATTEMPTED: (
        "transit",
        "The shipment could not be delivered, and the recipient has been notified.",
    ),
    ScanStatus.DELIVERED: ("delivered", "The shipment has been successfully delivered"),
    ScanStatus.DELAYED: ("transit", "The shipment is delayed."),
    ScanStatus.EXCEPTION: ("failure", "The shipment cannot be moved on at present."),
    ScanStatus.RETURNED_TO_SENDER: ("failure", "The recipient could not be met; the shipment goes back to the sender."),
    ScanStatus.LOST: ("failure", "The shipment could not be found; an enquiry has been opened."),
}
ZONES = {
    "DE": "Europe/Berlin",
    "AT": "Europe/Vienna",
    "SE": "Europe/Stockholm",
    "CZ": "Europe/Prague",
    "GB": "Europe/London",
    "TW": "Asia/Taipei",
}
PROBLEMS = {
    400: ("Bad request", "Missing required query parameter trackingNumber."),
    401: ("Unauthorized", "Unauthorized for given resource."),
    404: ("No result found", "No shipment with given tracking number found."),
    429: ("Too Many Requests", "Too many requests within defined time period, please try again later."),
}


def api_key(seed: int) -> str:
    """The one key that the carrier gave out."""
    return hashlib.sha256(f"{seed}/carrier".encode()).hexdigest()[:32]


def application(stage: Stage) -> Flask:
    """`/track/shipments` for programs, `/track/<number>` for people."""
    app = Flask(__name__, static_folder=None)
    let_faults_in(app, stage.faults, "carrier", problem)
    key = api_key(stage.world.seed)

    @app.get("/track/shipments")
    def shipments() -> Response:  # pyright: ignore[reportUnusedFunction]
        if not hmac.compare_digest(request.headers.get("DHL-API-Key", "").encode(), key.encode()):
            return problem(401)
        number = request.args.get("trackingNumber", "")
        if not number:
            return problem(400)
        with stage.world.lock:
            found = stage.world.parcel(number)
            if found is None or found.parcel.carrier != "DHL" or not found.parcel.scans:
                return problem(404)
            body: Json = {
                "url": f"/shipments?trackingNumber={number}&offset=0&limit=5",
                "shipments": [_shipment(found)],
                "possibleAdditionalShipmentsUrl": [],
            }
        return Response(orjson.dumps(body), mimetype="application/json")

    @app.get("/track/<number>")
    def page(number: str) -> tuple[str, int]:  # pyright: ignore[reportUnusedFunction]
        with stage.world.lock:
            found = stage.world.parcel(number)
            scans = [_for_people(scan) for scan in reversed(found.parcel.scans)] if found else []
            html = render_template("parcel.html", number=number, parcel=found.parcel if found else None, scans=scans)
        return html, 200 if found else 404

    return app


def problem(status: int) -> Response:
    title, detail = PROBLEMS.get(status, ("Service Unavailable", "The service is not available at the moment."))
    body = {"status": status, "title": title, "detail": detail}
    return Response(orjson.dumps(body), status, mimetype="application/json")


def _local(at: datetime, country: str) -> str:
    return at.astimezone(ZoneInfo(ZONES.get(country, "UTC"))).strftime("%Y-%m-%dT%H:%M:%S")


def _shipment(found: Found) -> Json:
    home, away = found.store.profile, found.order.customer.address
    events = [_event(scan) for scan in reversed(found.parcel.scans)]
    number = found.parcel.number
    page = f"https://www.dhl.de/de/privatkunden.html?piececode={number}"
    code = CODES[found.parcel.scans[-1].status][0]
    return {
        "id": number,
        "service": "parcel-de",
        "origin": {"address": {"countryCode": home.country}},
        "destination": {
            "address": {
                "countryCode": away.country,
                "postalCode": away.postcode,
                "addressLocality": away.city,
            }
        },
        "status": {**events[0], "status": code},
        "details": {
            "product": {"productName": "DHL PAKET"},
            "weight": {"value": 2.5, "unitText": "kg"},
            "references": [{"number": found.order.number, "type": "customer-reference"}],
        },
        "events": events,
        "serviceUrl": page,
        "rerouteUrl": f"{page}&verfuegen_selected_tab=FIRST",
        **_expected(found.parcel, away.country),
    }


def _event(scan: Scan) -> Json:
    code, text = CODES[scan.status]
    address = {"countryCode": scan.country} | ({"addressLocality": scan.place} if scan.place else {})
    return {
        "timestamp": _local(scan.at, scan.country),
        "location": {"address": address},
        "statusCode": code,
        "status": text,
        "description": text,
    }


def _expected(parcel: Parcel, country: str) -> Json:
    """Foretold from the first sorting centre on, until it has come."""
    seen = {scan.status for scan in parcel.scans}
    if ScanStatus.IN_TRANSIT not in seen or seen & {
        ScanStatus.DELIVERED,
        ScanStatus.LOST,
        ScanStatus.RETURNED_TO_SENDER,
    }:
        return {}
    if parcel.expected_from is None or parcel.expected_until is None:
        return {}
    window = {
        "estimatedFrom": _local(parcel.expected_from, country),
        "estimatedThrough": _local(parcel.expected_until, country),
    }
    return {
        "estimatedTimeOfDelivery": f"{window['estimatedThrough'][:10]}T00:00:00",
        "estimatedDeliveryTimeFrame": window,
    }


def _for_people(scan: Scan) -> dict[str, str]:
    at = scan.at.astimezone(ZoneInfo(ZONES.get(scan.country, "UTC")))
    return {"at": at.strftime("%d.%m.%Y %H:%M"), "place": scan.place, "text": CODES[scan.status][1].rstrip(".")}
