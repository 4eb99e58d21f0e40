"""Start: the way from a connected store to the first message, one step after the other, each with what is done and what is next."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sqlalchemy.orm import Session

from app.domain.insight import service as insight
from app.domain.insight.service import Health, ResourceSync
from app.domain.insight.trouble import KEYS_REFUSED
from app.domain.notices import service as notices
from app.domain.shops import service as shops
from app.domain.shops.rules import DEFAULTS, Settings, ShopFacts
from app.jobs.followups import FOLLOWUPS
from app.web.console import wording
from app.web.console.base import Page, render
from app.web.console.reasons import reason
from app.web.context import context
from app.web.session import Merchant


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`page` leads on, `ids` are the rest of its address; `progress` is (read, of how many, None where nobody says)."""

    title: str
    detail: str
    is_done: bool
    page: str
    button: str
    ids: dict[str, str] = field(default_factory=dict[str, str])
    progress: tuple[int, int | None] | None = None
    is_wrong: bool = False


def show(merchant: Merchant, shop: ShopFacts) -> str:
    runtime = context().runtime
    with runtime.db.transaction(shop.id) as session:
        settings = shops.present(session, shop.id, runtime.clock.now()).settings
        steps = _steps(session, shop, settings, has_mail_server=runtime.settings.smtp_url is not None)
    following = next((place for place, step in enumerate(steps) if not step.is_done and not step.progress), None)
    return render("start", merchant, shop, steps=steps, following=following)


def _steps(session: Session, shop: ShopFacts, settings: Settings, *, has_mail_server: bool) -> list[Step]:
    health = insight.health(session, shop.id)
    has_tested = notices.TEST in notices.last_told(session)
    is_on = bool(settings.switched_on)
    first = next(iter(FOLLOWUPS))
    return [
        _connected(shop, health),
        _imported(health.orders),
        Step(
            title="Make it yours",
            detail="Sender, colour, language, voice, and how long a parcel usually takes.",
            is_done=replace(settings, switched_on=()) != DEFAULTS,
            page="brand",
            button="Choose",
        ),
        Step(
            title="Look at it with your own last order",
            detail="The tracking page and each message, in every language. Nothing is sent while you look.",
            is_done=has_tested or is_on,
            page="message",
            button="Look",
            ids={"follow_up": first},
        ),
        Step(
            title="Send yourself a test mail",
            detail="It shows whether mails arrive, and how they look in your own mailbox."
            if has_mail_server
            else "No mail server is set up yet, so mails are only written to the log. Whoever runs Encore sets SMTP_URL.",
            is_done=has_tested,
            page="message",
            button="Try it",
            ids={"follow_up": first},
            is_wrong=not has_mail_server,
        ),
        Step(
            title="Switch on",
            detail=_on_in_words(settings)
            if is_on
            else "Everything is off until you say so. Each message has its own switch.",
            is_done=is_on,
            page="messages",
            button="Choose what to switch on",
        ),
    ]


def _connected(shop: ShopFacts, health: Health) -> Step:
    """Undone by what only a person can mend; what is tried again by itself is no step back."""
    error = health.orders.error if health.orders else ""
    is_lasting = error in KEYS_REFUSED or any(work.kind == "pull" and work.error == error for work in health.parked)
    if not health.is_connected:
        detail = f"{shop.domain} is disconnected. {wording.CONNECT_AGAIN}"
    elif error:
        detail = f"{shop.domain}. {reason(error)}{'' if is_lasting else ' It is tried again by itself.'}"
    else:
        detail = f"{shop.domain}, as {shop.name}."
    is_well = health.is_connected and not is_lasting
    return Step(
        title="Connect your store", detail=detail, is_done=is_well, page="sync", button="Look", is_wrong=not is_well
    )


def _imported(orders: ResourceSync | None) -> Step:
    seen, total = (orders.seen, orders.total) if orders else (0, None)
    is_done = orders is not None and orders.is_backfilled
    is_held_up = orders is not None and bool(orders.error)
    if is_done:
        detail = f"{wording.count(seen, 'order')} read. Nobody is written to about what happened before."
    else:
        so_far = f"{wording.count(seen, 'order')}{f' of {total:,}' if total else ''} so far."
        left = wording.time_left(orders.time_left if orders else None)
        detail = (
            f"{so_far} It goes on once the store can be read."
            if is_held_up
            else f"{so_far} {left} You need not wait for it."
        )
    return Step(
        title="Read what is there already",
        detail=detail,
        is_done=is_done,
        page="sync",
        button="Look" if is_done else "Watch it",
        progress=None if is_done else (seen, total),
    )


def _on_in_words(settings: Settings) -> str:
    names = [FOLLOWUPS[slug].title for slug in settings.switched_on if slug in FOLLOWUPS]
    return f"On: {', '.join(names)}."


PAGE = Page(slug="start", rule="/<shop>/start", view=show, title="Start")
