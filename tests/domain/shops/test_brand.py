"""No brand colour may make a page unreadable."""

from itertools import product

import pytest

from app.domain.shops.brand import DARK, FALLBACK, GRAPHIC, LIGHT, STATES, TEXT, Page, contrast, roles

LEVELS = ("00", "33", "66", "99", "cc", "ff")
BRANDS = ["#" + "".join(parts) for parts in product(LEVELS, repeat=3)]


def broken_rules(found: dict[str, str]) -> list[str]:
    """Every rule of the look that these roles break."""
    least = {
        **{("ink", ground): 7.0 for ground in ("paper", "wash")},
        **{("ink-soft", ground): TEXT for ground in ("paper", "wash")},
        **{("edge", ground): GRAPHIC for ground in ("paper", "wash")},
        **{("brand-ink", ground): TEXT for ground in ("paper", "wash", "brand-wash")},
        **{(state, ground): TEXT for state in STATES for ground in ("paper", "wash")},
        ("on-brand", "brand"): TEXT,
        ("brand-edge", "paper"): GRAPHIC,
    }
    return [
        f"{one} on {other}" for (one, other), wanted in least.items() if contrast(found[one], found[other]) < wanted
    ]


@pytest.mark.parametrize("page", [LIGHT, DARK], ids=["light", "dark"])
def test_every_brand_colour_gives_readable_roles(page: Page) -> None:
    assert {brand: broken for brand in BRANDS if (broken := broken_rules(dict(roles(brand, page))))} == {}


def test_on_a_light_page_the_fill_is_the_merchants_colour_exactly() -> None:
    assert [roles(brand)["brand"] for brand in BRANDS] == BRANDS


def test_a_pale_brand_keeps_its_colour_and_gets_an_outline() -> None:
    found = roles("#f2b90c")
    assert found["brand"] == "#f2b90c"
    assert found["brand-edge"] == found["brand-ink"] != "#f2b90c"


def test_a_black_brand_becomes_the_ink_on_a_dark_page() -> None:
    assert roles("#161616", DARK)["brand"] == DARK.ink


@pytest.mark.parametrize("nonsense", ["", "red", "#12", "#1d4f9g", "#1d4f91;}", "url(x)"])
def test_what_is_no_colour_counts_as_not_given(nonsense: str) -> None:
    assert roles(nonsense) == roles(FALLBACK)


def test_hairlines_edges_and_washes_are_the_ink_faded_into_the_paper() -> None:
    found = roles("#1d4f91")
    assert [found[role] for role in ("line", "edge", "wash", "brand-wash")] == [
        "#e1e1e1",
        "#8c8c8b",
        "#f6f6f6",
        "#e8edf4",
    ]
