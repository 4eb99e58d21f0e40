"""Decimal text becomes minor units, exactly."""

from __future__ import annotations

import pytest

from app.connectors.shopify.money import minor_units
from app.kernel.errors import Permanent


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.90", "EUR", 1290),
        ("12.9", "EUR", 1290),
        ("0.00", "EUR", 0),
        ("", "EUR", 0),
        ("-3.5", "EUR", -350),
        ("1290", "JPY", 1290),
        ("1290.0", "JPY", 1290),
        ("1.234", "KWD", 1234),
        ("0.005", "EUR", 1),
        ("99999999999999.99", "EUR", 9_999_999_999_999_999),
    ],
)
def test_an_amount_is_counted_in_the_smallest_coin(amount: str, currency: str, minor: int) -> None:
    assert minor_units(amount, currency) == minor


@pytest.mark.parametrize("amount", ["12,90", "NaN", "Infinity", "1e9", "1e999999999", "£5", "9" * 400, "١٢"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(Permanent) as refused:
        minor_units(amount, "EUR")
    assert refused.value.code == "unexpected_body"
