"""Deliveries become facts, facts become rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from app.connectors import CONNECTORS
from app.connectors.base import Parsed
from app.domain import apply as domain
from app.domain.inbox import service as inbox
from app.domain.outbox import service as outbox
from app.domain.outbox.service import Claim
from app.domain.shops.rules import ShopFacts
from app.events import Fact, Source
from app.jobs.queue import Queue, Work
from app.kernel.errors import Permanent
from app.kernel.faults import faultpoint
from app.kernel.runtime import Runtime


def ingest_deliveries(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
    """Parse a batch of deliveries and apply what they say in one transaction. One that means nothing is refused with its reason,
    one that is not ours to act on is ignored with its; both stay visible."""
    connector = CONNECTORS[shop.platform]
    facts: list[Fact] = []
    verdicts: dict[tuple[str, str], list[int]] = defaultdict(list)
    with runtime.db.transaction(shop.id) as session:
        raws = inbox.load(session, [int(claim.ref) for claim in claims])
    forgotten = {int(claim.ref) for claim in claims} - {raw.id for raw in raws}
    verdicts["refused", "too_old"].extend(sorted(forgotten))
    for raw in raws:
        try:
            parsed = connector.parse(raw.topic, raw.body)
        except Permanent as failure:
            verdicts["refused", failure.code].append(raw.id)
            continue
        facts.extend(parsed.facts)
        verdicts[_verdict(parsed)].append(raw.id)
    faultpoint("ingest.parsed")
    with runtime.db.transaction(shop.id) as session:
        domain.apply(session, shop, facts, Source.WEBHOOK)
        for (state, note), ids in verdicts.items():
            inbox.conclude(session, ids, state, note)
        outbox.finish(session, shop.id, claims)
        faultpoint("ingest.before_commit")
    faultpoint("ingest.after_commit")


def _verdict(parsed: Parsed) -> tuple[str, str]:
    return ("ignored", parsed.ignored) if parsed.ignored and not parsed.facts else ("applied", parsed.ignored)


LIMIT = 12
"""Seconds. Longer than a statement may wait for a lock; a delivery that hangs holds up nobody else's for longer."""
WORK = Work(kind="ingest", queue=Queue.NOW, batch=50, run=ingest_deliveries, ahead=10, limit=LIMIT)
