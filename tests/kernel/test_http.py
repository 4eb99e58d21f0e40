"""The way out against a real server on this machine: slow, cut, huge, lying and well-behaved."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest

from app.kernel.errors import Failure, Permanent, Transient
from app.kernel.http import Answer, Http, json_body
from tests.kernel.loopback import Say, answer, serving

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
MEGABYTE = 1024 * 1024


@pytest.fixture
def impatient() -> Http:
    return Http(allow_private_addresses=True, total_timeout=0.6)


def failure(http: Http, *said: Say | None, max_bytes: int = MEGABYTE, read_timeout: float = 5.0) -> str:
    """The code with which a call to a server that says this fails."""
    with serving(lambda _: said) as server, pytest.raises(Failure) as caught:
        http.call("GET", server.url, read_timeout=read_timeout, max_bytes=max_bytes)
    return caught.value.code


def test_an_answer_comes_back_whatever_its_status(http: Http) -> None:
    with serving(lambda _: [answer(b"no", "418 I'm a teapot", "X-Reason: Tea", "Retry-After: 3")]) as server:
        got = http.call("GET", server.url)
    assert (got.status, got.body, got.headers["x-reason"], got.retry_after) == (418, b"no", "Tea", 3.0)


def test_method_headers_and_body_arrive_as_they_were_given(http: Http) -> None:
    with serving(lambda _: [answer()]) as server:
        http.call("POST", server.url + "a?b=c%20d", headers={"X-Key": "s3cret", "user-agent": "Test"}, body=b'{"a":1}')
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /a?b=c%20d HTTP/1.1\r\n")
    assert (b"X-Key: s3cret" in head, head.lower().count(b"user-agent"), b"user-agent: Test" in head) == (True, 1, True)
    assert body == b'{"a":1}'


def test_a_redirect_is_an_answer_and_not_a_journey(http: Http) -> None:
    with (
        serving(lambda _: [answer()]) as elsewhere,
        serving(lambda _: [answer(b"", "302 Found", f"Location: {elsewhere.url}")]) as server,
    ):
        got = http.call("GET", server.url)
        assert (got.status, got.headers["location"], elsewhere.connections) == (302, elsewhere.url, 0)


def test_nothing_is_asked_twice_when_the_answer_is_an_error(http: Http) -> None:
    with serving(lambda _: [answer(b"", "503 Service Unavailable", "Retry-After: 0")]) as server:
        assert http.call("GET", server.url).status == 503
    assert len(server.requests) == 1


def test_cookies_are_not_kept(http: Http) -> None:
    with serving(lambda _: [answer(b"", "200 OK", "Set-Cookie: session=1; Path=/")]) as server:
        http.call("GET", server.url)
        http.call("GET", server.url)
    assert not any(b"cookie" in request.lower() for request in server.requests)


def test_a_proxy_of_the_environment_is_not_used(http: Http, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda _: [answer()]) as proxy, serving(lambda _: [answer()]) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        http.call("GET", server.url)
    assert (proxy.connections, server.connections) == (0, 1)


def test_a_connection_is_used_again(http: Http) -> None:
    with serving(lambda _: [answer(b"1")]) as server:
        for _ in range(5):
            assert http.call("GET", server.url).body == b"1"
    assert (len(server.requests), server.connections) == (5, 1)


def test_a_connection_that_the_server_closed_meanwhile_is_replaced(http: Http) -> None:
    with serving(lambda _: [answer(b"1"), None]) as server:
        for _ in range(3):
            assert http.call("GET", server.url).body == b"1"
            time.sleep(0.05)
    assert server.connections == 3


def test_a_slow_answer_leaves_its_connection_usable(http: Http) -> None:
    with serving(lambda _: [0.1, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nla", 0.1, b"te"]) as server:
        for _ in range(2):
            assert http.call("GET", server.url).body == b"late"
    assert server.connections == 1


def test_threads_share_one_way_out(http: Http) -> None:
    bodies: list[bytes] = []

    def ask(url: str) -> None:
        bodies.extend(http.call("GET", url).body for _ in range(10))

    with serving(lambda _: [answer(b"x" * 5000)]) as server:
        threads = [threading.Thread(target=ask, args=(server.url,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (len(bodies), set(bodies), server.connections <= 8) == (80, {b"x" * 5000}, True)


# --- answers that do not end, or end too early ------------------------------------------------------------------------


def test_a_server_that_hangs_is_left(http: Http) -> None:
    assert failure(http, 1.0, None, read_timeout=0.2) == "timed_out"


@pytest.mark.parametrize(
    "start", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: ", b"HTTP/1.1 200 OK\r\n\r\n", CHUNKED + b"ff\r\n"]
)
def test_an_answer_that_drips_is_left_at_the_total_deadline(impatient: Http, start: bytes) -> None:
    began = time.monotonic()
    assert failure(impatient, start, *[said for _ in range(60) for said in (b"x", 0.05)]) == "timed_out"
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 O",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of i",
        CHUNKED + b"5\r\nhello\r\n",
        CHUNKED + b"ff\r\nhel",
        CHUNKED + b"no number\r\nhello\r\n0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        answer(b"not gzip at all", "200 OK", "Content-Encoding: gzip"),
        b"HTTP/1.1 200 OK\r\n" + b"X-Many: 1\r\n" * 500 + b"\r\n",
    ],
)
def test_a_cut_or_garbled_answer_is_no_answer(http: Http, said: bytes) -> None:
    assert failure(http, said, None) == "cut_off"


def test_nobody_listening_means_that_nothing_was_asked(http: Http) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Transient, match="unreachable"):
        http.call("GET", f"http://127.0.0.1:{port}/")


def test_an_address_that_is_down_leaves_it_to_the_next_one() -> None:
    http = Http(allow_private_addresses=True, resolve=lambda _host, _port: ["127.0.0.9", "127.0.0.1"])
    with serving(lambda _: [answer(b"here")]) as server:
        assert http.call("GET", f"http://shop.test:{server.port}/").body == b"here"


def test_a_name_that_does_not_exist_is_unreachable() -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "not known")

    with pytest.raises(Transient, match="unreachable"):
        Http(resolve=resolve).call("GET", "https://shop.test/")


# --- answers that are too much ----------------------------------------------------------------------------------------


def test_a_body_of_exactly_the_limit_is_taken(http: Http) -> None:
    with serving(lambda _: [answer(b"x" * MEGABYTE)]) as server:
        assert len(http.call("GET", server.url, max_bytes=MEGABYTE).body) == MEGABYTE


def test_a_body_over_the_limit_is_refused(http: Http) -> None:
    assert failure(http, answer(b"x" * (MEGABYTE + 1))) == "answer_too_big"


def test_a_body_without_an_end_is_refused_at_the_limit(http: Http) -> None:
    def endless(_: bytes) -> Iterator[Say]:
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        while True:
            yield b"x" * 65536

    with serving(endless) as server, pytest.raises(Permanent, match="answer_too_big"):
        http.call("GET", server.url, max_bytes=MEGABYTE)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_compressed_bomb_neither_passes_nor_fills_the_memory(http: Http, coding: str) -> None:
    plain = bytes(64 * MEGABYTE)
    bomb = answer(
        gzip.compress(plain) if coding == "gzip" else zlib.compress(plain), "200 OK", f"Content-Encoding: {coding}"
    )
    del plain
    tracemalloc.start()
    try:
        assert failure(http, bomb) == "answer_too_big"
        assert tracemalloc.get_traced_memory()[1] < 8 * MEGABYTE
    finally:
        tracemalloc.stop()


def test_a_compressed_answer_is_read(http: Http) -> None:
    with serving(lambda _: [answer(gzip.compress(b'{"a": 1}'), "200 OK", "Content-Encoding: gzip")]) as server:
        assert json_body(http.call("GET", server.url)) == {"a": 1}


# --- what is asked wrongly --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "schlüssel…", " leading"])
def test_a_header_that_cannot_travel_is_refused(http: Http, value: str) -> None:
    with serving(lambda _: [answer()]) as server, pytest.raises(Permanent, match="bad_header"):
        http.call("GET", server.url, headers={"X-Key": value})
    assert server.connections == 0


# --- reading an answer ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "wait"),
    [
        ("120", 120.0),
        ("2.0", 2.0),
        ("0", 0.0),
        ("Tue, 24 Nov 2026 10:02:00 GMT", 120.0),
        ("Tue, 24 Nov 2026 09:00:00 GMT", None),
        ("99999999", 86400.0),
        ("inf", 86400.0),
        ("-5", None),
        ("nan", None),
        ("soon", None),
        ("", None),
    ],
)
def test_a_wait_is_read_in_seconds_or_as_a_date(said: str, wait: float | None) -> None:
    assert (
        Answer(status=429, headers={"retry-after": said, "date": "Tue, 24 Nov 2026 10:00:00 GMT"}).retry_after == wait
    )


def test_a_date_to_wait_for_needs_a_date_to_count_from() -> None:
    assert Answer(status=429, headers={"retry-after": "Tue, 24 Nov 2026 10:02:00 GMT"}).retry_after is None


@pytest.mark.parametrize("body", [b"", b"<!DOCTYPE html>", b'{"a": [1, 2', b'{"a": NaN}', b"[" * 100_000, b"\xff\xfe"])
def test_what_is_not_json_may_be_json_later(body: bytes) -> None:
    with pytest.raises(Transient, match="not_json"):
        json_body(Answer(status=200, body=body))
