"""What a real store once sent (tests/recordings/woocommerce), and a store on this machine that sends it again."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson

from app.connectors.base import Access, Inbound
from app.kernel.http import Answer
from tests.kernel.loopback import answer, serving

FOLDER = Path(__file__).parents[2] / "recordings" / "woocommerce"
DELIVERIES = sorted(path.stem for path in (FOLDER / "webhooks").glob("*.json") if path.stem != "ping")
ORDER_DELIVERIES = [name for name in DELIVERIES if name.startswith("order.") and "without-rights" not in name]
SECRET = b"lab-secret-1"
KEYS = {"consumer_key": "ck_test", "consumer_secret": "cs_test", "webhook_secret": "kept"}


def recording(name: str) -> Any:
    return orjson.loads((FOLDER / f"{name}.json").read_bytes())


def body_of(name: str) -> Any:
    """The JSON of a recorded answer."""
    return recording(name)["response"]["body"]


def delivery(name: str, path: str = "pub1ic") -> Inbound:
    """A recorded delivery as the web hands it on: raw bytes, header names in lower case."""
    request = recording(f"webhooks/{name}")["request"]
    headers = {header.lower(): value for header, value in request["headers"]}
    return Inbound(body=base64.b64decode(request["body_base64"]), headers=headers, path=path)


def delivered(name: str) -> Any:
    """The JSON of a recorded delivery."""
    return orjson.loads(delivery(name).body)


def answered(name: str) -> Answer:
    response = recording(name)["response"]
    headers = {header.lower(): value for header, value in response["headers"].items()}
    return Answer(status=response["status"], headers=headers, body=orjson.dumps(response["body"]))


def replay(name: str, *headers: str) -> bytes:
    """A recorded answer, ready to be sent; without what belonged to its connection."""
    response = recording(name)["response"]
    kept = [f"{header}: {value}" for header, value in response["headers"].items() if header.startswith("X-WP-")]
    return say(response["body"], response["status"], *kept, *headers)


def say(body: object, status: int = 200, *headers: str) -> bytes:
    return answer(orjson.dumps(body), f"{status} {HTTPStatus(status).phrase}", *headers)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that came in. `path` is what stands after /wp-json/."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any

    @classmethod
    def read(cls, request: bytes) -> Asked:
        head, _, body = request.partition(b"\r\n\r\n")
        first, *rows = head.decode().split("\r\n")
        method, target, _ = first.split(" ")
        parts = urlsplit(target)
        return cls(
            method=method,
            path=parts.path.removeprefix("/wp-json/"),
            query={name: ",".join(values) for name, values in parse_qs(parts.query, keep_blank_values=True).items()},
            headers={name.lower(): value for name, _, value in (row.partition(": ") for row in rows)},
            body=orjson.loads(body) if body else None,
        )


@dataclass(slots=True)
class Store:
    """Where the store is, and what it was asked."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list[Asked])

    @property
    def access(self) -> Access:
        return Access(base_url=self.url, secrets=KEYS)

    @property
    def calls(self) -> list[str]:
        return [f"{asked.method} {asked.path}" for asked in self.asked]


@contextlib.contextmanager
def a_store(says: Callable[[Asked], bytes]) -> Iterator[Store]:
    """A store that answers each request with what `says` makes of it."""
    store = Store()

    def serve(request: bytes) -> Iterator[bytes]:
        asked = Asked.read(request)
        store.asked.append(asked)
        yield says(asked)

    with serving(serve) as loopback:
        store.url = loopback.url.rstrip("/")
        yield store
