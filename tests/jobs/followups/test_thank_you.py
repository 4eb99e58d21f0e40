"""When thanks are said, and when not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.events import Channel, OrderPlaced, OrderStatus
from app.jobs.followups import FOLLOWUPS
from app.jobs.followups.base import Facts, Plan, Skip
from tests.sample_facts import facts, order

THANK_YOU = FOLLOWUPS["thank_you"]
AT = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


def test_it_is_due_at_once_and_about_the_order() -> None:
    event = OrderPlaced(order_id=7, occurred_at=AT)
    assert THANK_YOU.plan(event, facts()) == Plan(due_at=AT, about_kind="order", about_id=7)


@pytest.mark.parametrize(
    ("about", "verdict"),
    [
        (facts(), "thank_you"),
        (facts(order=order(status=OrderStatus.COMPLETED)), "thank_you"),
        (facts(order=order(status=OrderStatus.CANCELLED)), Skip("order_cancelled")),
        (facts(order=order(status=OrderStatus.REFUNDED)), Skip("order_cancelled")),
        (facts(order=order(status=OrderStatus.DELETED)), Skip("order_cancelled")),
        (facts(order=order(channel=Channel.MARKETPLACE)), Skip("marketplace")),
        (facts(order=order(email=None)), Skip("no_address")),
        (facts(order=order(email="")), Skip("no_address")),
    ],
)
def test_it_is_checked_again_before_it_leaves(about: Facts, verdict: str | Skip) -> None:
    assert THANK_YOU.check(about) == verdict
