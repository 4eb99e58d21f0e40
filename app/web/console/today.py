"""Today: what needs the merchant, and whether his shops are kept up with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.connectors import CONNECTORS
from app.domain.insight import service as insight
from app.domain.insight.service import Health
from app.domain.shops.rules import ShopFacts
from app.web.console import wording
from app.web.console.base import Page, render
from app.web.console.reasons import reason
from app.web.context import context
from app.web.session import Merchant


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that does not go on by itself; `page` and `chosen` (its query) lead to where it is shown, if anywhere."""

    shop: ShopFacts
    title: str
    detail: str
    page: str = ""
    chosen: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    shop: ShopFacts
    platform: str
    health: Health


def show(merchant: Merchant) -> str:
    rows = [_row(shop) for shop in merchant.shops]
    needs = [need for row in rows for need in _needs(row)]
    return render("today", merchant, None, rows=rows, needs=needs)


def _row(shop: ShopFacts) -> Row:
    with context().runtime.db.transaction(shop.id) as session:
        return Row(shop=shop, platform=CONNECTORS[shop.platform].title, health=insight.health(session, shop.id))


def _needs(row: Row) -> Iterator[Need]:
    health = row.health
    error = health.pull_error
    if not health.is_connected:
        yield Need(shop=row.shop, title="The store is disconnected", detail="Nothing is read and nothing is sent.")
    elif error:
        yield Need(shop=row.shop, title="The store cannot be read", detail=reason(error))
    for parked in health.parked:
        title = f"{wording.count(parked.count, 'piece')} of work stopped: {wording.work(parked.kind)}"
        yield Need(shop=row.shop, title=title, detail=reason(parked.error))
    refused = health.deliveries.get("refused", 0)
    if refused:
        title = f"{wording.count(refused, 'delivery', 'deliveries')} could not be read this week"
        yield Need(
            shop=row.shop, title=title, detail="Each with its reason.", page="deliveries", chosen={"state": "refused"}
        )
    for state in ("uncertain", "failed"):
        if count := health.messages.get(state, 0):
            title = f"{wording.count(count, 'message')} this week: {wording.STATES[state].words}"
            yield Need(shop=row.shop, title=title, detail=wording.STATES[state].detail)


PAGE = Page(slug="today", rule="", view=show, title="Today")
