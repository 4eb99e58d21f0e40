"""Customers as the REST API shows them."""

from __future__ import annotations

import hashlib

from sandbox.things import Account
from sandbox.woocommerce.orders import address
from sandbox.woocommerce.views import Json, Views


def customer(views: Views, one: Account) -> Json:
    person = one.person
    shown = address(person.address)
    phone = shown.pop("phone")
    face = hashlib.sha256(person.email.encode()).hexdigest()
    return {
        "id": one.id,
        **views.both("created", one.created_at),
        **views.both("modified", one.updated_at),
        "email": person.email,
        "first_name": person.address.first_name,
        "last_name": person.address.last_name,
        "role": "customer",
        "username": person.email.partition("@")[0],
        "billing": {**shown, "email": person.email, "phone": phone},
        "shipping": {**shown, "phone": phone},
        "is_paying_customer": one.orders > 0,
        "avatar_url": f"https://secure.gravatar.com/avatar/{face}?s=96&d=mm&r=g",
        "meta_data": [],
        "_links": views.links(f"customers/{one.id}", "customers"),
    }
