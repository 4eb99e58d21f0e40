"""Whether a store still is what we think it is: its own settings, our keys, and its webhooks, mended where they are not."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.connectors import CONNECTORS
from app.connectors.base import Profile
from app.domain.outbox import service as outbox
from app.domain.outbox.service import Claim
from app.domain.shops import service as shops
from app.domain.shops.models import SyncState
from app.domain.shops.rules import ShopFacts, Store
from app.jobs.pull import access_to
from app.jobs.queue import LONGEST_LEASE, Queue, Work
from app.kernel.errors import Failure
from app.kernel.faults import faultpoint
from app.kernel.runtime import Runtime

WEBHOOKS = "webhooks"
"""The row of sync_state that says when the subscriptions were last looked at; its `drift` is how many had to be mended."""


def check_store(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
    """Read the store's settings anew and make sure of its webhooks. A platform takes subscriptions away after failures and tells
    nobody: what was missed since then is read by the next sweep."""
    connector = CONNECTORS[shop.platform]
    with runtime.db.transaction(shop.id) as session:
        access = access_to(runtime, session, shop)
    faultpoint("check.before_call")
    try:
        profile = connector.probe(access, runtime.http)
        found = connector.subscribe(
            access, runtime.http, connector.callback_url(runtime.settings.public_url, shop.public_id)
        )
    except Failure as failure:
        with runtime.db.transaction(shop.id) as session:
            shops.sync_state(session, shop.id, WEBHOOKS).last_error = failure.code
        raise
    faultpoint("check.after_call")
    with runtime.db.transaction(shop.id) as session:
        shops.refresh(session, shop.id, store_from(shop.platform, shop.base_url, profile))
        _record(session, shops.sync_state(session, shop.id, WEBHOOKS), found.in_order + found.mended, found.mended)
        outbox.finish(session, shop.id, claims)
        faultpoint("check.before_commit")
    faultpoint("check.after_commit")


def store_from(platform: str, base_url: str, profile: Profile) -> Store:
    """What the house keeps of a store's own settings."""
    return Store(
        platform=platform,
        domain=profile.domain,
        base_url=base_url,
        name=profile.name,
        timezone=profile.timezone,
        currency=profile.currency,
        language=profile.language,
        country=profile.country,
        email=profile.email,
        languages=profile.languages,
        policies={kind.value: url for kind, url in profile.policies.items()},
    )


def _record(session: Session, state: SyncState, topics: int, mended: int) -> None:
    state.swept, state.drift = topics, mended
    state.last_error = ""
    state.last_success_at = session.scalar(select(func.now()))


WORK = Work(kind="check", queue=Queue.SLOW, batch=1, run=check_store, lease=LONGEST_LEASE)
