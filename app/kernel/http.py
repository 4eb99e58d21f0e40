"""The one way out: every HTTP call of the house, with timeouts, a size cap and no way to addresses that are not public."""

from __future__ import annotations

import math
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import urlsplit

import orjson
import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.response import HTTPResponse

from app.kernel.dialling import CONNECT_SECONDS, Dialler, Pools, Resolve, resolve_by_system
from app.kernel.errors import Failure, Permanent, Transient

TOTAL_SECONDS = 60.0
HOSTS_KEPT = 32
CONNECTIONS_KEPT = 16
"""Open connections kept a host: as many as one process has threads."""
CHUNK = 64 * 1024
LONGEST_WAIT = 24 * 3600.0
"""More than this a Retry-After is not believed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back, whatever its status. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""

    @property
    def retry_after(self) -> float | None:
        """The wait in seconds that the other side asks for, at most a day; None where it names none that makes sense.
        A date is measured from the answer's own Date, so a wrong clock on either side does no harm (RFC 9110, 10.2.3)."""
        said = self.headers.get("retry-after", "")
        try:
            wait = float(said)
        except ValueError:
            wait = _seconds_between(self.headers.get("date", ""), said)
        return min(wait, LONGEST_WAIT) if wait >= 0 else None


def json_body(answer: Answer) -> Any:  # noqa: ANN401 (JSON has no one type)
    """The answer's JSON. `Transient("not_json")` for anything else: a bot wall, a maintenance page, half a document."""
    try:
        return orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        raise Transient("not_json") from error


class Http:
    """Speaks HTTP for the whole house. It never follows redirects and never retries: its callers know what may be repeated.
    It keeps no cookies and reads no proxy or .netrc from the environment. Threads may share it.

    `total_timeout` bounds one answer in seconds, however it drips. `ca_file` is trusted instead of the public authorities.
    """

    def __init__(
        self,
        *,
        allow_private_addresses: bool = False,
        total_timeout: float = TOTAL_SECONDS,
        resolve: Resolve = resolve_by_system,
        ca_file: str | None = None,
    ) -> None:
        # An adapter without its Session: what a session adds (cookies, redirects, proxies, .netrc) is what we do without.
        self._adapter = _Adapter(Dialler(resolve, allow_private_addresses=allow_private_addresses), total_timeout)
        self._trusted = ca_file or True

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        read_timeout: float = 30.0,
        max_bytes: int = 32 * 1024 * 1024,
    ) -> Answer:
        """One request, one answer, any status; `max_bytes` counts the body after decompression.

        `Transient`: "unreachable" (no connection, so nothing was asked), "timed_out" or "cut_off" (it may have been handled:
        whoever writes must look before he repeats). `Permanent`: "forbidden_address" for a host that is not public or a URL
        that is not plain http(s), "bad_header", "bad_certificate", "answer_too_big".
        """
        request = _prepare(method, url, headers or {}, body)
        timeout = (CONNECT_SECONDS, read_timeout)
        try:
            response = self._adapter.send(request, stream=True, timeout=timeout, verify=self._trusted)
            return _received(response, max_bytes)
        except (requests.RequestException, HTTPError, OSError) as error:
            raise _failure(error) from error


class _Adapter(HTTPAdapter):
    def __init__(self, dialler: Dialler, total_timeout: float) -> None:
        self._dialler, self._total_timeout = dialler, total_timeout
        super().__init__(pool_connections=HOSTS_KEPT, pool_maxsize=CONNECTIONS_KEPT)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **_: object) -> None:
        self.poolmanager = Pools(
            self._dialler, total_timeout=self._total_timeout, hosts=connections, connections=maxsize
        )


# --- asking and reading -----------------------------------------------------------------------------------------------


def _prepare(method: str, url: str, headers: Mapping[str, str], body: bytes) -> requests.PreparedRequest:
    defaults = {"User-Agent": "Encore", "Accept-Encoding": "gzip, deflate"}
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise Permanent("forbidden_address")
        encoded = {name: value.encode("latin-1") for name, value in headers.items()}
        return requests.Request(method, url, headers={**defaults, **encoded}, data=body or None).prepare()
    except (requests.exceptions.InvalidHeader, UnicodeEncodeError) as error:
        raise Permanent("bad_header") from error
    except ValueError as error:  # what urlsplit and requests raise for a URL that cannot be read
        raise Permanent("forbidden_address") from error


def _received(response: requests.Response, max_bytes: int) -> Answer:
    stream = cast("HTTPResponse", response.raw)
    try:
        body = bytearray()
        for chunk in stream.stream(CHUNK, decode_content=True):
            body += chunk
            if len(body) > max_bytes:
                raise Permanent("answer_too_big")
        stream.release_conn()
    finally:
        stream.close()  # does nothing to a connection that has gone back to its pool
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(status=response.status_code, headers=headers, body=bytes(body))


def _failure(error: Exception) -> Failure:
    causes = list(_chain(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return Permanent("bad_certificate")
    if any(isinstance(cause, TimeoutError) for cause in causes):
        return Transient("timed_out")
    return Transient("cut_off")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__context__


def _seconds_between(start: str, end: str) -> float:
    """Between two HTTP dates; NaN where one of them is none."""
    try:
        return (parsedate_to_datetime(end) - parsedate_to_datetime(start)).total_seconds()
    except (ValueError, TypeError):
        return math.nan
