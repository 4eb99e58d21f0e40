"""The same application under the server that production uses: what a test client cannot show."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from sqlalchemy import text

from app.domain.shops.rules import ShopFacts
from app.web.ingest import MOST_BYTES
from tests.web.staging import House, delivery

ROOT = Path(__file__).parents[2]


@pytest.fixture
def port(house: House, tmp_path: Path) -> Iterator[int]:
    """Of a web process as in Procfile, over the same database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    url = house.runtime.db.engine.url.render_as_string(hide_password=False).replace("postgresql+psycopg", "postgres")
    environ = {
        **os.environ,
        "DATABASE_URL": url,
        "REDIS_URL": "redis://127.0.0.1:1",
        "PUBLIC_URL": "http://encore.example",
        "SECRET_KEYS": "t1:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
    }
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "app.main:create_application"]
    command += ["--host", "127.0.0.1", "--port", str(free), "--workers", "1", "--blocking-threads", "16"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait(free)
        yield free
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _wait(port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with contextlib.suppress(OSError):
            if ask(port, "GET", "/readyz") == 200:
                return
        time.sleep(0.1)
    raise AssertionError("the web process did not come up")


def ask(
    port: int, method: str, path: str, body: bytes | Iterator[bytes] = b"", headers: dict[str, str] | None = None
) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the answer may come before all is sent
            connection.request(method, path, body, headers or {}, encode_chunked=not isinstance(body, bytes))
        return connection.getresponse().status
    finally:
        connection.close()


def kept(house: House, shop: ShopFacts) -> list[int]:
    with house.runtime.db.transaction(shop.id) as session:
        return list(session.scalars(text("SELECT octet_length(body) FROM inbox ORDER BY id")))


def test_deliveries_of_every_size_and_shape_are_answered_as_they_should_be(house: House, port: int) -> None:
    shop = house.shop()
    path = f"/hooks/woocommerce/{shop.public_id}"
    big, too_big = b"x" * MOST_BYTES, b"x" * (MOST_BYTES + 1)
    assert ask(port, "POST", path, b"{}", delivery(b"{}")) == 200
    assert ask(port, "POST", path, iter([b"{", b" }"]), delivery(b"{ }")) == 200
    assert ask(port, "POST", path, big, delivery(big)) == 200
    assert ask(port, "POST", path, too_big, delivery(too_big)) == 413
    assert ask(port, "POST", path, iter([too_big]), delivery(too_big)) == 413
    assert ask(port, "POST", path, b"{}", delivery(b"{}", secret="wrong")) == 401
    assert ask(port, "POST", "/hooks/woocommerce/nobody", b"{}", delivery(b"{}")) == 404
    assert kept(house, shop) == [2, 3, MOST_BYTES]


def test_a_sender_that_hangs_up_in_the_middle_leaves_nothing_and_hurts_nobody(house: House, port: int) -> None:
    shop = house.shop()
    path = f"/hooks/woocommerce/{shop.public_id}"
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            head = "".join(f"{name}: {value}\r\n" for name, value in delivery(b"{}").items())
            connection.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n{head}\r\n{{".encode())
    assert ask(port, "POST", path, b"{}", delivery(b"{}")) == 200
    assert kept(house, shop) == [2]


def test_headers_that_are_no_text_are_refused_by_somebody_and_never_a_failure(house: House, port: int) -> None:
    shop = house.shop()
    for value in (b"a\x00b", b"\xff\xfe", "é".encode()):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
            path = f"/hooks/woocommerce/{shop.public_id}".encode()
            connection.sendall(
                b"POST "
                + path
                + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nX-WC-Webhook-Topic: "
                + value
                + b"\r\nX-WC-Webhook-ID: 3\r\nX-WC-Webhook-Delivery-ID: d\r\n\r\n{}"
            )
            status = int(connection.recv(1_000).split()[1])
        assert 400 <= status < 500
    assert kept(house, shop) == []


def test_a_page_and_its_files_come_through(port: int) -> None:
    assert [ask(port, "GET", path) for path in ("/healthz", "/embed/loader.js", "/t/nothing", "/nothing")] == [
        200,
        200,
        404,
        404,
    ]
    assert ask(port, "HEAD", "/healthz") == 200
