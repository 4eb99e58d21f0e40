"""Webhook subscriptions: kept, shown without their secret, disabled after failures as measured."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sandbox.woocommerce.errors import RestError, invalid_id
from sandbox.woocommerce.views import Json, Views
from sandbox.world import Store

MOST_FAILURES = 6
"""The failure after this many in a row disables; one success starts the count anew (measurements/webhook-failures.json)."""

ACTIONS = {
    "coupon": {
        "created": ["woocommerce_process_shop_coupon_meta", "woocommerce_new_coupon"],
        "updated": ["woocommerce_process_shop_coupon_meta", "woocommerce_update_coupon"],
        "deleted": ["wp_trash_post"],
        "restored": ["untrashed_post"],
    },
    "customer": {
        "created": ["user_register", "woocommerce_created_customer", "woocommerce_new_customer"],
        "updated": ["profile_update", "woocommerce_update_customer"],
        "deleted": ["delete_user"],
    },
    "order": {
        "created": ["woocommerce_new_order"],
        "updated": ["woocommerce_update_order", "woocommerce_order_refunded"],
        "deleted": ["wp_trash_post", "woocommerce_trash_order"],
        "restored": ["untrashed_post", "woocommerce_untrash_order"],
    },
    "product": {
        "created": ["woocommerce_process_product_meta", "woocommerce_new_product"],
        "updated": ["woocommerce_process_product_meta", "woocommerce_update_product"],
        "deleted": ["wp_trash_post"],
        "restored": ["untrashed_post"],
    },
}


@dataclass(slots=True, kw_only=True)
class Hook:
    """A subscription. `owner_has_rights` False: the user who made it may no longer see orders."""

    id: int
    name: str
    topic: str
    delivery_url: str
    secret: str
    created_at: datetime
    modified_at: datetime | None = None
    status: str = "active"
    failures: int = 0
    owner_has_rights: bool = True

    @property
    def resource(self) -> str:
        return self.topic.partition(".")[0]

    @property
    def event(self) -> str:
        return self.topic.partition(".")[2]


class Hooks:
    """One store's subscriptions, kept on the world's shelf. Call under the world's lock."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._shelf = store.world.shelf
        self._kind = f"hook/{store.slug}"
        self._hooks = {hook.id: hook for hook in self._shelf.all(self._kind, Hook)}

    def all(self) -> list[Hook]:
        """Newest first, as the API lists them."""
        return sorted(self._hooks.values(), key=lambda hook: -hook.id)

    def get(self, hook_id: int) -> Hook:
        if hook_id not in self._hooks:
            raise invalid_id("shop_webhook")
        return self._hooks[hook_id]

    def active(self, topic: str) -> list[Hook]:
        return [hook for hook in self._hooks.values() if hook.topic == topic and hook.status == "active"]

    def create(self, body: dict[str, object]) -> Hook:
        """An empty secret becomes one that nobody can read."""
        hook = Hook(
            id=self._shelf.count(self._kind),
            name=str(body.get("name") or f"Webhook created on {self._store.world.now():%b %d, %Y @ %I:%M %p}"),
            topic=_topic(str(body.get("topic", ""))),
            delivery_url=_url(str(body.get("delivery_url", ""))),
            secret=str(body.get("secret") or secrets.token_hex(25)),
            created_at=self._store.world.now(),
            status=str(body.get("status") or "active"),
        )
        return self.keep(hook)

    def update(self, hook: Hook, body: dict[str, object]) -> bool:
        """Whether the address is a new one, which is then tried."""
        is_moved = bool(body.get("delivery_url")) and body["delivery_url"] != hook.delivery_url
        hook.name = str(body.get("name") or hook.name)
        hook.topic = _topic(str(body.get("topic") or hook.topic))
        hook.delivery_url = _url(str(body.get("delivery_url") or hook.delivery_url))
        hook.secret = str(body.get("secret") or hook.secret)
        hook.status = str(body.get("status") or hook.status)
        hook.modified_at = self._store.world.now()
        self.keep(hook)
        return is_moved

    def delete(self, hook: Hook) -> None:
        del self._hooks[hook.id]
        self._shelf.drop(self._kind, hook.id)

    def keep(self, hook: Hook) -> Hook:
        self._hooks[hook.id] = hook
        self._shelf.put(self._kind, hook.id, hook)
        return hook

    def succeeded(self, hook: Hook) -> None:
        hook.failures = 0
        self.keep(hook)

    def failed(self, hook: Hook) -> None:
        if hook.failures < MOST_FAILURES:
            hook.failures += 1
        else:
            hook.status, hook.modified_at = "disabled", self._store.world.now()
        self.keep(hook)


def shown(views: Views, hook: Hook) -> Json:
    return {
        "id": hook.id,
        "name": hook.name,
        "status": hook.status,
        "topic": hook.topic,
        "resource": hook.resource,
        "event": hook.event,
        "hooks": ACTIONS[hook.resource][hook.event],
        "delivery_url": hook.delivery_url,
        **views.both("created", hook.created_at),
        **views.both("modified", hook.modified_at),
        "_links": views.links(f"webhooks/{hook.id}", "webhooks"),
    }


def _topic(topic: str) -> str:
    resource, _, event = topic.partition(".")
    if event not in ACTIONS.get(resource, {}):
        raise RestError(
            400, "woocommerce_rest_shop_webhook_invalid_topic", "Webhook topic is required and must be valid."
        )
    return topic


def _url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        message = "Webhook delivery URL must be a valid URL starting with http:// or https://."
        raise RestError(400, "woocommerce_rest_shop_webhook_invalid_delivery_url", message)
    return url
