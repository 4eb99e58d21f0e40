"""Shopify behind the seam of connectors/base.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.connectors.base import Access, Ask, Claim, Inbound, Page, Parsed, Profile, Subscribed, Visitor
from app.connectors.shopify import deliveries, signature
from app.connectors.shopify.client import Store
from app.connectors.shopify.profile import read_profile
from app.connectors.shopify.pull import LISTINGS, existing, pull_page
from app.connectors.shopify.subscribe import subscribe_all
from app.connectors.shopify.write import find_refund, refund_once
from app.events import Done, EffectKind, Intent, Resource
from app.kernel.http import Http


class Shopify:
    slug = "shopify"
    title = "Shopify"
    setting_names: tuple[str, ...] = ("SHOPIFY_CLIENT_ID", "SHOPIFY_CLIENT_SECRET", "SHOPIFY_CLIENT_SECRET_OLD")
    resources: tuple[Resource, ...] = tuple(LISTINGS)
    effects: frozenset[EffectKind] = frozenset({EffectKind.REFUND})
    credential_names: tuple[str, ...] = ("access_token",)

    def claim(self, inbound: Inbound) -> Claim | None:
        return deliveries.claim_of(inbound)

    def secrets(self, settings: Mapping[str, str], stored: Mapping[str, str]) -> tuple[bytes, ...]:
        """One app's secret signs for every shop. While it is being replaced, Shopify goes on signing with the oldest that is not
        revoked, so both count (shopify.dev/docs/apps/build/authentication-authorization/client-secrets)."""
        names = ("SHOPIFY_CLIENT_SECRET", "SHOPIFY_CLIENT_SECRET_OLD")
        return tuple(settings[name].encode() for name in names if settings.get(name))

    def verify(self, inbound: Inbound, secrets: Sequence[bytes]) -> None:
        signature.check_webhook(inbound.body, deliveries.header(inbound, "hmac-sha256"), secrets)

    def parse(self, topic: str, body: bytes) -> Parsed:
        return deliveries.parsed(topic, body)

    def authenticate(self, inbound: Inbound, secrets: Sequence[bytes], now: datetime) -> Visitor:
        """Shopify vouches for the customer it logged in and for nothing else: which order is asked for stands in the query and is
        no proof of holding it. Nobody logged in is a `Visitor` of nothing. `now` is real time, as the signature's is."""
        signature.check_proxy(inbound.query, secrets, now)
        return Visitor(customer_ref=inbound.query.get("logged_in_customer_id", ""))

    def probe(self, access: Access, http: Http) -> Profile:
        return read_profile(Store(access, http))

    def callback_url(self, public_url: str, shop_public_id: str) -> str:
        """One for all shops: a delivery names its shop."""
        return f"{public_url}/hooks/{self.slug}"

    def subscribe(self, access: Access, http: Http, callback_url: str) -> Subscribed:
        """The app's secret signs what is sent; Shopify lets nobody choose another one."""
        return subscribe_all(Store(access, http), callback_url)

    def pull(self, access: Access, http: Http, ask: Ask) -> Page:
        return pull_page(Store(access, http), ask)

    def existing(self, access: Access, http: Http, resource: Resource, refs: Sequence[str]) -> frozenset[str]:
        return existing(Store(access, http), resource, refs)

    def write(self, access: Access, http: Http, intent: Intent) -> Done:
        return refund_once(Store(access, http), intent)

    def find(self, access: Access, http: Http, intent: Intent) -> Done | None:
        return find_refund(Store(access, http), intent)


CONNECTOR = Shopify()
