"""Names are asked for texts, and whether they are there at all."""

from __future__ import annotations

import pytest

from app.kernel.errors import Transient
from tests.kernel.name_server import name_server

LONG = "v=spf1 " + "a" * 400


def test_a_name_has_texts_or_none_or_is_not_there() -> None:
    with name_server({"shop.example": ["one", LONG], "below.empty.example": ["x"]}) as names:
        assert sorted(names.texts("shop.example") or ()) == ["one", LONG]
        assert names.texts("empty.example") == ()
        assert names.texts("nobody.example") is None


def test_who_gets_no_answer_says_so_and_not_that_there_is_nothing() -> None:
    with name_server({}, is_silent=True) as names, pytest.raises(Transient, match="dns_silent"):
        names.texts("shop.example")
