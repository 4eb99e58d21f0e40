"""What a merchant chooses stands from its moment on, and what he chose before stays readable."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from app.domain.shops import service as shops
from app.domain.shops.rules import misfits
from app.kernel.db import Database
from tests.builders import NOON, a_shop

DAY = timedelta(days=1)


def test_each_moment_has_its_own_settings(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        shops.choose(session, shop.id, {"phone": "1", "voice": "informal"}, NOON)
        shops.choose(session, shop.id, {"phone": "2"}, NOON + DAY)
        seen = [shops.present(session, shop.id, NOON + days * DAY).settings for days in (-1, 0, 1)]
    assert [(settings.phone, settings.voice) for settings in seen] == [
        ("", "formal"),
        ("1", "informal"),
        ("2", "informal"),
    ]


def test_choosing_the_same_again_makes_no_new_version(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        for days in range(3):
            shops.choose(session, shop.id, {"phone": "1"}, NOON + days * DAY)
        assert session.scalar(text("SELECT count(*) FROM shop_settings")) == 1


def test_what_cannot_be_chosen_is_said_in_words() -> None:
    assert misfits({"phone": "1", "latest_days": 3}) == []
    first, second = misfits({"colour_of_the_moon": "#fff", "latest_days": "soon"})
    assert first.startswith("colour_of_the_moon is no setting; there are brand_colour")
    assert second == "latest_days must be a number"
    assert misfits({"latest_days": 61}) == ["latest_days must be between 0 and 60"]
