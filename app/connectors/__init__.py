"""The register of platforms: one folder and one line each."""

from __future__ import annotations

from app.connectors import shopify, woocommerce
from app.connectors.base import Connector

CONNECTORS: dict[str, Connector] = {
    "shopify": shopify.CONNECTOR,
    "woocommerce": woocommerce.CONNECTOR,
}
