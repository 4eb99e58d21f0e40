"""A store is asked who it is, and a merchant is told what stands in the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.connectors.base import PolicyKind, Profile
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
    "wc/v3/settings/email": say([{"id": "woocommerce_email_from_address", "value": "shop@example.com"}]),
    "wc/v3/settings/advanced": say([{"id": "woocommerce_terms_page_id", "value": ""}]),
    "wp/v2/pages": say([]),
}
"""The last three were not recorded: their fields are those of WC_Settings_Emails, WC_Settings_Advanced and WordPress's handbook."""


def a_ready_store(**changes: bytes) -> Callable[[Asked], bytes]:
    """Recorded answers; a change is named by the end of its path, `index` for the list of APIs, `pages` for the site's pages."""
    names = {"index": "", "pages": "wp/v2/pages"}
    changed = {names.get(name, f"wc/v3/{name.replace('__', '/')}"): said for name, said in changes.items()}
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
        email="shop@example.com",
        languages=("en-US",),
    )
    signed = {asked.path: "oauth_signature" in asked.query for asked in store.asked}
    assert [path for path, is_signed in signed.items() if not is_signed] == ["", "wp/v2/pages"]


def test_pages_that_a_shop_has_published_are_its_policies(http: Http) -> None:
    def says(asked: Asked) -> bytes:
        if asked.query.get("include") == "9":
            return say([{"slug": "agb", "link": "https://shop.example/agb/"}])
        if asked.path == "wp/v2/pages":
            links = {"refund_returns": "https://shop.example/returns/", "privacy-policy": "javascript:alert(1)"}
            return say([{"slug": slug, "link": link} for slug, link in links.items()])
        return a_ready_store(settings__advanced=say([{"id": "woocommerce_terms_page_id", "value": "9"}]))(asked)

    assert probe(http, says).policies == {
        PolicyKind.RETURNS: "https://shop.example/returns/",
        PolicyKind.TERMS: "https://shop.example/agb/",
    }


@pytest.mark.parametrize("refusal", [say({"code": "rest_forbidden"}, 401), say("<h1>No</h1>", 403), answer(b"oops")])
def test_what_a_store_does_not_tell_of_itself_is_left_out(http: Http, refusal: bytes) -> None:
    profile = probe(http, a_ready_store(settings__email=refusal, settings__advanced=refusal, pages=refusal))
    assert (profile.email, profile.policies) == ("", {})


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
