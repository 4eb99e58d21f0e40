"""What is done from time to time: a plain list. A tick is a row with a unique key, so two schedulers do no harm."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.outbox import service as outbox
from app.kernel.config import Settings
from app.kernel.runtime import Runtime

A_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Periodic:
    """Work of `kind`, once every `seconds` and shop."""

    kind: str
    seconds: int


def periodic(settings: Settings) -> tuple[Periodic, ...]:
    return (
        Periodic(kind="pull", seconds=settings.poll_seconds),
        Periodic(kind="track", seconds=settings.poll_seconds),
        Periodic(kind="retain", seconds=A_DAY),
    )


def strike(runtime: Runtime) -> None:
    """Owe the periodic work of each shop whose period has just begun. What still waits from before is not owed twice."""
    for entry in periodic(runtime.settings):
        with runtime.db.house() as session:
            for shop_id in outbox.tick(session, entry.kind, entry.seconds):
                outbox.owe_once(session, shop_id, entry.kind, [str(shop_id)])
