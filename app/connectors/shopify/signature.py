"""How Shopify proves itself: base64 over a webhook's raw bytes, hex over a proxied storefront request.

Sources: shopify.dev/docs/apps/build/webhooks/subscribe/https and .../online-store/app-proxies/authenticate-app-proxies (2026).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime

from app.kernel.crypto import matches_any
from app.kernel.errors import BadSignature

LONGEST_AGE = 90
"""Seconds between Shopify's proxy and us, either way: what Shopify's own libraries allow."""


def check_webhook(body: bytes, signature: str, secrets: Sequence[bytes]) -> None:
    """BadSignature unless one of the secrets signed exactly these bytes."""
    try:
        told = base64.b64decode(signature.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise BadSignature("not base64") from error
    if not matches_any(secrets, body, told):
        raise BadSignature("webhook")


def check_proxy(query: Mapping[str, str], secrets: Sequence[bytes], now: datetime) -> None:
    """BadSignature unless Shopify's proxy signed this query within the last 90 seconds. `query` is decoded, keeps empty values, and
    holds the values of a repeated name joined by commas."""
    message = "".join(f"{name}={value}" for name, value in sorted(query.items()) if name != "signature")
    try:
        told = bytes.fromhex(query.get("signature", ""))
    except ValueError as error:
        raise BadSignature("not hex") from error
    if not matches_any(secrets, message.encode(), told):
        raise BadSignature("proxy")
    timestamp = query.get("timestamp", "")
    if not (timestamp.isascii() and timestamp.isdecimal() and abs(now.timestamp() - int(timestamp)) <= LONGEST_AGE):
        raise BadSignature("stale")
