"""The seam to a platform: bytes and answers in, facts out. A connector holds no state and never sees database, Flask or RQ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from app.events import Done, EffectKind, Fact, Intent, Resource
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
    """What to pull of a resource: single things (`refs`), or everything changed since a moment (None: from the beginning), page by
    page. A platform that cannot tell what changed gives everything.

    `cursor` is the connector's own word, empty for the first page.
    """

    resource: Resource = Resource.ORDERS
    changed_since: datetime | None = None
    cursor: str = ""
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of facts. `cursor` is empty on the last one; `total` is the platform's count of what was asked for, where it tells.
    `answered_at` is the store's own clock when it answered, None where it does not say. An asked ref that the platform no longer
    has comes back as `Gone`.
    """

    facts: tuple[Fact, ...]
    cursor: str = ""
    total: int | None = None
    answered_at: datetime | None = None


class PolicyKind(StrEnum):
    RETURNS = "returns"
    SHIPPING = "shipping"
    PRIVACY = "privacy"
    TERMS = "terms"
    IMPRINT = "imprint"
    CONTACT = "contact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A store's own settings. `language` is the main one and `languages` all that it sells in, BCP 47; `timezone` is an IANA name,
    `currency` ISO 4217, `policies` the addresses of the pages where the shop states its terms, `email` where it is reached."""

    name: str
    domain: str
    timezone: str
    currency: str
    language: str
    country: str = ""
    email: str = ""
    languages: tuple[str, ...] = ()
    policies: Mapping[PolicyKind, str] = field(default_factory=dict[PolicyKind, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """What making sure of a store's webhooks came to: topics that were in order, that had to be made or mended, and
    subscriptions that were taken away because they were doubled or old."""

    in_order: int
    mended: int
    removed: int


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
    resources: tuple[Resource, ...]
    """What can be pulled, in the order of a first import."""
    effects: frozenset[EffectKind]
    """What `write` can do."""
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

    def subscribe(self, access: Access, http: Http, callback_url: str) -> Subscribed:
        """Make the store send its webhooks to `callback_url`, signed with `access.secrets["webhook_secret"]` where the platform
        lets us choose; safe to repeat."""
        ...

    def pull(self, access: Access, http: Http, ask: Ask) -> Page:
        """One page of a resource: orders with their shipments, refunds and what a platform says of scans; products with their
        variants; customers; discounts."""
        ...

    def existing(self, access: Access, http: Http, resource: Resource, refs: Sequence[str]) -> frozenset[str]:
        """Those of these things (at most 100) that the store still shows, with one cheap question. One that is not among them may
        be hidden for another reason: pull it before it counts as gone."""
        ...

    def write(self, access: Access, http: Http, intent: Intent) -> Done:
        """Do what is asked, once for each `key`: what an earlier attempt has done is found and told again. `Transient` when
        nothing was done, `Uncertain` when nobody can know yet, `Permanent` when the platform refuses."""
        ...

    def find(self, access: Access, http: Http, intent: Intent) -> Done | None:
        """Whether what was asked has been done, by looking; None when it has not. Never writes."""
        ...
