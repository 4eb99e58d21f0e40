"""No spelling of a private address gets a connection: a listener on this machine hears nothing."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

import pytest

from app.kernel.addresses import is_public
from app.kernel.dialling import resolve_by_system
from app.kernel.errors import Failure, Permanent
from app.kernel.http import Http
from tests.kernel.loopback import answer, serving

PRIVATE = (
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254"),  # noqa: S104
    *("169.254.169.254", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1"),
    *("198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("168.63.129.16", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1"),
    *("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "100::1", "2001::1", "2001:10::1", "2001:db8::1"),
    *("2002:7f00:1::", "2002:a00:1::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%lo"),
    *("fec0::1", "ff02::1", "ff0e::1", "4000::1"),
)

PUBLIC = (
    *("1.1.1.1", "8.8.8.8", "93.184.215.14", "23.227.38.65", "172.32.0.1", "100.128.0.1"),
    *("2606:4700:4700::1111", "2a00:1450:4001:800::200e", "::ffff:8.8.8.8", "64:ff9b::808:808"),
)

SPELLINGS = (
    *(
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "127.0.1",
        "127.8.8.8",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0x7F.0x0.0x0.0x1",
    ),
    *("0177.0.0.1", "0177.1", "017700000001", "0", "0.0.0.0", "00", "0x0", "localhost", "LOCALHOST", "localhost."),  # noqa: S104
    *("%31%32%37.0.0.1", "127.0.0.1%00", "①②⑦.⓪.⓪.①", "127。0。0。1", "１２７.0.0.1", "127.0.0.01"),
    *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::0001]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]"),
    *("[::1%25lo]", "[::1%lo]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1%25lo]", "[::ffff:0:127.0.0.1]"),
    *("user@127.0.0.1", "user:word@127.0.0.1", "1.1.1.1@127.0.0.1", "1.1.1.1%40@127.0.0.1", ":@localhost"),
    *("1.1.1.1\\@127.0.0.1", "127.0.0.1\t", "127.0.0.1\n", " 127.0.0.1", "[127.0.0.1]"),
)


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_on_the_public_internet_is_known(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_on_the_public_internet_is_known(address: str) -> None:
    assert is_public(address)


@contextlib.contextmanager
def listening() -> Iterator[tuple[int, list[socket.socket]]]:
    """One port on both loopback addresses, and the sockets to look for visitors at."""
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = first.getsockname()[1]
        listeners = [first]
        if socket.has_ipv6:
            with contextlib.suppress(OSError):
                listeners.append(stack.enter_context(socket.create_server(("::1", port), family=socket.AF_INET6)))
        yield port, listeners


def visitors(listeners: list[socket.socket]) -> int:
    count = 0
    for listener in listeners:
        listener.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                listener.accept()[0].close()
                count += 1
    return count


def resolve_to_private(host: str, port: int) -> list[str]:
    """The system's own answer without public addresses, so that no mistake here reaches a stranger's machine."""
    return [address for address in resolve_by_system(host, port) if not is_public(address)]


def test_no_spelling_of_this_machine_gets_a_connection() -> None:
    assert len(set(SPELLINGS)) >= 40
    http = Http(resolve=resolve_to_private)
    with listening() as (port, listeners):
        for host in SPELLINGS:
            for url in (f"http://{host}:{port}/", f"https://{host}:{port}/"):
                with pytest.raises(Failure) as caught:
                    http.call("GET", url)
                assert caught.value.code in ("forbidden_address", "unreachable"), url
        assert visitors(listeners) == 0
        # The listeners do hear those who may come.
        with pytest.raises(Failure):
            Http(allow_private_addresses=True).call("GET", f"http://127.1:{port}/", read_timeout=0.05)
        assert visitors(listeners) == 1


@pytest.mark.parametrize(
    "url",
    [
        *(
            "ftp://8.8.8.8/",
            "file:///etc/passwd",
            "gopher://8.8.8.8/",
            "javascript:alert(1)",
            "//8.8.8.8/",
            "8.8.8.8",
            "",
        ),
        *(
            "http://",
            "http:///path",
            "http://[::1",
            "http://8.8.8.8:99999/",
            "http://8.8.8.8:http/",
            "unix:///run/sock",
        ),
        *("http+unix://%2Frun%2Fsock/", "http://a b.test/", "http://user@8.8.8.8/", "https://:word@8.8.8.8/"),
    ],
)
def test_a_url_that_is_not_plain_http_is_refused(url: str) -> None:
    with pytest.raises(Permanent, match="forbidden_address"):
        Http(resolve=lambda _host, _port: []).call("GET", url)


@pytest.mark.parametrize("addresses", [["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"], ["2a00::1", "::1"]])
def test_one_private_address_among_public_ones_spoils_the_name(addresses: list[str]) -> None:
    with pytest.raises(Permanent, match="forbidden_address"):
        Http(resolve=lambda _host, _port: addresses).call("GET", "http://rebind.test/")


def test_a_name_is_asked_for_once_and_the_connection_goes_to_that_answer() -> None:
    answers = iter([["127.0.0.1"], ["127.0.0.9"]])
    http = Http(allow_private_addresses=True, resolve=lambda _host, _port: next(answers))
    with serving(lambda _: [answer(b"checked")]) as server:
        assert http.call("GET", f"http://rebind.test:{server.port}/").body == b"checked"
    assert next(answers) == ["127.0.0.9"]


def test_a_name_that_changes_its_mind_is_checked_at_every_connection() -> None:
    """Each answer closes its connection, so the second call must resolve again and meet the new address."""
    answers = iter([[], ["127.0.0.1"]])
    http = Http(resolve=lambda _host, _port: next(answers))
    codes: list[str] = []
    for _ in range(2):
        with pytest.raises(Failure) as caught:
            http.call("GET", "http://rebind.test/")
        codes.append(caught.value.code)
    assert codes == ["unreachable", "forbidden_address"]
