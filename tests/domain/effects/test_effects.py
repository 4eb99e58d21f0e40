"""An effect is intended once, within what the order allows, whoever asks at the same moment."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.apply import apply
from app.domain.effects import service as effects
from app.domain.effects.rules import Promised, State, Step, left_to_refund, next_look, next_step
from app.domain.effects.service import Draft
from app.domain.shops.rules import ShopFacts
from app.events import EffectKind, OrderStatus, Source
from app.kernel.db import Database
from app.kernel.errors import Permanent
from tests.builders import a_refund, a_shop, an_order, owed

REFUND = EffectKind.REFUND
TOTAL = an_order().total


def an_ordered(db: Database, **changes: Any) -> tuple[ShopFacts, int]:
    """A shop with one order, and the order's id."""
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        apply(session, shop, [an_order(**changes)], Source.PULL)
        return shop, session.scalar(text("SELECT id FROM orders")) or 0


def a_draft(order_id: int, about_id: int = 1, amount: int = 100, **changes: Any) -> Draft:
    return Draft(about_kind="return", about_id=about_id, order_id=order_id, amount=amount, **changes)


def intend(db: Database, shop: ShopFacts, draft: Draft) -> int:
    with db.transaction(shop.id) as session:
        return effects.intend(session, shop.id, draft)


def test_an_intent_is_written_with_its_work_and_a_second_one_gets_the_first(db: Database) -> None:
    shop, order_id = an_ordered(db)
    ids = [intend(db, shop, a_draft(order_id, amount=amount)) for amount in (100, 200)]
    with db.transaction(shop.id) as session:
        assert owed(session, "effect") == [str(ids[0])]
        (kept,) = effects.of_order(session, order_id)
    assert ids[0] == ids[1] == kept.id
    assert (kept.amount, kept.state) == (100, State.PLANNED)


def test_ten_clicks_at_once_are_one_intent(db: Database) -> None:
    shop, order_id = an_ordered(db)
    with ThreadPoolExecutor(10) as pool:
        ids = set(pool.map(lambda _: intend(db, shop, a_draft(order_id)), range(10)))
    with db.transaction(shop.id) as session:
        assert owed(session, "effect") == [str(one) for one in ids]


def test_refunds_intended_at_once_never_exceed_what_was_paid(db: Database) -> None:
    shop, order_id = an_ordered(db)

    def ask(about_id: int) -> str:
        try:
            return str(bool(intend(db, shop, a_draft(order_id, about_id, amount=TOTAL // 3))))
        except Permanent as refusal:
            return refusal.code

    with ThreadPoolExecutor(10) as pool:
        said = Counter(pool.map(ask, range(10)))
    assert said == {"True": 3, "more_than_was_paid": 7}


def test_what_the_store_gave_back_by_itself_counts_too(db: Database) -> None:
    shop, order_id = an_ordered(db)
    with db.transaction(shop.id) as session:
        apply(session, shop, [a_refund(amount=TOTAL - 100)], Source.PULL)
    intend(db, shop, a_draft(order_id, amount=100))
    with pytest.raises(Permanent, match="more_than_was_paid"):
        intend(db, shop, a_draft(order_id, 2, amount=1))


@pytest.mark.parametrize(("amount", "code"), [(0, "nothing_to_refund"), (-5, "nothing_to_refund")])
def test_no_refund_is_nothing_or_less(db: Database, amount: int, code: str) -> None:
    shop, order_id = an_ordered(db)
    with pytest.raises(Permanent, match=code):
        intend(db, shop, a_draft(order_id, amount=amount))


def test_what_was_not_paid_is_not_given_back(db: Database) -> None:
    shop, order_id = an_ordered(db, status=OrderStatus.PENDING)
    with pytest.raises(Permanent, match="more_than_was_paid"):
        intend(db, shop, a_draft(order_id))
    with pytest.raises(Permanent, match="order_unknown"):
        intend(db, shop, a_draft(order_id + 1))


def test_an_intent_taken_back_is_not_worked_on_and_frees_its_money(db: Database) -> None:
    shop, order_id = an_ordered(db)
    effect_id = intend(db, shop, a_draft(order_id, amount=TOTAL))
    with db.transaction(shop.id) as session:
        assert effects.cancel(session, shop.id, effect_id)
        assert not effects.cancel(session, shop.id, effect_id)
        assert owed(session, "effect") == []
    intend(db, shop, a_draft(order_id, 2, amount=TOTAL))


def test_a_refund_of_ours_counts_once_when_the_platform_tells_of_it() -> None:
    ours = [Promised(amount=30, outcome="r1"), Promised(amount=20, outcome="")]
    assert left_to_refund(100, {}, ours) == 50
    assert left_to_refund(100, {"r1": 30, "r2": 5}, ours) == 45


def test_an_unknown_outcome_is_waited_for_then_asked_once_more_then_left_to_a_person() -> None:
    minute = timedelta(minutes=1)
    assert [next_step(REFUND, 1, waited * minute) for waited in (0, 9, 10)] == [Step.WAIT, Step.WAIT, Step.CALL]
    assert next_step(REFUND, 2, 9 * minute) is Step.WAIT
    assert next_step(REFUND, 2, 11 * minute) is Step.ASK


def test_looks_grow_apart_and_end_with_the_wait() -> None:
    waited, looks = timedelta(), 0
    while next_step(REFUND, 1, waited) is Step.WAIT:
        waited += next_look(REFUND, waited)
        looks += 1
    assert looks < 15
    assert timedelta(minutes=10) <= waited < timedelta(minutes=10, seconds=5)
