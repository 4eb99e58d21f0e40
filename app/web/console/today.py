"""Today: what needs the merchant, and whether his shops are kept up with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from flask import abort, request

from app.connectors import CONNECTORS
from app.domain.insight import service as insight
from app.domain.insight import trouble
from app.domain.insight.service import Health
from app.domain.insight.trouble import Kind, Trouble
from app.domain.outbox import service as outbox
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.web.console import wording
from app.web.console.base import Answer, Page, go, render
from app.web.console.reasons import reason
from app.web.context import context
from app.web.session import Merchant

RESUMED = frozenset(wording.WORK) - {"deliver", "effect"}
"""Work that a merchant may let try again by a button. Letters and refunds were stopped for a reason of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that does not go on by itself. `page` and `chosen` (the rest of its address) lead to where it is mended, `again`
    names the work that may be tried again."""

    shop: ShopFacts
    title: str
    detail: str
    page: str
    chosen: Mapping[str, str] = field(default_factory=dict[str, str])
    again: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`told` is where mails about trouble go, empty for nowhere."""

    shop: ShopFacts
    told: str
    platform: str
    health: Health
    troubles: tuple[Trouble, ...]


def show(merchant: Merchant) -> str:
    rows = [_row(shop) for shop in merchant.shops]
    needs = [need for row in rows for need in _needs(row)]
    return render("today", merchant, None, rows=rows, needs=needs)


def resume(merchant: Merchant) -> Answer:
    """Let stopped work try again, as the operator's command of that name does."""
    shop = merchant.find(request.form.get("shop", "")) or abort(404)
    kind = request.form.get("kind", "")
    if kind not in RESUMED:
        abort(404)
    with context().runtime.db.transaction(shop.id) as session:
        outbox.unpark(session, shop.id, kind)
    return go("today", done="resumed")


def _row(shop: ShopFacts) -> Row:
    runtime = context().runtime
    with runtime.db.transaction(shop.id) as session:
        return Row(
            shop=shop,
            told=shops.present(session, shop.id, runtime.clock.now()).reply_address,
            platform=CONNECTORS[shop.platform].title,
            health=insight.health(session, shop.id),
            troubles=trouble.troubles(session, shop.id),
        )


def _needs(row: Row) -> Iterator[Need]:
    if not row.health.is_connected:
        yield Need(
            shop=row.shop,
            title="The store is disconnected",
            detail=f"Nothing is read and nothing is sent. {wording.CONNECT_AGAIN}",
            page="sync",
        )
    for found in row.troubles:
        yield from TROUBLES[found.kind](row, found)
    refused = row.health.deliveries.get("refused", 0)
    if refused:
        title = f"{wording.count(refused, 'delivery', 'deliveries')} could not be read this week"
        yield Need(
            shop=row.shop,
            title=title,
            detail=f"Each with its reason. {wording.DELIVERY_STATES['refused'].remedy}",
            page="deliveries",
            chosen={"state": "refused"},
        )


def _shut_out(row: Row, found: Trouble) -> Iterator[Need]:
    yield Need(shop=row.shop, title="The store cannot be read", detail=_why(found), page="sync")


def _unread(row: Row, found: Trouble) -> Iterator[Need]:
    detail = f"{_why(found)} Does it open in a browser? Then have its firewall or security plugin let us in."
    yield Need(shop=row.shop, title="The store cannot be read", detail=detail, page="sync")


def _unsubscribed(row: Row, found: Trouble) -> Iterator[Need]:
    detail = f"{_why(found)} Until then we ask it every few minutes."
    yield Need(shop=row.shop, title="The store does not tell us its news", detail=detail, page="sync")


def _stopped(row: Row, _found: Trouble) -> Iterator[Need]:
    for parked in row.health.parked:
        title = f"{wording.count(parked.count, 'piece')} of work stopped: {wording.work(parked.kind)}"
        may_resume = parked.kind in RESUMED
        yield Need(
            shop=row.shop,
            title=title,
            detail=reason(parked.error) if may_resume else f"{reason(parked.error)} {BY_THE_OPERATOR}",
            page=MENDED.get(parked.kind, "sync"),
            again=parked.kind if may_resume else "",
        )


def _failing(row: Row, _found: Trouble) -> Iterator[Need]:
    for state in ("uncertain", "failed"):
        if count := row.health.messages.get(state, 0):
            shown = wording.STATES[state]
            title = f"{wording.count(count, 'message')} this week: {shown.words}"
            yield Need(shop=row.shop, title=title, detail=f"{shown.detail} {shown.remedy}", page="messages")


def _waiting(row: Row, found: Trouble) -> Iterator[Need]:
    title = f"{wording.count(found.count, 'message')} cannot leave"
    yield Need(shop=row.shop, title=title, detail=f"{_why(found)} It is tried again by itself.", page="messages")


def _why(found: Trouble) -> str:
    return " ".join(reason(code) for code in found.codes)


TROUBLES: dict[Kind, Callable[[Row, Trouble], Iterator[Need]]] = {
    Kind.KEYS_REFUSED: _shut_out,
    Kind.UNREADABLE: _unread,
    Kind.WEBHOOKS: _unsubscribed,
    Kind.STOPPED: _stopped,
    Kind.LETTERS: _failing,
    Kind.MAIL_SERVER: _waiting,
}
BY_THE_OPERATOR = "Once that is mended, whoever runs Encore lets it be tried again."
MENDED = {"ingest": "deliveries", "deliver": "messages", "plan": "messages", "effect": "orders"}
"""The page that shows a kind of work; all other work is about the store."""

PAGE = Page(slug="today", rule="", view=show, act=resume, title="Today")
