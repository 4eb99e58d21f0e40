"""One store's insides, as its routes and its webhooks need them."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.ledger import Ledger
from sandbox.woocommerce.hooks import Hooks
from sandbox.woocommerce.side import Sides
from sandbox.woocommerce.writing import Writer
from sandbox.world import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    store: Store
    ledger: Ledger
    sides: Sides
    hooks: Hooks
    writer: Writer
