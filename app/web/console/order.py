"""One order: all that happened, all that was said, and all that was left unsaid and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import abort

from app.domain.insight import service as insight
from app.domain.insight.service import Happened, Said, Story
from app.domain.shops.rules import ShopFacts
from app.web.console import wording
from app.web.console.base import Page, render
from app.web.console.reasons import reason
from app.web.context import context
from app.web.session import Merchant


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the timeline. `mark` is a shape of marks.html; `why` pairs a label with what stands behind it."""

    at: datetime
    mark: str
    tone: str = ""
    title: str
    detail: str = ""
    why: Sequence[tuple[str, str]] = field(default=())


def show(merchant: Merchant, shop: ShopFacts, order: UUID) -> str:
    with context().runtime.db.transaction(shop.id) as session:
        story = insight.story(session, shop.id, str(order))
    if story is None:
        abort(404)
    return render("order", merchant, shop, story=story, days=_days(story, shop), name=_name(story))


def _name(story: Story) -> str:
    """As much of the buyer's name as tells him apart on the phone."""
    first, last = story.order.first_name or "", story.order.last_name or ""
    return f"{first} {last[:1]}." if first and last else first


def _days(story: Story, shop: ShopFacts) -> list[tuple[str, list[Entry]]]:
    """Newest first, by days of the shop's zone."""
    zone = ZoneInfo(shop.timezone)
    entries = sorted((*_happened(story), *_said(story, zone), *_done(story)), key=lambda entry: entry.at, reverse=True)
    return [
        (wording.day(day), list(of_day))
        for day, of_day in groupby(entries, key=lambda entry: entry.at.astimezone(zone).date())
    ]


def _happened(story: Story) -> Iterator[Entry]:
    places = {parcel.id: place for place, parcel in enumerate(story.parcels, 1)}
    for event in story.events:
        mark, tone = wording.event_mark(event.kind, event.data)
        yield Entry(
            at=event.occurred_at,
            mark=mark,
            tone=tone,
            title=wording.event(event.kind, event.data, places.get(event.shipment_id or 0), story.order.currency),
            detail=_told(event),
        )


def _told(event: Happened) -> str:
    told = wording.SOURCES.get(event.data.get("source", event.source), event.source)
    return f"{told}, before the shop was connected: nobody is written to" if event.is_historic else told


def _said(story: Story, zone: ZoneInfo) -> Iterator[Entry]:
    for message in story.messages:
        state = wording.STATES[message.state]
        yield Entry(
            at=message.sent_at or max(message.due_at, message.planned_at),
            mark=state.mark,
            tone=state.tone,
            title=f"{state.words}: {wording.follow_up(message.follow_up)}",
            detail=_outcome(message),
            why=tuple(_why(message, zone)),
        )


def _done(story: Story) -> Iterator[Entry]:
    for effect in story.effects:
        state = wording.EFFECT_STATES[effect.state]
        yield Entry(
            at=effect.changed_at,
            mark=state.mark,
            tone=state.tone,
            title=f"{state.words}: {wording.amount(effect.amount, story.order.currency)}",
            detail=_with_remedy(reason(effect.reason) if effect.reason else state.detail, state),
        )


def _outcome(message: Said) -> str:
    state = wording.STATES[message.state]
    if message.state == "planned" and message.error and not message.reason:
        return f"Tried {wording.count(message.attempts, 'time')}, will be tried again. {reason(message.error)}"
    return _with_remedy(reason(message.reason) if message.reason else state.detail, state)


def _with_remedy(said: str, state: wording.State) -> str:
    return f"{said} {state.remedy}".strip()


def _why(message: Said, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    """In the same order always; what is not known yet is left out."""
    occurred, planned, due = (
        wording.moment(at, zone) for at in (message.occurred_at, message.planned_at, message.due_at)
    )
    yield "Rule", wording.follow_up(message.follow_up).capitalize()
    yield "Facts", f"About the {wording.ABOUT.get(message.about_kind, message.about_kind)}; it happened {occurred}"
    yield "Planned", f"{planned}, due {due}"
    if message.language:
        yield "Language", f"{wording.language(message.language)}, frozen at purchase"
    yield "Channel", wording.CHANNELS.get(message.channel, message.channel)
    if message.sent_at:
        yield "Handed over", f"{wording.moment(message.sent_at, zone)}. {message.reply}".strip()


PAGE = Page(slug="order", rule="/<shop>/orders/<uuid:order>", view=show)
