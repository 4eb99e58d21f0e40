"""Calls to one store's REST API, each with a proof of its own that we hold the keys."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast
from urllib.parse import urlencode

import orjson
from woocommerce.oauth import OAuth

from app.connectors.base import Access
from app.connectors.woocommerce.failures import failure_from
from app.kernel.http import Answer, Http, json_body

API = "wp-json/wc/v3"
Params = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Client:
    """Values of `params` are text: a list is written "1,2,3", for other forms are either refused or cut to their last entry."""

    access: Access
    http: Http

    def get(self, path: str, params: Params | None = None) -> tuple[Any, Answer]:
        """The JSON and the answer it came in, for its headers. Raises `Transient` or `Permanent`."""
        answer = self.ask("GET", path, params)
        failure = failure_from(answer, "GET")
        if failure:
            raise failure
        return json_body(answer), answer

    def write(self, method: str, path: str, body: object = None, params: Params | None = None) -> None:
        """What may be repeated. Raises `Transient` or `Permanent`."""
        failure = failure_from(self.ask(method, path, params, body), method)
        if failure:
            raise failure

    def ask(self, method: str, path: str, params: Params | None = None, body: object = None) -> Answer:
        """One call, any status."""
        url = f"{self.access.base_url}/{API}/{path}"
        if params:
            url = f"{url}?{urlencode(params)}"
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        return self.http.call(
            method,
            self._signed(method, url),
            headers={**headers, **self._basic(url)},
            body=b"" if body is None else orjson.dumps(body),
        )

    def _basic(self, url: str) -> Mapping[str, str]:
        if not url.startswith("https://"):
            return {}
        pair = f"{self.access.secrets['consumer_key']}:{self.access.secrets['consumer_secret']}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    def _signed(self, method: str, url: str) -> str:
        """Without https WooCommerce takes nothing but a query signed by OAuth 1.0a, each once: its nonce is remembered. The
        package signs a "/" in a value otherwise than PHP does, so none may stand in `params`."""
        if url.startswith("https://"):
            return url
        keys = self.access.secrets
        signer = cast("Any", OAuth)(
            url=url,
            consumer_key=keys["consumer_key"],
            consumer_secret=keys["consumer_secret"],
            version="wc/v3",
            method=method,
        )
        return cast("str", signer.get_oauth_url())


def answered_at(answer: Answer) -> datetime | None:
    """The store's clock as it answered. RFC 9110 demands the header of every server; None where a proxy eats it."""
    try:
        told = parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)
