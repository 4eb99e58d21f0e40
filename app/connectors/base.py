"""The seam to a platform: bytes and answers in, facts out. A connector holds no state and never sees database, Flask or RQ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from app.events import Fact
from app.kernel.http import Http


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """A request as it came in. Header names are lower case; `path` is what stands after the platform's slug."""

    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a delivery says of itself, before anything of it is believed.

    `shop` is either a shop's public id (it came in the path) or its domain at the platform (it came in a header).
    `event_id` is the platform's own key against duplicates: its event id, or its delivery id where it has no better one.
    """

    shop: str
    topic: str
    event_id: str = ""
    triggered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to reach one store: its base URL without a trailing slash, and the connector's own named secrets."""

    base_url: str
    secrets: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a delivery means. No facts and `ignored` set: known or unknown, but not ours to act on ("unknown_topic")."""

    facts: tuple[Fact, ...] = ()
    ignored: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What to pull: single orders (`refs`), or everything changed since a moment (None: from the beginning), page by page.

    `cursor` is the connector's own word, empty for the first page.
    """

    changed_since: datetime | None = None
    cursor: str = ""
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of facts. `cursor` is empty on the last one; `total` is the platform's count of orders, where it tells.
    An asked ref that the platform no longer has comes back as `OrderGone`.
    """

    facts: tuple[Fact, ...]
    cursor: str = ""
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A store's own settings. `language` is BCP 47, `timezone` an IANA name, `currency` ISO 4217."""

    name: str
    domain: str
    timezone: str
    currency: str
    language: str
    country: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """A shopper whom the platform vouches for: by the order that he proved to hold, or as a customer it logged in."""

    order_ref: str = ""
    customer_ref: str = ""


class Connector(Protocol):
    """One platform. Pure members take values and return values; the others speak through `http` and nothing else.

    Errors: `BadSignature` from verify and authenticate, `Permanent` from parse for a body that means nothing,
    `Transient` or `Permanent` from everything that calls the store.
    """

    slug: str
    title: str
    setting_names: tuple[str, ...]
    """Names of the environment variables that this platform needs on top of the house's own."""
    credential_names: tuple[str, ...]
    """What connecting by hand asks for; stored sealed under these names, given back in `Access.secrets`."""

    def claim(self, inbound: Inbound) -> Claim | None:
        """Pure. None for a request that only tries the address (a ping): it is answered with 200 and kept nowhere.
        `Permanent` when the headers that every real delivery carries are missing."""
        ...

    def secrets(self, settings: Mapping[str, str], stored: Mapping[str, str]) -> tuple[bytes, ...]:
        """Pure. The secrets that may have signed a delivery, newest first: from the app's settings or the shop's own."""
        ...

    def verify(self, inbound: Inbound, secrets: Sequence[bytes]) -> None:
        """Pure, constant time, on the raw bytes; any of the secrets will do."""
        ...

    def parse(self, topic: str, body: bytes) -> Parsed:
        """Pure. Never raises for an unknown topic or word; `Permanent("not_json")` and the like for a useless body."""
        ...

    def authenticate(self, inbound: Inbound, secrets: Sequence[bytes], now: datetime) -> Visitor:
        """Pure. Who is asking for a block on the storefront; the query's `shop` has been looked up already. BadSignature."""
        ...

    def probe(self, access: Access, http: Http) -> Profile:
        """Try the keys and read the store's settings."""
        ...

    def callback_url(self, public_url: str, shop_public_id: str) -> str:
        """Pure. Where this platform's deliveries go: `{public_url}/hooks/<slug>`, with the shop's id behind it where a
        delivery does not name its shop."""
        ...

    def subscribe(self, access: Access, http: Http, callback_url: str) -> None:
        """Make the store send its webhooks to `callback_url`, signed with `access.secrets["webhook_secret"]` where the platform
        lets us choose; safe to repeat."""
        ...

    def pull(self, access: Access, http: Http, ask: Ask) -> Page:
        """One page of orders with their shipments."""
        ...
