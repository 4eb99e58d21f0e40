"""The check that tests and operators run alike: what a shop's rows owe each other."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

STUCK_SECONDS = 90
"""Work that is due and was not finished for this long hangs; so does everything that is parked."""

COUNTS = {
    # a delivery was acknowledged, and nothing remembers that it must be read
    "lost": "SELECT count(*) FROM inbox i WHERE i.state = 'received' AND NOT EXISTS ("
    " SELECT 1 FROM outbox o WHERE o.shop_id = i.shop_id AND o.kind = 'ingest' AND o.ref = i.id::text)",
    # an order is known to differ from the platform's
    "stale": "SELECT count(DISTINCT ref) FROM outbox WHERE shop_id = :shop_id AND kind = 'fetch'",
    # a message was promised, and nothing remembers to send it
    "dropped": "SELECT count(*) FROM message m WHERE m.state IN ('planned', 'sending') AND NOT EXISTS ("
    " SELECT 1 FROM outbox o WHERE o.shop_id = m.shop_id AND o.kind = 'deliver' AND o.ref = m.id::text)",
    # one thing was said twice, to whatever address
    "duplicated": "SELECT coalesce(sum(times - 1), 0) FROM (SELECT count(*) AS times FROM message"
    " WHERE state IN ('sent', 'uncertain') GROUP BY follow_up, about_kind, about_id, occurrence) said",
    "uncertain": "SELECT count(*) FROM message WHERE state = 'uncertain'",
    "stuck": "SELECT count(*) FROM outbox WHERE shop_id = :shop_id AND (parked_at IS NOT NULL OR ("
    "due_at < :now - make_interval(secs => :stuck_seconds)"
    " AND greatest(created_at, coalesce(lease_until, created_at)) < now() - make_interval(secs => :stuck_seconds)))",
    # money or the like of which nobody knows whether it left
    "effects_uncertain": "SELECT count(*) FROM effect WHERE state = 'uncertain'",
    # something was to be done at the store, and nothing remembers to do it, or it waits for a person
    "effects_stuck": "SELECT count(*) FROM effect e WHERE e.state IN ('planned', 'calling', 'uncertain', 'refused')"
    " AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.shop_id = e.shop_id AND o.kind = 'effect' AND o.ref = e.id::text"
    " AND o.parked_at IS NULL)",
    "orders": "SELECT count(*) FROM orders",
    "deliveries": "SELECT count(*) FROM inbox",
    "events": "SELECT count(*) FROM event",
    "messages": "SELECT count(*) FROM message",
    "sent": "SELECT count(*) FROM message WHERE state = 'sent'",
}
WRONG = ("lost", "stale", "dropped", "duplicated", "uncertain", "stuck", "effects_uncertain", "effects_stuck")
"""These must be zero once a shop is quiet."""


def audit(session: Session, shop_id: int, now: datetime) -> dict[str, int]:
    """The numbers of the entered shop by name; `now` is business time."""
    values = {"shop_id": shop_id, "now": now, "stuck_seconds": STUCK_SECONDS}
    return {name: session.scalar(text(statement), values) or 0 for name, statement in COUNTS.items()}
