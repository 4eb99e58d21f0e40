"""The ledger of truth: what a store told and a mail server took, kept outside the app and compared with its rows at the end."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import text

from app.domain.insight.audit import audit
from app.events import OrderStatus
from tests.faults.numbers import Numbers
from tests.faults.stage import SECRET, Stage

RECORDED = json.loads(
    (Path(__file__).parents[1] / "recordings/woocommerce/webhooks/order.created.json").read_text(encoding="utf-8")
)


@dataclass(slots=True)
class Truth:
    """`orders` are totals and states by ref, of what was told and acknowledged; `parcels` the states by number; `letters` what
    they must lead to: pairs of an order's ref and a follow-up."""

    orders: dict[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])
    parcels: dict[str, str] = field(default_factory=dict[str, str])
    letters: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def told(self, ref: str, total: int, *follow_ups: str, status: OrderStatus = OrderStatus.CONFIRMED) -> None:
        self.orders[ref] = total, status
        self.letters.update((ref, follow_up) for follow_up in follow_ups)

    def compare(self, stage: Stage, fault: str, trials: int, unit: str, seconds: float | None = None) -> Numbers:
        """The eight numbers. Call it when nothing is owed any more: what still is counts as stuck."""
        with stage.db.transaction(stage.shop.id) as session:
            ours = {row.ref: (row.total, row.status) for row in session.execute(text("SELECT * FROM orders"))}
            parcels = {row.tracking_number: row.status for row in session.execute(text("SELECT * FROM shipment"))}
            written = {(row.ref, row.follow_up): (row.state, str(row.key)) for row in session.execute(text(LETTERS))}
            counts = audit(session, stage.shop.id, datetime.now(UTC))
            unread = session.scalar(text("SELECT count(*) FROM inbox WHERE state = 'received'")) or 0
            left = session.scalar(text("SELECT count(*) FROM outbox")) or 0
        accepted = {message_id.strip("<>").partition("@")[0]: n for message_id, n in stage.mailbox.accepted.items()}
        unsent = [key for state, key in written.values() if state == "sent" and key not in accepted]
        waiting = [key for state, key in written.values() if state in ("planned", "sending")]
        return Numbers(
            fault=fault,
            trials=trials,
            unit=unit,
            orders_lost=len(self.orders.keys() - ours.keys())
            + len(self.parcels.keys() - parcels.keys())
            + counts["lost"],
            orders_stale=_differ(self.orders, ours) + _differ(self.parcels, parcels) + counts["stale"],
            msgs_dropped=len(self.letters - written.keys()) + len(unsent) + len(waiting),
            msgs_duplicated=sum(times - 1 for times in accepted.values()) + counts["duplicated"],
            msgs_uncertain=counts["uncertain"],
            rows_stuck=max(left, unread),
            seconds=seconds,
        )


def _differ(truth: Mapping[str, object], ours: Mapping[str, object]) -> int:
    return sum(ours[name] != value for name, value in truth.items() if name in ours)


LETTERS = "SELECT o.ref, m.follow_up, m.state, m.key FROM message m JOIN orders o ON o.id = m.order_id"


# --- telling ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook as the recorded store would post it."""

    ref: str
    total: int
    body: bytes
    headers: dict[str, str]


def deliveries(count: int, first: int = 10_000) -> list[Delivery]:
    """`count` orders; every tenth is told twice, byte for byte."""
    told = [_a_delivery(first + number) for number in range(count)]
    return told + told[::10]


def _a_delivery(number: int) -> Delivery:
    template: dict[str, Any] = RECORDED["body_json"]
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    moments = {name: now for name in template if name.endswith("_gmt") and template[name]}
    changes = {"id": number, "number": str(number), "total": f"{number / 100:.2f}"}
    billing = {**template["billing"], "email": f"shopper{number}@example.com"}
    body = json.dumps({**template, **moments, **changes, "billing": billing}).encode()
    headers = {name: value for name, value in RECORDED["request"]["headers"] if name.startswith("X-WC-")}
    signature = base64.b64encode(hmac.digest(SECRET.encode(), body, hashlib.sha256)).decode()
    headers |= {"X-WC-Webhook-Signature": signature, "Content-Type": "application/json"}
    return Delivery(str(number), number, body, headers)


def post_until_acknowledged(urls: Sequence[str], delivery: Delivery) -> int:
    """As a sender that tries again, at whichever process lives, until somebody answers 200; how often it had to."""
    for tries, url in enumerate(cycle(urls), 1):
        try:
            if requests.post(url, data=delivery.body, headers=delivery.headers, timeout=10).status_code == 200:
                return tries
        except requests.RequestException:
            pass
        time.sleep(0.05)
    raise AssertionError("nowhere to post to")


def tell(truth: Truth, urls: Sequence[str], told: Iterable[Delivery], pause: Callable[[], None] = lambda: None) -> None:
    """Post all of it, one after the other, and write down what was acknowledged."""
    for delivery in told:
        post_until_acknowledged(urls, delivery)
        truth.told(delivery.ref, delivery.total, "thank_you")
        pause()
