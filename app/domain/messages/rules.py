"""What may leave: too late is not sent, and no fault floods anybody."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from enum import StrEnum

STALE_AFTER = timedelta(days=3)
"""News of an older event helps nobody; this is also what keeps a repaired gap silent."""
MOST_A_DAY = 20
"""To one recipient. Not the budget: the fuse that stops a fault from flooding."""

NAMESPACE = uuid.UUID("6f0f6cbd-7c2b-4b53-8f5e-0b7d8d8f3a51")


class State(StrEnum):
    PLANNED = "planned"
    SENDING = "sending"  # committed before the other side hears of it
    SENT = "sent"
    UNCERTAIN = "uncertain"  # handed over, but nobody heard whether it was taken
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


def is_stale(occurred_at: datetime, now: datetime) -> bool:
    return now - occurred_at > STALE_AFTER


def is_flood(times: int) -> bool:
    """Whether somebody was written to so often within a day that nothing more leaves."""
    return times >= MOST_A_DAY


def message_key(follow_up: str, about_kind: str, about_id: int, occurrence: int, recipient_hash: bytes) -> uuid.UUID:
    """The same message has the same key for ever and in every house, for the recipient's hash is one shop's own: whoever collapses
    duplicates by it (a mailbox, a provider) can."""
    return uuid.uuid5(NAMESPACE, f"{follow_up}/{about_kind}/{about_id}/{occurrence}/{recipient_hash.hex()}")
