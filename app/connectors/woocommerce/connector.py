"""WooCommerce behind the seam."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.connectors.base import Access, Ask, Claim, Inbound, Page, Parsed, Profile, Subscribed, Visitor
from app.connectors.woocommerce import profile, pull, subscriptions, write
from app.connectors.woocommerce.client import Client
from app.connectors.woocommerce.deliveries import claim_from, parse_delivery
from app.connectors.woocommerce.signature import verify_delivery, visitor_from
from app.events import Done, EffectKind, Intent, Resource
from app.kernel.http import Http


class WooCommerce:
    slug = "woocommerce"
    title = "WooCommerce"
    setting_names: tuple[str, ...] = ()
    resources: tuple[Resource, ...] = tuple(pull.SOURCES)
    effects: frozenset[EffectKind] = frozenset({EffectKind.REFUND})
    credential_names: tuple[str, ...] = ("consumer_key", "consumer_secret")

    def claim(self, inbound: Inbound) -> Claim | None:
        return claim_from(inbound)

    def secrets(self, settings: Mapping[str, str], stored: Mapping[str, str]) -> tuple[bytes, ...]:
        """An empty secret would be one that everybody knows."""
        secret = stored.get("webhook_secret", "")
        return (secret.encode(),) if secret else ()

    def verify(self, inbound: Inbound, secrets: Sequence[bytes]) -> None:
        verify_delivery(inbound, secrets)

    def parse(self, topic: str, body: bytes) -> Parsed:
        return parse_delivery(topic, body)

    def authenticate(self, inbound: Inbound, secrets: Sequence[bytes], now: datetime) -> Visitor:
        return visitor_from(inbound.query, secrets, now)

    def probe(self, access: Access, http: Http) -> Profile:
        return profile.read_profile(access, http)

    def callback_url(self, public_url: str, shop_public_id: str) -> str:
        return f"{public_url}/hooks/{self.slug}/{shop_public_id}"

    def subscribe(self, access: Access, http: Http, callback_url: str) -> Subscribed:
        return subscriptions.subscribe(Client(access, http), callback_url, access.secrets["webhook_secret"])

    def pull(self, access: Access, http: Http, ask: Ask) -> Page:
        return pull.pull(Client(access, http), ask)

    def existing(self, access: Access, http: Http, resource: Resource, refs: Sequence[str]) -> frozenset[str]:
        return pull.existing(Client(access, http), resource, refs)

    def write(self, access: Access, http: Http, intent: Intent) -> Done:
        return write.refund_once(Client(access, http), intent)

    def find(self, access: Access, http: Http, intent: Intent) -> Done | None:
        return write.find_refund(Client(access, http), intent)


CONNECTOR = WooCommerce()
