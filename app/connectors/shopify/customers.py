"""Customers of a store's answers. Their webhooks leave out language and tags, so they only say which customer to read."""

from __future__ import annotations

from app.connectors.shopify import words
from app.connectors.shopify.asking import Asker
from app.connectors.shopify.client import Operation
from app.connectors.shopify.reading import moment, needed_key, needed_moment, texts
from app.events import CustomerFact
from app.kernel.reading import Tree, part, text

CUSTOMERS_A_PAGE = 100
"""Some 400 points (see ORDERS_A_PAGE)."""

CUSTOMERS = Operation("customers", "Customers")
CUSTOMERS_BY_IDS = Operation("customers", "CustomersByIds")
CUSTOMERS_COUNT = Operation("customers", "CustomersCount")


def facts_of_customer(_asker: Asker, customer: Tree) -> tuple[CustomerFact]:
    """Personal fields are null for an app that is not approved to see them
    (shopify.dev/docs/apps/launch/protected-customer-data)."""
    fact = CustomerFact(
        ref=needed_key(customer, "id"),
        updated_at=needed_moment(customer, "updatedAt"),
        created_at=moment(customer, "createdAt"),
        email=text(part(customer, "defaultEmailAddress"), "emailAddress") or None,
        phone=text(part(customer, "defaultPhoneNumber"), "phoneNumber") or None,
        first_name=text(customer, "firstName") or None,
        last_name=text(customer, "lastName") or None,
        language=words.language(text(customer, "locale")),
        country=text(part(customer, "defaultAddress"), "countryCodeV2"),
        tags=tuple(texts(customer, "tags")),
    )
    return (fact,)
