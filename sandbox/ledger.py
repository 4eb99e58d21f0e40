"""The truth of a run, kept outside the app: what was sent to it, what it sent, and what it made happen, each counted by its key."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime

from sandbox.things import Order, OrderState, Parcel
from sandbox.world import Store, World


@dataclass(slots=True, kw_only=True)
class Emission:
    """A webhook that a store sent, or would have sent: `status` None means no answer, 0 that a fault swallowed it."""

    id: int
    store: str
    topic: str
    resource: str
    key: str  # the platform's delivery or event id
    at: datetime
    status: int | None = None

    @property
    def is_acknowledged(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass(slots=True, kw_only=True)
class Mail:
    """A letter whose DATA was accepted. `raw` stands in a file of its own, named by `id`."""

    id: int
    at: datetime
    message_id: str
    sender: str
    to: list[str]
    subject: str
    size: int


@dataclass(slots=True, kw_only=True)
class Effect:
    """Something that the app made a store do (a note, a refund, a fulfilment): `key` tells repetitions of one intent."""

    id: int
    at: datetime
    store: str
    kind: str
    key: str
    order: str
    amount: int = 0


class Ledger:
    """Counts everything once; thread-safe; kept on the world's shelf."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._shelf = world.shelf
        self._lock = threading.Lock()
        self._emissions = {one.id: one for one in self._shelf.all("emission", Emission)}
        self._mails = {one.id: one for one in self._shelf.all("mail", Mail)}
        self._effects = {one.id: one for one in self._shelf.all("effect", Effect)}

    # --- writing -----------------------------------------------------------------------------------------------------

    def emitted(self, store: Store, topic: str, resource: str, key: str) -> Emission:
        """A webhook is about to leave. Call `answered` with what came back."""
        emission = Emission(
            id=self._shelf.count("emission"),
            store=store.slug,
            topic=topic,
            resource=resource,
            key=key,
            at=self.world.now(),
        )
        self._keep_emission(emission)
        return emission

    def answered(self, emission: Emission, status: int | None) -> None:
        emission.status = status
        self._keep_emission(emission)

    def _keep_emission(self, emission: Emission) -> None:
        with self._lock:
            self._emissions[emission.id] = emission
        self._shelf.put("emission", emission.id, emission)

    def accepted(self, message_id: str, sender: str, to: list[str], subject: str, size: int) -> Mail:
        mail = Mail(
            id=self._shelf.count("mail"),
            at=self.world.now(),
            message_id=message_id,
            sender=sender,
            to=to,
            subject=subject,
            size=size,
        )
        with self._lock:
            self._mails[mail.id] = mail
        self._shelf.put("mail", mail.id, mail)
        return mail

    def happened(self, store: Store, kind: str, key: str, order: str, amount: int = 0) -> Effect:
        effect = Effect(
            id=self._shelf.count("effect"),
            at=self.world.now(),
            store=store.slug,
            kind=kind,
            key=key,
            order=order,
            amount=amount,
        )
        with self._lock:
            self._effects[effect.id] = effect
        self._shelf.put("effect", effect.id, effect)
        return effect

    # --- reading -----------------------------------------------------------------------------------------------------

    def mails(self) -> list[Mail]:
        """Newest first."""
        with self._lock:
            return sorted(self._mails.values(), key=lambda mail: -mail.id)

    def truth(self) -> dict[str, object]:
        """All of it, as plain values. Drafts are no orders and are left out; a webhook's acknowledgement is any 2xx."""
        with self.world.lock:
            orders = [
                _order_truth(store, order)
                for store in self.world.stores.values()
                for order in store.orders.values()
                if order.status != OrderState.DRAFT
            ]
        with self._lock:
            emissions, effects = list(self._emissions.values()), list(self._effects.values())
        return {
            "now": self.world.now().isoformat(),
            "orders": orders,
            "webhooks": {
                "emitted": len(emissions),
                "acknowledged": sum(one.is_acknowledged for one in emissions),
                "by_store": {slug: _counts(emissions, slug) for slug in self.world.stores},
            },
            "mails": [
                {
                    "id": mail.id,
                    "message_id": mail.message_id,
                    "to": mail.to,
                    "subject": mail.subject,
                    "at": mail.at.isoformat(),
                }
                for mail in self.mails()
            ],
            "effects": [
                {"store": one.store, "kind": one.kind, "key": one.key, "order": one.order, "amount": one.amount}
                for one in effects
            ],
        }


def _counts(emissions: list[Emission], slug: str) -> dict[str, int]:
    own = [one for one in emissions if one.store == slug]
    return {"emitted": len(own), "acknowledged": sum(one.is_acknowledged for one in own)}


def _order_truth(store: Store, order: Order) -> dict[str, object]:
    return {
        "store": store.slug,
        "id": str(order.id),
        "number": order.number,
        "status": order.status.value,
        "placed_at": order.placed_at.isoformat(),
        "updated_at": order.updated_at.isoformat(),
        "email": order.customer.email,
        "total": order.total,
        "parcels": [_parcel_truth(parcel) for parcel in order.parcels],
    }


def _parcel_truth(parcel: Parcel) -> dict[str, object]:
    return {
        "id": str(parcel.id),
        "carrier": parcel.carrier,
        "tracking_number": parcel.number,
        "shipped_at": parcel.shipped_at.isoformat(),
        "status": parcel.status.value if parcel.status else None,
        "scans": [
            {"status": scan.status.value, "at": scan.at.isoformat(), "place": scan.place} for scan in parcel.scans
        ],
    }
