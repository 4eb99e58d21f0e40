"""Who has an account at the store. The store cannot tell which accounts changed since a moment: they are always read whole."""

from __future__ import annotations

from app.connectors.woocommerce.client import Client
from app.connectors.woocommerce.paging import Source
from app.connectors.woocommerce.reading import Record, email, moment, needed, plain, record, ref, text
from app.events import CustomerFact

FIELDS = (
    "id",
    "date_created_gmt",
    "date_modified_gmt",
    "email",
    "first_name",
    "last_name",
    "role",
    "billing",
    "shipping",
)
STAFF = frozenset({"administrator", "shop_manager", "editor", "author", "contributor"})
"""Roles that work at the site. Any other is a shopper's, for plugins make more of those ("wholesale_customer")."""


def is_staff(customer: Record) -> bool:
    return text(customer.get("role")) in STAFF


def customer_from(customer: Record) -> CustomerFact:
    """An account that was never edited has no moment of change but its creation. WooCommerce keeps no language of a customer.
    `Permanent("unreadable_customer")` without id or any moment."""
    billing, shipping = record(customer.get("billing")), record(customer.get("shipping"))
    created_at = moment(customer.get("date_created_gmt"))
    updated_at = moment(customer.get("date_modified_gmt")) or created_at
    country = (text(billing.get("country")) or text(shipping.get("country"))).upper()
    return CustomerFact(
        ref=needed("unreadable_customer", "id", ref(customer.get("id"))),
        updated_at=needed("unreadable_customer", "date_modified_gmt", updated_at),
        created_at=created_at,
        email=email(customer.get("email")) or email(billing.get("email")),
        phone=text(billing.get("phone")) or text(shipping.get("phone")) or None,
        first_name=plain(customer.get("first_name")) or plain(billing.get("first_name")) or None,
        last_name=plain(customer.get("last_name")) or plain(billing.get("last_name")) or None,
        country=country if len(country) == 2 else "",
    )


def facts_of(_client: Client, customer: Record) -> tuple[CustomerFact, ...]:
    return () if is_staff(customer) else (customer_from(customer),)


SOURCE = Source(path="customers", fields=FIELDS, facts=facts_of, tells_changes=False, query=(("role", "all"),))
