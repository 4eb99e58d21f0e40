"""Who is speaking: the store for a delivery, a shopper for a block on the storefront. Pure, in constant time."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from app.connectors.base import Inbound, Visitor
from app.kernel.crypto import matches_any
from app.kernel.errors import BadSignature

HEADER = "x-wc-webhook-signature"
DIGITS = re.compile(r"[0-9]{1,19}")
BLOCK = re.compile(rb"[0-9]{1,19}\n[0-9]{1,19}")
"""What is signed for a shopper's page with the same secret. He can read that signature, and it must not make him the store."""
HEX_SHA256 = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)


def verify_delivery(inbound: Inbound, secrets: Sequence[bytes]) -> None:
    """The header holds base64(HMAC-SHA256(body)), over the bytes as they came: the JSON has its own way of escaping.
    https://developer.woocommerce.com/docs/webhooks/ (WC_Webhook::generate_signature)"""
    try:
        signature = base64.b64decode(inbound.headers.get(HEADER, ""), validate=True)
    except (binascii.Error, ValueError):
        raise BadSignature("not base64") from None
    if not matches_any(secrets, inbound.body, signature) or BLOCK.fullmatch(inbound.body):
        raise BadSignature("delivery")


def visitor_from(query: Mapping[str, str], secrets: Sequence[bytes], now: datetime) -> Visitor:
    """The plugin signs "order\\nexpires" in hex for the page that shows the order to its buyer. `BadSignature` when it did not, or
    when that was too long ago."""
    order, expires, signature = (query.get(name, "") for name in ("order", "expires", "signature"))
    if not (DIGITS.fullmatch(order) and DIGITS.fullmatch(expires) and HEX_SHA256.fullmatch(signature)):
        raise BadSignature("storefront")
    if not matches_any(secrets, f"{order}\n{expires}".encode(), bytes.fromhex(signature)):
        raise BadSignature("storefront")
    if int(expires) < now.timestamp():
        raise BadSignature("expired")
    return Visitor(order_ref=order)
