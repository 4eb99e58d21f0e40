"""What every part of the sandbox is given to play with."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.faults import Faults
from sandbox.ledger import Ledger
from sandbox.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """`encore_url` is where the app under test is reached, without a trailing slash; empty when there is none.

    `__main__` builds one, gives it to each store's web application (`sandbox.woocommerce.application(stage, store, keys)`,
    `sandbox.shopify.application(stage, store, ...)`), and serves each on its own port. A storefront is added to its store's
    application, so that shop pages and API share one address as they do in life.
    """

    world: World
    ledger: Ledger
    faults: Faults
    encore_url: str = ""
