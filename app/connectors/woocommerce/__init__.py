"""WooCommerce: webhooks signed per shop, REST v3 by key, orders with their parcels."""

from app.connectors.woocommerce.connector import CONNECTOR

__all__ = ["CONNECTOR"]
