"""What holds for every answer: headers, errors without a trace, health."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest

from app.kernel import logging as json_logging
from app.kernel.db import Database
from app.web.assets import STATIC, version_of
from app.web.headers import origin_of
from tests.builders import an_order
from tests.web.staging import House

HTTPS = "https://encore.example"


def nowhere() -> Database:
    return Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing", pool_size=1)


def test_a_process_lives_without_database_and_valkey_but_is_ready_only_with_a_database(
    house: House, build: Callable[..., House]
) -> None:
    assert house.client().get("/healthz").data == b"ok"
    assert house.client().get("/readyz").data == b"ok"
    apart = build(nowhere()).client()
    assert apart.get("/healthz").status_code == 200
    assert apart.get("/readyz").status_code == 503


def test_a_page_without_a_database_asks_to_come_again(house: House, build: Callable[..., House]) -> None:
    shop = house.shop()
    house.tell(shop, an_order())
    answer = build(nowhere()).client().get(house.track(shop))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert "It tries again by itself" in answer.get_data(as_text=True)
    assert answer.headers["Refresh"] == "30"


@pytest.mark.parametrize("public_url", ["http://encore.example", HTTPS])
def test_every_answer_carries_the_headers_that_protect_it(build: Callable[..., House], public_url: str) -> None:
    house = build(public_url=public_url)
    shop = house.shop()
    house.tell(shop, an_order())
    client = house.merchant(shop)
    for path in (
        "/console",
        house.track(shop),
        "/t/nothing",
        "/nothing",
        "/healthz",
        "/embed/loader.js",
        "/static/tokens.css",
    ):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Referrer-Policy"] == "no-referrer", path
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path
        assert "unsafe" not in headers["Content-Security-Policy"], path
        assert ("Strict-Transport-Security" in headers) == (public_url == HTTPS), path
        assert headers["X-Request-Id"], path
    assert client.get("/console").headers["Cache-Control"] == "no-store"


def test_a_static_file_with_its_version_in_the_address_may_be_kept(house: House) -> None:
    client = house.client()
    version = version_of((STATIC / "tokens.css").read_bytes())
    assert "max-age=31536000" in client.get(f"/static/tokens.css?v={version}").headers["Cache-Control"]
    assert "max-age=300" in client.get("/static/tokens.css?v=old").headers["Cache-Control"]
    assert client.get("/static/..%2f..%2fpyproject.toml").status_code == 404
    assert {path.name for path in STATIC.iterdir()} >= {
        "loader.js",
        "tokens.css",
        "console.css",
        "page.css",
        "icon.svg",
    }


def test_a_bug_is_answered_with_an_id_and_logged_without_the_address(house: House) -> None:
    def broken() -> Any:
        raise RuntimeError("anna@example.com")

    house.app.add_url_rule("/t/<token>/broken", "broken", lambda token: broken())
    stream = StringIO()
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    json_logging.configure(stream)
    try:
        answer = house.client().get("/t/the-key-of-somebody/broken")
    finally:
        root.handlers[:], root.level = before
    (line,) = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert answer.status_code == 500
    assert answer.headers["X-Request-Id"] == line["request"]
    assert line["request"] in answer.get_data(as_text=True)
    for secret in ("the-key-of-somebody", "anna@example.com", "RuntimeError"):
        assert secret not in answer.get_data(as_text=True)
    assert "the-key-of-somebody" not in stream.getvalue()
    assert "anna@example.com" not in stream.getvalue()
    assert (line["message"], line["page"]) == ("page failed", "broken")


def test_a_method_that_a_page_does_not_know_says_which_it_does(house: House) -> None:
    answer = house.client().post("/healthz")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("host", ["x" * 5_000, "a..b", "", "a b"])
def test_a_host_that_is_none_is_a_request_that_is_none(house: House, host: str) -> None:
    for path in ("/console", "/t/nothing", "/static/tokens.css"):
        assert house.client().get(path, headers={"Host": host}).status_code < 500


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://Shop.Example:443/pfad", "https://shop.example"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://růže.example", "https://xn--re-sua4d.example"),
        ("https://user:key@shop.example/", "https://shop.example"),
        ("http://[::1]:80", "http://[::1]"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(address: str, origin: str) -> None:
    """It stands in headers, which hold ASCII and nothing else."""
    assert origin_of(address) == origin
