"""Customers written from facts, in batches, never backwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import orjson
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.domain.customers.models import Customer
from app.events import CustomerFact, Gone
from app.kernel import batch
from app.kernel.crypto import fingerprint

NAMES = (
    *("ref", "updated_at", "created_at", "email", "phone", "first_name", "last_name", "language", "country", "tags"),
    "content",
)
INSERT = batch.insert(Customer, NAMES)
UPSERT = INSERT.on_conflict_do_update(
    index_elements=["shop_id", "ref"],
    set_={name: INSERT.excluded[name] for name in NAMES if name != "ref"},
    where=(Customer.updated_at <= INSERT.excluded.updated_at) & (Customer.content != INSERT.excluded.content),
).returning(Customer.ref)


def write(session: Session, shop_id: int, facts: Sequence[CustomerFact]) -> frozenset[str]:
    """Upsert customers; the refs of those that changed. A fact older than its row is ignored; of two of the same moment the later
    read one stands, for neither decides anything that could not be decided again."""
    newest = {fact.ref: fact for fact in sorted(facts, key=lambda fact: (fact.ref, fact.updated_at))}
    if not newest:
        return frozenset()
    written = session.execute(UPSERT, batch.given(shop_id, [_row(fact) for fact in newest.values()]))
    return frozenset(row.ref for row in written)


def _row(fact: CustomerFact) -> dict[str, object]:
    return {
        "ref": fact.ref,
        "updated_at": fact.updated_at,
        "created_at": fact.created_at,
        "email": fact.email,
        "phone": fact.phone,
        "first_name": fact.first_name,
        "last_name": fact.last_name,
        "language": fact.language,
        "country": fact.country,
        "tags": fact.tags,
        "content": fingerprint(orjson.dumps(fact, option=orjson.OPT_SORT_KEYS)),
    }


def refs_behind(session: Session, last: str, limit: int, _since: datetime) -> list[str]:
    """The first refs behind one."""
    known = select(Customer.ref).where(Customer.ref > last)
    return list(session.scalars(known.order_by(Customer.ref).limit(limit)))


def forget(session: Session, facts: Sequence[Gone]) -> None:
    """An account that the shop has deleted leaves nothing here; its orders speak for themselves."""
    refs = [fact.ref for fact in facts]
    if refs:
        session.execute(delete(Customer).where(batch.among(Customer.ref, refs)))
