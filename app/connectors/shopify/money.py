"""Shopify writes money as decimal text ("12.90"); the house counts minor units."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from babel.numbers import get_currency_precision

from app.kernel.errors import Permanent

AMOUNT = re.compile(r"-?[0-9]{1,14}(\.[0-9]{1,12})?")


def minor_units(amount: str, currency: str) -> int:
    """ "12.90" EUR is 1290, "1290" JPY is 1290; nothing at all is 0. `Permanent` for what is no amount."""
    units = (decimal(amount) or Decimal(0)).scaleb(get_currency_precision(currency))
    return int(units.to_integral_value(ROUND_HALF_UP))


def decimal(amount: str) -> Decimal | None:
    """ "12.90" as it stands there; None for nothing at all. `Permanent` for what is no amount."""
    if not amount:
        return None
    if not AMOUNT.fullmatch(amount):
        raise Permanent("unexpected_body", "no amount")
    return Decimal(amount)


def amount_of(minor: int, currency: str) -> str:
    """1290 EUR is "12.90", 1290 JPY is "1290"."""
    return str(Decimal(minor).scaleb(-get_currency_precision(currency)))
