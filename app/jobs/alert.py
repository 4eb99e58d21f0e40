"""A mail to the merchant when syncing or sending breaks, and one when it is mended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.channels import CHANNELS
from app.domain.insight.trouble import Kind, Trouble, troubles
from app.domain.notices import service as notices
from app.domain.notices.service import Told
from app.domain.outbox import service as outbox
from app.domain.outbox.service import Claim
from app.domain.shops.rules import ShopFacts
from app.jobs.letters.notice import compose_notice
from app.jobs.queue import Queue, Work
from app.kernel.errors import Permanent, Transient, Uncertain
from app.kernel.runtime import Runtime

CHANNEL = "email"
AGAIN_AFTER = timedelta(days=1)
WITHOUT_A_MAIL = frozenset({Kind.MAIL_SERVER})
"""A mail server that is away takes no mail about it: the console shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A mail that is due: about a trouble, or that it is over."""

    kind: Kind
    trouble: Trouble | None

    @property
    def is_over(self) -> bool:
        return self.trouble is None


def due_notices(found: Sequence[Trouble], told: Mapping[str, Told]) -> Iterator[Due]:
    """What to write, given what is wrong and what was written last of each kind: pure. At once when trouble begins, again when it
    has lasted another day, once when it is over. What comes back within the day of its first mail is not told twice."""
    wrong = {trouble.kind: trouble for trouble in found if trouble.kind not in WITHOUT_A_MAIL}
    for kind, trouble in wrong.items():
        last = told.get(kind)
        if last is None or last.age >= AGAIN_AFTER:
            yield Due(kind=kind, trouble=trouble)
    for kind in Kind:
        last = told.get(kind)
        if last and not last.is_over and kind not in wrong:
            yield Due(kind=kind, trouble=None)


def tell_merchant(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
    """Write what is due to the shop's own contact address; a shop without one is only told by the console."""
    with runtime.db.transaction(shop.id) as session:
        due = list(due_notices(troubles(session, shop.id), notices.last_told(session)))
    for one in due if shop.reply_address else ():
        _write(runtime, shop, one)
    with runtime.db.transaction(shop.id) as session:
        outbox.finish(session, shop.id, claims)


def _write(runtime: Runtime, shop: ShopFacts, due: Due) -> None:
    """It is noted at the last moment before nobody could know any more, as with every letter; one that was not taken is due again
    at the next tick, and one that nobody can know of is not repeated today."""
    letter = compose_notice(
        shop,
        due.kind,
        since=due.trouble.since if due.trouble else runtime.clock.now(),
        count=due.trouble.count if due.trouble else 0,
        is_over=due.is_over,
        console_url=f"{runtime.settings.public_url}/console",
        house_address=runtime.settings.mail_from,
    )
    noted: list[int] = []

    def commit() -> None:
        with runtime.db.transaction(shop.id) as session:
            noted.append(notices.note(session, shop.id, due.kind, is_over=due.is_over))

    try:
        CHANNELS[CHANNEL](runtime.settings).send(letter, commit)
    except Uncertain:
        return
    except (Transient, Permanent):
        with runtime.db.transaction(shop.id) as session:
            for notice_id in noted:
                notices.take_back(session, notice_id)


WORK = Work(kind="alert", queue=Queue.WORLD, batch=1, run=tell_merchant)
