"""Messages: everything that may be written to shoppers, what is switched on, and what was not sent and why."""

from __future__ import annotations

from app.domain.insight import unsent
from app.domain.shops.rules import ShopFacts
from app.jobs.followups import FOLLOWUPS
from app.web.console.base import Page, chosen, render
from app.web.context import context
from app.web.session import Merchant

MOST_SHOWN = 20


def show(merchant: Merchant, shop: ShopFacts) -> str:
    runtime = context().runtime
    with runtime.db.transaction(shop.id) as session:
        tallies = unsent.tallies(session)
        doubtful = unsent.doubtful(session, MOST_SHOWN)
    return render(
        "messages",
        merchant,
        shop,
        follow_ups=FOLLOWUPS,
        switched_on=chosen(shop).settings.switched_on,
        tallies=tallies,
        doubtful=doubtful,
        has_mail_server=runtime.settings.smtp_url is not None,
    )


PAGE = Page(slug="messages", rule="/<shop>/messages", view=show, title="Messages")
