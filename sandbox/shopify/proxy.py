"""The app proxy: what the storefront asks of `/apps/encore/...` is put to the app, signed, without cookies in either direction.

Source: shopify.dev/docs/apps/build/online-store/app-proxies and .../authenticate-app-proxies. Answers in Liquid, which a real store
renders in its theme, are passed through as they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from urllib.parse import urlencode

import requests
from flask import Request, Response

from app.kernel.crypto import hmac_sha256
from sandbox.shopify.shop import Keys

PREFIX = "/apps/encore"
TIMEOUT = (5.0, 10.0)

STRIPPED = frozenset(
    {
        *("set-cookie", "server", "date", "pragma", "connection", "x-powered-by", "accept-ranges", "warning"),
        "service-worker-allowed",
        *("content-length", "content-encoding", "transfer-encoding", "keep-alive"),  # the answer is packed anew
    }
)
"""What does not come back from the app."""

FORWARDED = ("Accept", "Accept-Language", "Content-Type", "User-Agent", "If-None-Match")

WhoIs = Callable[[Request], str]
"""The id of the customer whom the storefront has logged in, empty for nobody."""


class Proxy:
    """Forwards one request at a time; holds no state but its connections."""

    def __init__(self, encore_url: str, keys: Keys, who_is: WhoIs) -> None:
        self._target = f"{encore_url}/w/shopify"
        self._keys = keys
        self._who_is = who_is

    def forward(self, request: Request, path: str) -> Response:
        """502 when the app does not answer, as the platform shows it."""
        query = [*request.args.items(multi=True), *self._added(request)]
        query.append(("signature", signature(query, self._keys.client_secret)))
        headers = {name: request.headers[name] for name in FORWARDED if name in request.headers}
        headers["X-Forwarded-For"] = request.remote_addr or ""
        headers["X-Forwarded-Host"] = self._keys.domain
        address = f"{self._target}/{path}?{urlencode(query)}"
        try:
            with requests.Session() as http:
                http.trust_env = False
                answer = http.request(
                    request.method, address, headers=headers, data=request.get_data(), timeout=TIMEOUT
                )
        except requests.RequestException:
            return Response("There was an error in the third-party application.", 502, mimetype="text/plain")
        kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in STRIPPED]
        return Response(answer.content, answer.status_code, kept)

    def _added(self, request: Request) -> Iterable[tuple[str, str]]:
        """`timestamp` is real time: the app compares it with its own watch, not with the shop's story."""
        yield "shop", self._keys.domain
        yield "logged_in_customer_id", self._who_is(request)
        yield "path_prefix", PREFIX
        yield "timestamp", str(int(time.time()))


def signature(query: Iterable[tuple[str, str]], secret: str) -> str:
    """Hex HMAC-SHA256 over the decoded parameters: sorted, `name=value` with the values of one name joined by commas, nothing in
    between."""
    values: dict[str, list[str]] = {}
    for name, value in query:
        values.setdefault(name, []).append(value)
    message = "".join(sorted(f"{name}={','.join(given)}" for name, given in values.items()))
    return hmac_sha256(secret.encode(), message.encode()).hex()
