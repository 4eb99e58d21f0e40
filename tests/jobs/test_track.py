"""Asking carriers: whoever fails holds up nobody else, and no run outlasts its lease."""

from __future__ import annotations

import time
from collections.abc import Sequence

import orjson
import pytest
from sqlalchemy import text

from app.carriers.base import CarrierAccess
from app.domain.apply import apply
from app.domain.outbox import service as outbox
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.events import ScanFact, Source
from app.jobs.track import credential_name
from app.kernel.errors import Permanent, Transient
from app.kernel.http import Http
from app.kernel.runtime import Runtime
from tests.builders import a_parcel, a_shop, an_order
from tests.jobs.line import run_until_quiet


class Asked:
    """A carrier that remembers what it was asked and refuses some of it."""

    default_url = ""
    credential_names = ("key",)
    max_numbers = 1

    def __init__(self, slug: str, refused: dict[str, Exception]) -> None:
        self.slug, self.aliases, self.refused = slug, frozenset({slug}), refused
        self.numbers: list[str] = []

    def scans(self, _access: CarrierAccess, _http: Http, tracking_numbers: Sequence[str]) -> tuple[ScanFact, ...]:
        (number,) = tracking_numbers
        self.numbers.append(number)
        if number in self.refused:
            raise self.refused[number]
        return ()


def a_shop_that_sends_with(runtime: Runtime, *carriers: Asked) -> ShopFacts:
    """Two parcels with each: "<slug>1" and "<slug>2"."""
    shop = a_shop(runtime.db)
    with runtime.db.transaction(shop.id) as session:
        for carrier in carriers:
            for number in (f"{carrier.slug}1", f"{carrier.slug}2"):
                told = [an_order(number), a_parcel(number, number=number, carrier=carrier.slug)]
                apply(session, shop, told, Source.WEBHOOK)
            access = orjson.dumps({"base_url": "", "secrets": {"key": "k"}}).decode()
            shops.store_secret(session, runtime.keys, shop.id, credential_name(carrier.slug), access)
    return shop


def track(runtime: Runtime, shop: ShopFacts) -> None:
    with runtime.db.transaction(shop.id) as session:
        session.execute(text("UPDATE outbox SET lease_until = NULL WHERE kind = 'track'"))
        outbox.owe_once(session, shop.id, "track", [str(shop.id)])
    run_until_quiet(runtime, shop, "track")


def test_a_carrier_that_refuses_its_keys_does_not_stop_the_others(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = Asked("bad", {"bad1": Permanent("bad_key"), "bad2": Permanent("bad_key")}), Asked("good", {})
    monkeypatch.setattr("app.jobs.track.CARRIERS", {"bad": bad, "good": good})
    track(runtime, a_shop_that_sends_with(runtime, bad, good))
    assert good.numbers == ["good1", "good2"]
    with runtime.db.house() as session:
        assert session.scalar(text("SELECT last_error FROM outbox WHERE parked_at IS NOT NULL")) == "bad_key"


def test_a_number_that_always_fails_goes_to_the_back(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = Asked("slow", {"slow1": Transient("store_down")})
    monkeypatch.setattr("app.jobs.track.CARRIERS", {"slow": carrier})
    shop = a_shop_that_sends_with(runtime, carrier)
    for _ in range(2):
        track(runtime, shop)
    assert carrier.numbers[:3] == ["slow1", "slow2", "slow1"]


class Slow(Asked):
    """Takes longer for a number than a run may last."""

    def scans(self, _access: CarrierAccess, _http: Http, tracking_numbers: Sequence[str]) -> tuple[ScanFact, ...]:
        time.sleep(0.3)
        return super().scans(_access, _http, tracking_numbers)


def test_a_run_ends_in_time_and_the_next_one_goes_on(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    carrier = Slow("slow", {})
    monkeypatch.setattr("app.jobs.track.CARRIERS", {"slow": carrier})
    monkeypatch.setattr("app.jobs.track.SECONDS_A_RUN", 0.2)
    shop = a_shop_that_sends_with(runtime, carrier)
    track(runtime, shop)
    assert carrier.numbers == ["slow1"]
    track(runtime, shop)
    assert carrier.numbers == ["slow1", "slow2"]
