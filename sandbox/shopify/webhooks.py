"""Tells the app what happened: one signed delivery a subscription, repeated with growing pauses until it is taken or given up.

Source: shopify.dev/docs/apps/build/webhooks/subscribe/https. Any 2xx is success, a redirect is a failure; eight repetitions over
four hours carry the first payload and the first ids to the first address; when the eighth fails too, the subscription is deleted.
Deliveries run in parallel, so nothing arrives in order. The pauses are in the world's time. Whether a repetition keeps its
X-Shopify-Webhook-Id is not documented; here it does.
"""

from __future__ import annotations

import base64
import heapq
import itertools
import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import orjson
import requests

from app.kernel.crypto import hmac_sha256
from sandbox.faults import How, Where
from sandbox.ledger import Emission
from sandbox.shopify.news import News, news, news_of_thing
from sandbox.shopify.shop import API_VERSION, Shop
from sandbox.shopify.subscriptions import Subscription, Subscriptions
from sandbox.stage import Stage
from sandbox.world import Change, Turned

KIND = "shopify/delivery"
COURIERS = 4
TIMEOUT = (1.0, 5.0)
"""Real seconds to connect and to answer."""
RETRIES = 8
FIRST_PAUSE = timedelta(seconds=56)
"""Doubled each time: eight of them make four hours."""
POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """`webhook_id` is this delivery's own, `event_id` is shared by all that one action caused; both stay when it is repeated.
    `feigned` is a status that the store shall believe in, whatever the next answer is; 0 for the truth."""

    emission: Emission
    subscription: int
    topic: str
    uri: str
    body: str
    webhook_id: str
    event_id: str
    triggered_at: datetime
    due_at: datetime
    failures: int = 0
    feigned: int = 0


class Webhooks:
    """Listens to a store and delivers on threads of its own (`start`, `stop`). What is still owed survives a restart."""

    def __init__(self, stage: Stage, shop: Shop, subscriptions: Subscriptions) -> None:
        self._stage = stage
        self._shop = shop
        self._subscriptions = subscriptions
        self._shelf = stage.world.shelf
        self._waiting: list[tuple[datetime, int, Delivery]] = []
        self._serial = itertools.count()
        self._woken = threading.Condition()
        self._is_over = False
        self._couriers = [threading.Thread(target=self._run, daemon=True, name=f"courier-{n}") for n in range(COURIERS)]
        for delivery in self._shelf.all(KIND, Delivery):
            self._push(delivery)
        shop.store.listeners.append(self.hear)
        shop.store.thing_listeners.append(self.hear_of_thing)

    def start(self) -> None:
        for courier in self._couriers:
            courier.start()

    def stop(self) -> None:
        """The deliveries under way end, the rest waits for the next start."""
        with self._woken:
            self._is_over = True
            self._woken.notify_all()
        for courier in self._couriers:
            if courier.is_alive():
                courier.join()

    # --- what is owed ------------------------------------------------------------------------------------------------

    def hear(self, change: Change) -> None:
        """Called under the world's lock: bodies are written now, as things are, and only queued."""
        self._tell(news(self._shop, change))

    def hear_of_thing(self, turned: Turned) -> None:
        """The same of products, customers and discounts."""
        self._tell(news_of_thing(self._shop, turned))

    def _tell(self, told: Iterable[News]) -> None:
        event = f"{self._shop.keys.domain}/{self._stage.world.seed}/{self._shelf.count('shopify/event')}"
        for one in told:
            for subscription in self._subscriptions.of(one.topic):
                self._dispatch(self._delivery(one, subscription, event))

    def _delivery(self, one: News, subscription: Subscription, event: str) -> Delivery:
        webhook_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{event}/{one.topic}/{subscription.id}"))
        now = self._stage.world.now()
        return Delivery(
            emission=self._stage.ledger.emitted(self._shop.store, one.topic, str(one.resource), webhook_id),
            subscription=subscription.id,
            topic=one.topic,
            uri=subscription.uri,
            body=orjson.dumps(one.body).decode(),
            webhook_id=webhook_id,
            event_id=str(uuid.uuid5(uuid.NAMESPACE_URL, event)),
            triggered_at=now,
            due_at=now,
        )

    def _dispatch(self, delivery: Delivery) -> None:
        """Queue it, unless a fault has other plans."""
        fault = self._stage.faults.take(Where.WEBHOOK, self._shop.store.slug, delivery.topic)
        if fault is None:
            self._keep(delivery)
        elif fault.how is How.DROP:
            self._stage.ledger.answered(delivery.emission, 0)
        elif fault.how is How.DUPLICATE:
            self._keep(delivery)
            self._push(delivery)
        elif fault.how is How.DELAY:
            threading.Timer(fault.seconds, self._keep, [delivery]).start()
        else:
            self._keep(replace(delivery, feigned=fault.status))

    def _keep(self, delivery: Delivery) -> None:
        self._shelf.put(KIND, delivery.webhook_id, delivery)
        self._push(delivery)

    def _push(self, delivery: Delivery) -> None:
        with self._woken:
            heapq.heappush(self._waiting, (delivery.due_at, next(self._serial), delivery))
            self._woken.notify()

    def _next(self) -> Delivery | None:
        """Waits for one that is due; None when all is over."""
        with self._woken:
            while not self._is_over:
                if self._waiting and self._waiting[0][0] <= self._stage.world.now():
                    return heapq.heappop(self._waiting)[2]
                self._woken.wait(POLL_SECONDS if self._waiting else None)
            return None

    # --- delivering --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        with requests.Session() as http:
            http.trust_env = False
            while (delivery := self._next()) is not None:
                self._attempt(http, delivery)

    def _attempt(self, http: requests.Session, delivery: Delivery) -> None:
        answered = self._post(http, delivery)
        status = delivery.feigned or answered
        self._stage.ledger.answered(delivery.emission, status)
        if status is not None and 200 <= status < 300:
            self._shelf.drop(KIND, delivery.webhook_id)
        else:
            self._again(replace(delivery, failures=delivery.failures + 1, feigned=0))

    def _post(self, http: requests.Session, delivery: Delivery) -> int | None:
        body = delivery.body.encode()
        try:
            answer = http.post(
                delivery.uri, data=body, headers=self._headers(delivery, body), timeout=TIMEOUT, allow_redirects=False
            )
        except requests.RequestException:
            return None
        return answer.status_code

    def _headers(self, delivery: Delivery, body: bytes) -> dict[str, str]:
        signature = hmac_sha256(self._shop.keys.client_secret.encode(), body)
        return {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": delivery.topic,
            "X-Shopify-Hmac-Sha256": base64.b64encode(signature).decode(),
            "X-Shopify-Shop-Domain": self._shop.keys.domain,
            "X-Shopify-API-Version": API_VERSION,
            "X-Shopify-Webhook-Id": delivery.webhook_id,
            "X-Shopify-Event-Id": delivery.event_id,
            "X-Shopify-Triggered-At": delivery.triggered_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }

    def _again(self, delivery: Delivery) -> None:
        """After the last repetition the platform loses its patience with the whole subscription."""
        if delivery.failures > RETRIES:
            self._shelf.drop(KIND, delivery.webhook_id)
            self._subscriptions.remove(delivery.subscription)
            return
        pause = FIRST_PAUSE * 2 ** (delivery.failures - 1)
        self._keep(replace(delivery, due_at=self._stage.world.now() + pause))
