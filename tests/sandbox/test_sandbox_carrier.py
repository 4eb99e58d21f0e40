"""The carrier's API as the app's own adapter sees it, and the page for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
import requests

from app.carriers.base import CarrierAccess
from app.carriers.dhl import CARRIER as DHL
from app.events import ShipmentStatus
from app.kernel.errors import Failure, Permanent, Transient
from app.kernel.http import Http
from sandbox import carrier
from sandbox.faults import Fault, How, Where
from sandbox.serving import Server
from sandbox.things import Order, ScanStatus
from tests.sandbox.shops import Fair

NUMBER = "00340434161094015902"
SAID = {
    ScanStatus.LABEL_CREATED: ShipmentStatus.LABEL_CREATED,
    ScanStatus.PICKED_UP: ShipmentStatus.PICKED_UP,
    ScanStatus.IN_TRANSIT: ShipmentStatus.IN_TRANSIT,
    ScanStatus.OUT_FOR_DELIVERY: ShipmentStatus.OUT_FOR_DELIVERY,
    ScanStatus.READY_FOR_PICKUP: ShipmentStatus.READY_FOR_PICKUP,
    ScanStatus.DELIVERY_ATTEMPTED: ShipmentStatus.DELIVERY_ATTEMPTED,
    ScanStatus.DELIVERED: ShipmentStatus.DELIVERED,
    ScanStatus.DELAYED: ShipmentStatus.IN_TRANSIT,  # DHL has no code for it
    ScanStatus.EXCEPTION: ShipmentStatus.EXCEPTION,
    ScanStatus.RETURNED_TO_SENDER: ShipmentStatus.RETURNED_TO_SENDER,
    ScanStatus.LOST: ShipmentStatus.EXCEPTION,  # nor for this
}


@pytest.fixture
def fair() -> Fair:
    return Fair()


@pytest.fixture
def address(fair: Fair) -> Iterator[str]:
    server = Server().start(carrier.application(fair.stage))
    yield server.url
    server.stop()


@pytest.fixture
def access(fair: Fair, address: str) -> CarrierAccess:
    return CarrierAccess(base_url=address, secrets={"api_key": carrier.api_key(fair.stage.world.seed)})


def an_order_on_its_way(fair: Fair, carrier_name: str = "DHL") -> Order:
    order = fair.buy(fair.coffee)
    fair.coffee.send(order, carrier_name, NUMBER, expected=fair.clock.at + timedelta(days=2))
    return order


@pytest.mark.parametrize("status", ScanStatus)
def test_each_scan_is_understood(fair: Fair, access: CarrierAccess, http: Http, status: ScanStatus) -> None:
    order = an_order_on_its_way(fair)
    fair.coffee.scan(order, order.parcels[0], status, fair.clock.at, "Innsbruck", "AT")
    [scan] = DHL.scans(access, http, [NUMBER])
    assert (scan.status, scan.occurred_at, scan.place) == (SAID[status], fair.clock.at, "Innsbruck")


def test_the_day_of_delivery_is_told_once_the_parcel_moves(fair: Fair, access: CarrierAccess, http: Http) -> None:
    order = an_order_on_its_way(fair)
    fair.coffee.scan(order, order.parcels[0], ScanStatus.LABEL_CREATED, fair.clock.at, "", "DE")
    assert DHL.scans(access, http, [NUMBER])[0].expected_until is None
    fair.coffee.scan(order, order.parcels[0], ScanStatus.IN_TRANSIT, fair.clock.at, "Leipzig", "DE")
    assert DHL.scans(access, http, [NUMBER])[0].expected_until == (fair.clock.at + timedelta(days=2)).date()


def test_a_number_is_unknown_before_its_first_scan_and_to_a_foreign_carrier(
    fair: Fair, access: CarrierAccess, http: Http
) -> None:
    order = an_order_on_its_way(fair, "DPD")
    fair.coffee.scan(order, order.parcels[0], ScanStatus.DELIVERED, fair.clock.at)
    assert DHL.scans(access, http, [NUMBER, "1"]) == ()


def test_a_wrong_key_is_refused(address: str, http: Http) -> None:
    with pytest.raises(Permanent, match="bad_key"):
        DHL.scans(CarrierAccess(base_url=address, secrets={"api_key": "wrong"}), http, [NUMBER])


@pytest.mark.parametrize(("status", "code"), [(429, "rate_limited"), (503, "unavailable")])
def test_it_refuses_on_request(fair: Fair, access: CarrierAccess, http: Http, status: int, code: str) -> None:
    fair.stage.faults.add([Fault(where=Where.HTTP, how=How.STATUS, target="carrier", status=status)])
    with pytest.raises(Transient) as caught:
        DHL.scans(access, http, [NUMBER])
    assert isinstance(caught.value, Failure)
    assert caught.value.code == code
    assert DHL.scans(access, http, [NUMBER]) == ()


def test_people_see_every_parcel(fair: Fair, address: str) -> None:
    order = an_order_on_its_way(fair, "DPD")
    page = requests.get(f"{address}/track/{NUMBER}", timeout=5)
    assert (page.status_code, "not seen yet" in page.text) == (200, True)
    fair.coffee.scan(order, order.parcels[0], ScanStatus.IN_TRANSIT, fair.clock.at, "Brno", "CZ")
    assert "Brno" in requests.get(f"{address}/track/{NUMBER}", timeout=5).text
    assert requests.get(f"{address}/track/x", timeout=5).status_code == 404
