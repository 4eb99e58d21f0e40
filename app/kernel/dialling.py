"""Connections that go only where they may and end when they must: what kernel/http.py stands on, and nobody else."""

from __future__ import annotations

import functools
import io
import socket
import time
from collections.abc import Callable, Sequence
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, cast

from urllib3 import HTTPConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from app.kernel.addresses import is_public
from app.kernel.errors import Permanent, Transient

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Resolve = Callable[[str, int], Sequence[str]]
"""Host and port to numeric addresses, best first; OSError where there are none."""

CONNECT_SECONDS = 3.0
ADDRESSES_TRIED = 4


def resolve_by_system(host: str, port: int) -> list[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Dialler:
    """Resolves a name once and connects to exactly the addresses that it checked, so a name that changes its mind between
    check and use (DNS rebinding) gains nothing. Certificates are still checked against the name."""

    def __init__(self, resolve: Resolve, *, allow_private_addresses: bool) -> None:
        self._resolve = resolve
        self._allow_private_addresses = allow_private_addresses

    def dial(self, host: str, port: int) -> socket.socket:
        addresses = self._checked(host, port)[:ADDRESSES_TRIED]
        until = time.monotonic() + CONNECT_SECONDS
        for position, address in enumerate(addresses, start=1):
            # An address that never answers must leave time for the next one.
            left = (until - time.monotonic()) / (1 if position == len(addresses) else 2)
            try:
                line = socket.create_connection((address, port), timeout=max(left, 0.05))
            except OSError:
                continue
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line.settimeout(CONNECT_SECONDS)
            return line
        raise Transient("unreachable")

    def _checked(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise Transient("unreachable") from error
        if not self._allow_private_addresses and not all(is_public(address) for address in addresses):
            raise Permanent("forbidden_address")
        return addresses


class Pools(PoolManager):
    """Kept connections a host. Each is opened by `dialler`, and each answer on it must end within `total_timeout` seconds."""

    def __init__(self, dialler: Dialler, *, total_timeout: float, hosts: int, connections: int) -> None:
        super().__init__(hosts, maxsize=connections)
        self._settings = {"dialler": dialler, "total_timeout": total_timeout}

    def _new_pool(
        self, scheme: str, host: str, port: int, request_context: dict[str, Any] | None = None
    ) -> HTTPConnectionPool:
        pool = super()._new_pool(scheme, host, port, request_context)
        kind = _SecureConnection if scheme == "https" else _Connection
        pool.ConnectionCls = cast("Any", functools.partial(kind, **self._settings))
        return pool


class _Connection(HTTPConnection):
    def __init__(self, *, dialler: Dialler, total_timeout: float, **known: Any) -> None:  # noqa: ANN401 (urllib3's own)
        super().__init__(**known)
        self._dialler = dialler
        self.response_class = cast("type[HTTPResponse]", functools.partial(_TimedResponse, total_timeout))

    def _new_conn(self) -> socket.socket:
        return self._dialler.dial(self._dns_host, self.port)

    def putrequest(self, method: str, url: str, skip_host: bool = False, skip_accept_encoding: bool = False) -> None:
        if self.sock is not None:  # kept from an earlier answer, which left what remained of its own time
            self.sock.settimeout(CONNECT_SECONDS)
        super().putrequest(method, url, skip_host, skip_accept_encoding)


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _TimedResponse(HTTPResponse):
    def __init__(
        self, total_timeout: float, sock: socket.socket, debuglevel: int = 0, method: str | None = None
    ) -> None:
        super().__init__(sock, debuglevel, method)
        self._reader = _TimedReader(self.fp.detach(), sock, total_timeout)
        self.fp = io.BufferedReader(self._reader)

    def begin(self) -> None:
        super().begin()
        self._reader.is_in_head = False


class _TimedReader(io.RawIOBase):
    """Reads from a socket until a deadline: a time-out for each read alone lets an answer drip for ever. A head that ends
    early is an error: the standard library takes half a head for a whole one, and a lost answer would look like success."""

    def __init__(self, source: io.RawIOBase, line: socket.socket, total_timeout: float) -> None:
        self._source, self._line = source, line
        self._idle = line.gettimeout() or total_timeout
        self._until = time.monotonic() + total_timeout
        self.is_in_head = True

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._line.settimeout(min(left, self._idle))
        count = self._source.readinto(buffer)
        if count == 0 and self.is_in_head:
            raise ConnectionAbortedError
        return count

    def close(self) -> None:
        self._source.close()
        super().close()
