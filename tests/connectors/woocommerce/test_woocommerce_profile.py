"""A store is asked who it is, and a merchant is told what stands in the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.connectors.base import Profile
from app.connectors.woocommerce import CONNECTOR
from app.kernel.errors import Failure, Permanent, Transient
from app.kernel.http import Http
from tests.connectors.woocommerce.recorded import Asked, a_store, body_of, replay, say
from tests.kernel.loopback import answer

READY = {
    "": replay("rest/index"),
    "wc/v3/settings/general": replay("rest/settings-general"),
    "wc/v3/orders": replay("rest/orders-list-fields"),
    "wc/v3/system_status": replay("rest/system-status"),
}


def a_ready_store(**changes: bytes) -> Callable[[Asked], bytes]:
    """Recorded answers; a change is named by the end of its path, `index` for the list of APIs."""
    changed = {"" if name == "index" else f"wc/v3/{name.replace('__', '/')}": said for name, said in changes.items()}
    return lambda asked: {**READY, **changed}[asked.path]


def index(**changes: Any) -> bytes:
    return say({**body_of("rest/index"), **changes})


def probe(http: Http, says: Callable[[Asked], bytes]) -> Profile:
    with a_store(says) as store:
        return CONNECTOR.probe(store.access, http)


def test_a_ready_store_says_who_it_is(http: Http) -> None:
    with a_store(a_ready_store()) as store:
        profile = CONNECTOR.probe(store.access, http)
    assert profile == Profile(
        name="Lab Store",
        domain=store.url.removeprefix("http://"),
        timezone="Europe/Prague",
        currency="EUR",
        language="en-US",
        country="CZ",
    )
    assert "oauth_signature" not in store.asked[0].query
    assert all("oauth_signature" in asked.query for asked in store.asked[1:])


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("de_DE_formal", "de-DE"),
        ("sv_SE", "sv-SE"),
        ("cs_CZ", "cs-CZ"),
        ("zh_TW", "zh-TW"),
        ("de", "de"),
        ("", "en"),
        (5, "en"),
    ],
)
def test_a_locale_becomes_a_language(http: Http, locale: Any, language: str) -> None:
    report = say({"environment": {"language": locale}})
    assert probe(http, a_ready_store(system_status=report)).language == language


@pytest.mark.parametrize("report", [replay("rest/error-no-route"), say({}, 403), say([], 500), say([])])
def test_a_store_that_hides_its_report_speaks_english(http: Http, report: bytes) -> None:
    assert probe(http, a_ready_store(system_status=report)).language == "en"


@pytest.mark.parametrize(
    ("zone", "offset", "told"),
    [
        ("Europe/Berlin", 1, "Europe/Berlin"),
        ("", 1, "Etc/GMT-1"),
        ("", "-8", "Etc/GMT+8"),
        ("", 5.5, "Asia/Kolkata"),
        ("", 0, "UTC"),
        ("", None, "UTC"),
        ("", 99, "UTC"),
        ("Mars/Olympus", 2, "Etc/GMT-2"),
        ("../etc/passwd", 2, "Etc/GMT-2"),
    ],
)
def test_a_time_zone_is_one_that_exists(http: Http, zone: str, offset: Any, told: str) -> None:
    assert probe(http, a_ready_store(index=index(timezone_string=zone, gmt_offset=offset))).timezone == told


def test_a_state_behind_the_country_is_left_off(http: Http) -> None:
    settings = [
        {"id": "woocommerce_default_country", "value": "US:CA"},
        {"id": "woocommerce_currency", "value": "USD"},
    ]
    profile = probe(http, a_ready_store(settings__general=say(settings)))
    assert (profile.country, profile.currency) == ("US", "USD")


@pytest.mark.parametrize(
    ("changes", "kind", "code", "advice"),
    [
        ({"index": answer(b"<html>Not found", "404 Not Found")}, Permanent, "no_rest_api", "Permalinks"),
        ({"index": answer(b"<html>Welcome")}, Permanent, "no_rest_api", "Permalinks"),
        ({"index": say([])}, Permanent, "no_rest_api", "Permalinks"),
        ({"index": index(namespaces=["wp/v2"])}, Permanent, "no_woocommerce", "not active"),
        ({"index": answer(b"", "301 Moved Permanently", "Location: /")}, Permanent, "redirected", "General"),
        ({"index": answer(b"busy", "503 Service Unavailable")}, Transient, "store_down", ""),
        ({"settings__general": replay("rest/error-http-basic")}, Permanent, "keys_refused", "proxy"),
        ({"settings__general": replay("rest/error-bad-secret")}, Permanent, "bad_secret", "Read/Write"),
        ({"settings__general": replay("rest/plain-permalink")}, Permanent, "keys_refused", "Settings > General"),
        ({"settings__general": say([])}, Permanent, "no_currency", "currency"),
        ({"orders": replay("rest/error-write-key-reads")}, Permanent, "key_cannot_read", "Read/Write"),
    ],
)
def test_what_stands_in_the_way_is_told_with_advice(
    http: Http, changes: dict[str, bytes], kind: type[Failure], code: str, advice: str
) -> None:
    with pytest.raises(kind, match=code) as caught:
        probe(http, a_ready_store(**changes))
    assert advice in caught.value.hint
