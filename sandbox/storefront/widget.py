"""What puts Encore's tracking widget into an order's page: the markup that a theme block or a plugin's shortcode prints.

The element fetches its content by script; without script, or when Encore does not answer, the link inside stays.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode

from markupsafe import Markup

from app.kernel.crypto import hmac_sha256
from sandbox.world import Order

VALID_SECONDS = 24 * 60 * 60

Widget = Callable[[Order], Markup]
"""What stands in the page of an order; empty when Encore is not connected."""


@dataclass(frozen=True, slots=True)
class Pairing:
    """What Encore gave the plugin when the store was connected: the shop's id there and the secret both sign with."""

    shop: str
    secret: bytes


def theme_block(encore_url: str, proxy_prefix: str, label: str) -> Widget:
    """Shopify: the app block of a theme app extension. It asks its own origin; the platform signs and forwards."""
    return lambda order: markup(encore_url, f"{proxy_prefix}/tracking?{urlencode({'order': order.id})}", label)


def shortcode(encore_url: str, pairing: Callable[[], Pairing | None], label: str) -> Widget:
    """WooCommerce: what the plugin's shortcode prints on the order page. The address is signed for this order and a day; real
    time, because the one who checks it lives in it."""

    def widget(order: Order) -> Markup:
        paired = pairing()
        if paired is None:
            return Markup()
        expires = int(time.time()) + VALID_SECONDS
        signature = hmac_sha256(paired.secret, f"{order.id}\n{expires}".encode()).hex()
        query = urlencode({"shop": paired.shop, "order": order.id, "expires": expires, "signature": signature})
        return markup(encore_url, f"{encore_url}/w/woocommerce/tracking?{query}", label)

    return widget


def markup(encore_url: str, source: str, label: str) -> Markup:
    return Markup(
        '<script type="module" src="{}/embed/loader.js"></script>\n'
        '<encore-tracking src="{}"><a href="{}">{}</a></encore-tracking>'
    ).format(encore_url, source, source, label)
