"""Shopify: webhooks, the Admin API by GraphQL, the app proxy."""

from app.connectors.shopify.connector import CONNECTOR

__all__ = ["CONNECTOR"]
