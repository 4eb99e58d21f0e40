"""A request to the REST API, its answer, and the routes that turn the one into the other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.things import Order
from sandbox.woocommerce.errors import invalid_id
from sandbox.woocommerce.listing import Slice
from sandbox.woocommerce.parameters import Check
from sandbox.woocommerce.site import Site
from sandbox.woocommerce.views import Views


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, its parameters checked. `ids` are the numbers in the path, in order; `words` are unchecked query values."""

    site: Site
    views: Views
    ids: Sequence[int] = ()
    values: Mapping[str, object] = field(default_factory=dict[str, object])
    words: Mapping[str, str] = field(default_factory=dict[str, str])
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def is_forced(self) -> bool:
        return self.words.get("force", "").lower() in ("true", "1")

    def order(self) -> Order:
        order = self.site.store.orders.get(self.ids[0])
        if order is None:
            raise invalid_id("shop_order")
        return order

    def remember(self, kind: str, order: Order, key: str = "", amount: int = 0) -> None:
        """In the ledger. Without a key of the app's own, the same body for the same order is the same effect."""
        same = hashlib.sha256(repr(sorted(self.body.items())).encode()).hexdigest()[:16]
        self.site.ledger.happened(self.site.store, kind, key or same, str(order.id), amount)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """`location` is a path under wc/v3, for what was created; `paging` turns into the X-WP headers and Link."""

    body: object
    status: int = 200
    location: str = ""
    paging: Slice | None = None


Handler = Callable[[Call], Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """`allow` is what the Allow header lists. `is_list` tells what a stranger is refused with."""

    path: str
    allow: str
    handlers: Mapping[str, Handler]
    is_list: bool = False
    query: Mapping[str, Check] = field(default_factory=dict[str, Check])
    body: Mapping[str, Check] = field(default_factory=dict[str, Check])


BOTH, ALL, ID = "GET, POST", "GET, POST, PUT, PATCH, DELETE", r"(\d+)"


def single(path: str, get: Handler, update: Handler, delete: Handler, body: Mapping[str, Check] | None = None) -> Route:
    """The route of a single thing."""
    handlers = {"GET": get, "POST": update, "PUT": update, "PATCH": update, "DELETE": delete}
    return Route(path=path, allow=ALL, handlers=handlers, body=body or {})
