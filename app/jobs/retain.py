"""What has grown too old to keep goes."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.inbox import service as inbox
from app.domain.notices import service as notices
from app.domain.outbox import service as outbox
from app.domain.outbox.service import Claim
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.jobs.queue import Queue, Work
from app.kernel.faults import faultpoint
from app.kernel.runtime import Runtime


def forget_what_is_old(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
    with runtime.db.transaction(shop.id) as session:
        inbox.drop_old_bodies(session)
        inbox.drop_old_rows(session)
        shops.forget_used_links(session)
        notices.forget_old(session)
        outbox.forget_ticks(session, shop.id)
        outbox.finish(session, shop.id, claims)
        faultpoint("retain.before_commit")
    faultpoint("retain.after_commit")


WORK = Work(kind="retain", queue=Queue.SLOW, batch=1, run=forget_what_is_old)
