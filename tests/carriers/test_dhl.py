"""DHL's answers, read over real HTTP: what each becomes, and what none of them may do."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from app.carriers import CARRIERS
from app.carriers.base import CarrierAccess
from app.events import ScanFact, ShipmentStatus, Source
from app.kernel.errors import Failure, Permanent, Transient
from app.kernel.http import Http
from tests.kernel.loopback import Loopback, answer, serving

NUMBER = "00340434161094022115"
SAMPLES = Path(__file__).parent / "dhl"
SHARED = Path(os.environ.get("ENCORE_SHARED") or Path(__file__).parents[3] / "shared") / "platforms/carriers"
DHL = CARRIERS["dhl"]


def sample(path: Path) -> tuple[int, bytes]:
    read = json.loads(path.read_text(encoding="utf-8"))
    body = read["body_text"].encode() if "body_text" in read else json.dumps(read["body"]).encode()
    return int(read["_about"]["http_status"]), body


@contextmanager
def dhl(status: int, body: bytes, *headers: str) -> Iterator[tuple[Loopback, CarrierAccess]]:
    with serving(lambda _: [answer(body, f"{status} Whatever", *headers)]) as server:
        yield server, CarrierAccess(base_url=server.url.rstrip("/"), secrets={"api_key": "key-of-the-merchant"})


def scans(http: Http, status: int, body: bytes, *headers: str) -> tuple[ScanFact, ...]:
    with dhl(status, body, *headers) as (_, access):
        return DHL.scans(access, http, [NUMBER])


def failure(http: Http, status: int, body: bytes = b"", *headers: str) -> Failure:
    with pytest.raises(Failure) as caught:
        scans(http, status, body, *headers)
    return caught.value


def an_answer(*events: Mapping[str, Any], **more: object) -> bytes:
    """One German shipment with these events, each with a time unless it brings its own."""
    told = [{"timestamp": "2026-11-18T12:00:00", **event} for event in events]
    shipment = {"id": NUMBER, "destination": {"address": {"countryCode": "DE"}}, "events": told, **more}
    return json.dumps({"shipments": [shipment]}).encode()


def status_of(http: Http, code: object, text: str = "", **more: object) -> ShipmentStatus:
    (scan,) = scans(http, 200, an_answer({"statusCode": code, "description": text}, **more))
    return scan.status


# --- what is asked ----------------------------------------------------------------------------------------------------


def test_one_number_is_asked_for_with_the_merchants_key(http: Http) -> None:
    with dhl(*sample(SAMPLES / "in_transit.json")) as (server, access):
        DHL.scans(access, http, [NUMBER])
    (request,) = server.requests
    assert request.startswith(f"GET /track/shipments?trackingNumber={NUMBER}&language=en HTTP/1.1".encode())
    assert b"DHL-API-Key: key-of-the-merchant" in request


def test_a_number_is_quoted(http: Http) -> None:
    with dhl(404, b"{}") as (server, access):
        assert DHL.scans(access, http, ["JD 01&service=x/#é"]) == ()
    assert b"trackingNumber=JD+01%26service%3Dx%2F%23%C3%A9&language=en " in server.requests[0]


def test_the_key_is_not_shown() -> None:
    assert "hunter2" not in repr(CarrierAccess(base_url=DHL.default_url, secrets={"api_key": "hunter2"}))


# --- what comes back --------------------------------------------------------------------------------------------------


def test_scans_have_status_time_place_and_expected_day(http: Http) -> None:
    assert scans(http, *sample(SAMPLES / "in_transit.json")) == (
        ScanFact(
            status=ShipmentStatus.LABEL_CREATED,
            occurred_at=datetime(2026, 11, 16, 14, 20, tzinfo=UTC),
            source=Source.CARRIER,
            tracking_number=NUMBER,
            place="Kassel",
            expected_until=date(2026, 11, 19),
        ),
        ScanFact(
            status=ShipmentStatus.IN_TRANSIT,
            occurred_at=datetime(2026, 11, 17, 19, 5, tzinfo=UTC),
            source=Source.CARRIER,
            tracking_number=NUMBER,
            place="Kassel",
            expected_until=date(2026, 11, 19),
        ),
    )


@pytest.mark.parametrize(
    ("name", "newest", "earlier"),
    [
        ("delivered", "delivered", "out_for_delivery"),
        ("exception", "returned_to_sender", "in_transit"),
        ("in_transit", "in_transit", "label_created"),
    ],
)
def test_each_sample_stands_where_it_should(http: Http, name: str, newest: str, earlier: str) -> None:
    assert [scan.status.value for scan in scans(http, *sample(SAMPLES / f"{name}.json"))][-2:] == [earlier, newest]


@pytest.mark.parametrize(
    ("code", "text", "status"),
    [
        ("pre-transit", "loaded onto the delivery vehicle", "label_created"),
        ("transit", "", "in_transit"),
        ("TRANSIT", "", "in_transit"),
        ("transit", "The shipment has been picked up", "picked_up"),
        ("transit", "Shipment is out with courier for delivery", "out_for_delivery"),
        ("transit", "The shipment is ready for pick-up at the PACKSTATION", "ready_for_pickup"),
        ("transit", "Ready for pick-up; after 7 days it will be returned to the sender", "ready_for_pickup"),
        ("transit", "The shipment is being returned to the sender", "returned_to_sender"),
        ("transit", "could not be delivered, and the recipient has been notified", "delivery_attempted"),
        ("delivered", "The shipment has been delivered for pick-up at the retail outlet", "ready_for_pickup"),
        ("delivered", "The recipient has picked up the shipment from the retail outlet", "delivered"),
        ("failure", "", "exception"),
        ("failure", "The address is incomplete", "exception"),
        ("unknown", "", "unknown"),
        ("beamed-up", "Out for delivery", "unknown"),
        ("", "", "unknown"),
        (None, "", "unknown"),
        (7, "", "unknown"),
    ],
)
def test_a_code_and_its_text_become_one_of_our_words(http: Http, code: object, text: str, status: str) -> None:
    assert status_of(http, code, text).value == status


def test_numbers_in_place_of_texts_are_known(http: Http) -> None:
    body = an_answer(*({"statusCode": "transit", "status": code} for code in ("577", "506", "447")))
    assert [scan.status.value for scan in scans(http, 200, body)] == ["out_for_delivery", "exception", "in_transit"]


def test_a_delivery_to_the_sender_is_no_delivery(http: Http) -> None:
    assert status_of(http, "delivered", returnFlag=True) is ShipmentStatus.RETURNED_TO_SENDER
    assert status_of(http, "delivered", returnFlag=False) is ShipmentStatus.DELIVERED


@pytest.mark.parametrize(
    ("timestamp", "country", "moment"),
    [
        ("2026-11-18T12:00:00", "DE", datetime(2026, 11, 18, 11, tzinfo=UTC)),
        ("2026-07-18T12:00:00", "DE", datetime(2026, 7, 18, 10, tzinfo=UTC)),
        ("2026-11-18T12:00:00", "GB", datetime(2026, 11, 18, 12, tzinfo=UTC)),
        ("2026-11-18T12:00:00", "TW", datetime(2026, 11, 18, 4, tzinfo=UTC)),
        ("2026-11-18T12:00:00", "XX", datetime(2026, 11, 18, 12, tzinfo=UTC)),
        ("2026-11-18T12:00:00+02:00", "GB", datetime(2026, 11, 18, 10, tzinfo=UTC)),
        ("2026-11-18T12:00:00Z", "DE", datetime(2026, 11, 18, 12, tzinfo=UTC)),
        ("2026-11-18T12:00:00.000-05:00", "DE", datetime(2026, 11, 18, 17, tzinfo=UTC)),
    ],
)
def test_a_time_keeps_its_offset_or_is_local_to_the_scan(
    http: Http, timestamp: str, country: str, moment: datetime
) -> None:
    place = {"location": {"address": {"countryCode": country}}}
    (scan,) = scans(http, 200, an_answer({"statusCode": "transit", "timestamp": timestamp, **place}))
    assert (scan.occurred_at, scan.occurred_at.tzinfo) == (moment, UTC)


def test_a_label_is_made_on_the_clocks_of_the_sender_and_the_rest_read_on_the_recipients(http: Http) -> None:
    events = [{"statusCode": "transit"}, {"statusCode": "pre-transit"}]
    ends = {"origin": {"address": {"countryCode": "TW"}}, "destination": {"address": {"countryCode": "SE"}}}
    label, moved = scans(http, 200, an_answer(*events, **ends))
    assert (label.occurred_at.hour, moved.occurred_at.hour) == (4, 11)


@pytest.mark.parametrize(
    "timestamp", ["", "yesterday", "2026-13-01T00:00:00", "0001-01-01T00:00:00+14:00", None, 1795000000]
)
def test_an_event_without_a_time_is_left_out(http: Http, timestamp: object) -> None:
    good, bad = {"statusCode": "transit"}, {"statusCode": "delivered", "timestamp": timestamp}
    assert [scan.status.value for scan in scans(http, 200, an_answer(bad, good))] == ["in_transit"]


def test_a_shipment_without_events_has_its_status(http: Http) -> None:
    status = {"statusCode": "transit", "timestamp": "2026-11-18T12:00:00"}
    assert len(scans(http, 200, an_answer(status=status))) == 1


def test_of_two_shipments_with_one_number_the_newer_one_counts(http: Http) -> None:
    old = {"events": [{"statusCode": "delivered", "timestamp": "2024-01-10T10:00:00Z"}]}
    new = {"events": [{"statusCode": "transit", "timestamp": "2026-11-18T10:00:00Z"}]}
    for shipments in ([old, new], [new, old, {}]):
        found = scans(http, 200, json.dumps({"shipments": shipments}).encode())
        assert [scan.status.value for scan in found] == ["in_transit"]


def test_a_place_is_one_short_clean_line(http: Http) -> None:
    place = {"location": {"address": {"addressLocality": " Köln\r\n\x00\tWest " + "x" * 500}}}
    (scan,) = scans(http, 200, an_answer({"statusCode": "transit", **place}))
    assert scan.place.startswith("Köln West xxx")
    assert len(scan.place) == 100


def test_an_expected_day_that_makes_no_sense_is_none(http: Http) -> None:
    for said in ("soon", "", None, 5, "2026-02-30T00:00:00", "9999-12-31T00:00:00"):
        (scan,) = scans(http, 200, an_answer({"statusCode": "transit"}, estimatedTimeOfDelivery=said))
        assert scan.expected_until is None


# --- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_number_that_dhl_does_not_know_yields_nothing(http: Http) -> None:
    assert scans(http, *sample(SAMPLES / "not_found.json")) == ()
    assert scans(http, 200, b'{"shipments": []}') == ()


def test_refused_keys_end_it(http: Http) -> None:
    for status in (401, 403):
        refused = failure(http, status, sample(SAMPLES / "bad_key.json")[1])
        assert isinstance(refused, Permanent)
        assert refused.code == "bad_key"


def test_a_limit_passes_after_the_wait_that_was_asked_for(http: Http) -> None:
    limited = failure(http, *sample(SAMPLES / "rate_limited.json"))
    assert isinstance(limited, Transient)
    assert (limited.code, limited.retry_after) == ("rate_limited", None)
    told = failure(http, 429, b"", "Retry-After: 7")
    assert isinstance(told, Transient)
    assert told.retry_after == 7.0


@pytest.mark.parametrize("status", [302, 405, 500, 502, 503, 504])
def test_a_gateway_in_trouble_passes(http: Http, status: int) -> None:
    trouble = failure(http, status, b"upstream connect error", "Retry-After: 120")
    assert isinstance(trouble, Transient)
    assert (trouble.code, trouble.retry_after) == ("unavailable", 120.0)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<!DOCTYPE html><html><title>Just a moment...</title></html>", "not_json"),
        (b"", "not_json"),
        (sample(SAMPLES / "delivered.json")[1][:-40], "not_json"),
        (b"null", "not_understood"),
        (b"[]", "not_understood"),
        (b"{}", "not_understood"),
        (b'{"shipments": {"events": []}}', "not_understood"),
    ],
)
def test_an_answer_of_another_shape_is_a_failure_and_never_a_state(http: Http, body: bytes, code: str) -> None:
    odd = failure(http, 200, body)
    assert isinstance(odd, Transient)
    assert odd.code == code


@pytest.mark.parametrize("odd", [None, 7, "text", [], [7], {}, {"address": 7}, True])
@pytest.mark.parametrize(
    "name", ["events", "status", "origin", "destination", "estimatedDeliveryTimeFrame", "location"]
)
def test_a_field_of_another_type_harms_nobody(http: Http, name: str, odd: object) -> None:
    shipment = json.loads(sample(SAMPLES / "delivered.json")[1])["shipments"][0]
    shipment[name] = odd
    shipment["events"] = [{**event, name: odd} for event in shipment["events"]] if name != "events" else odd
    for scan in scans(http, 200, json.dumps({"shipments": [shipment, odd]}).encode()):
        assert scan.occurred_at.tzinfo is UTC


# --- against the shared facts, where they are at hand -----------------------------------------------------------------

shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the carriers' facts are not at hand (ENCORE_SHARED)")


@shared
def test_the_shared_samples_are_read_as_they_say(http: Http) -> None:
    for path in (SHARED / "samples/dhl_unified").glob("*.json"):
        about = json.loads(path.read_text(encoding="utf-8"))["_about"]
        if about["http_status"] == 200:
            assert scans(http, *sample(path))[-1].status.value == about["expect"], path.name
        elif about["http_status"] == 404:
            assert scans(http, *sample(path)) == ()
        else:
            assert failure(http, *sample(path)).code == path.stem
    for path in (SHARED / "samples/_any").glob("*.json"):
        assert isinstance(failure(http, *sample(path)), Transient), path.name


@shared
def test_the_shared_tables_say_the_same(http: Http) -> None:
    fields = json.loads((SHARED / "statuses.json").read_text(encoding="utf-8"))["apis"]["dhl_unified"]["fields"]
    codes, numbers = (field["codes"] for field in fields.values())
    for code, row in codes.items():
        assert status_of(http, code).value == row["status"], code
    for number, row in numbers.items():
        (scan,) = scans(http, 200, an_answer({"statusCode": "transit", "status": number}))
        assert scan.status.value == row["status"], number


@shared
def test_every_shared_name_of_dhl_is_known() -> None:
    carriers = json.loads((SHARED / "carriers.json").read_text(encoding="utf-8"))["carriers"]
    ours = [carrier for carrier in carriers if "dhl_unified" in carrier.get("api", "") or carrier["slug"] == "dhl"]
    names = {name.lower() for carrier in ours for group in carrier["aliases"].values() for name in group}
    assert names | {carrier["slug"] for carrier in ours} <= DHL.aliases
