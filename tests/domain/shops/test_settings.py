"""What a merchant chooses stands from its moment on, and what he chose before stays readable."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.domain.shops import service as shops
from app.domain.shops.rules import Settings, is_mail_address, misfits, settings_from
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
    shop = a_shop(db, switched_on=())
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
    assert misfits({"switched_on": ["thank_you", "moon"]}, ["thank_you", "shipped"]) == [
        "switched_on names moon; there are shipped, thank_you"
    ]
    assert misfits({"switched_on": "thank_you"}) == ["switched_on must be a list of follow-ups"]


def test_what_was_stored_and_does_not_fit_any_more_is_left_at_its_default() -> None:
    stored = {
        "phone": "1",
        "returns_url": "javascript:alert(1)",
        "latest_days": -1,
        "switched_on": ["shipped"],
        "moon": 1,
    }
    assert settings_from(stored) == Settings(phone="1", switched_on=("shipped",))


@pytest.mark.parametrize(
    ("address", "fits"),
    [
        ("hello@shop.example", True),
        ("hello@bücher.example", True),
        ("hello", False),
        ("a@b@c.example", False),
        ("Lena <lena@shop.example>", False),
        ("hello@" + "a" * 70 + ".example", False),
        ("ä@shop.example", False),
    ],
)
def test_an_address_is_one_that_a_mail_server_could_read(address: str, fits: bool) -> None:
    assert is_mail_address(address) == fits
