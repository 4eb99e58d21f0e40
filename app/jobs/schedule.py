"""What is done from time to time: a plain list. A tick is a row with a unique key, so two schedulers do no harm."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.outbox import service as outbox
from app.events import Resource
from app.kernel.config import Settings
from app.kernel.faults import faultpoint
from app.kernel.runtime import Runtime

AN_HOUR = 3_600
A_DAY = 86_400
ALERT_SECONDS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Periodic:
    """Work of `kind` about `ref`, once every `seconds` and shop."""

    kind: str
    seconds: int
    ref: str = ""


def periodic(settings: Settings) -> tuple[Periodic, ...]:
    return (
        Periodic(kind="pull", ref=Resource.ORDERS, seconds=settings.poll_seconds),
        Periodic(kind="pull", ref=Resource.PRODUCTS, seconds=AN_HOUR),
        Periodic(kind="pull", ref=Resource.DISCOUNTS, seconds=AN_HOUR),
        Periodic(kind="pull", ref=Resource.CUSTOMERS, seconds=A_DAY),  # some stores can only be read whole
        Periodic(kind="track", seconds=settings.poll_seconds),
        Periodic(kind="check", seconds=AN_HOUR),
        Periodic(kind="census", seconds=A_DAY),
        Periodic(kind="alert", seconds=ALERT_SECONDS),
        Periodic(kind="retain", seconds=A_DAY),
    )


def strike(runtime: Runtime) -> None:
    """Owe the periodic work of each shop whose period has just begun. What still waits from before is not owed twice."""
    for entry in periodic(runtime.settings):
        with runtime.db.house() as session:
            for shop_id in outbox.tick(session, f"{entry.kind}/{entry.ref}", entry.seconds):
                outbox.owe_once(session, shop_id, entry.kind, [entry.ref])
            faultpoint("tick.before_commit")
        faultpoint("tick.after_commit")
