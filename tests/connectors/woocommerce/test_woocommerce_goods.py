"""Recorded products, customers and coupons say what they said, and nothing that they did not say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.connectors.base import Ask, Page
from app.connectors.woocommerce import CONNECTOR
from app.connectors.woocommerce.coupons import discount_from
from app.connectors.woocommerce.customers import customer_from
from app.connectors.woocommerce.mapping import order_from
from app.connectors.woocommerce.products import product_from
from app.events import CustomerFact, DiscountKind, Fact, Gone, ProductFact, Resource, Variant
from app.kernel.errors import Permanent, Transient
from app.kernel.http import Http
from tests.connectors.woocommerce.recorded import Asked, a_store, body_of, replay, say

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SHIRT = body_of("rest/products-create-simple")
TEE = body_of("rest/products-get-variable")
SIZES = body_of("rest/product-variations-list")


def a_product(**changes: Any) -> ProductFact:
    return product_from({**SHIRT, **changes})


def only_variant(**changes: Any) -> Variant:
    (variant,) = a_product(**changes).variants
    return variant


# --- products ---------------------------------------------------------------------------------------------------------


def test_a_simple_product_is_its_own_variant() -> None:
    assert a_product() == ProductFact(
        ref="12",
        updated_at=datetime(2026, 11, 21, 22, 18, 9, tzinfo=UTC),
        title="Lněná košile",
        is_listed=True,
        url="https://127.0.0.1:8444/product/lnena-kosile/",
        image_url="https://127.0.0.1:8444/wp-content/uploads/2026/11/p1.png",
        collections=("16",),
        variants=(Variant(ref="12", sku="LIN-001", price=Decimal("49.00"), stock=40),),
    )


def test_a_variable_product_is_its_variations() -> None:
    fact = product_from(TEE, reversed(SIZES))
    assert [variant.ref for variant in fact.variants] == [str(number) for number in range(35, 41)]
    assert fact.variants[-1] == Variant(
        ref="40",
        title="L, Černá",
        sku="TEE-012-L-BK",
        price=Decimal("27.00"),
        stock=20,
        image_url="https://127.0.0.1:8444/wp-content/uploads/2026/11/p12.png",
    )


def test_the_lines_of_an_order_name_the_variants_that_products_tell() -> None:
    refs = {variant.ref for product in (a_product(), product_from(TEE, SIZES)) for variant in product.variants}
    lines = [line for order in body_of("rest/orders-list-page1") for line in order_from(order).lines]
    found = {line.variant_ref for line in lines if line.product_ref in ("12", "34")}
    assert found
    assert found <= refs


@pytest.mark.parametrize(
    ("changes", "is_listed"),
    [
        ({}, True),
        ({"status": "draft"}, False),
        ({"status": "private"}, False),
        ({"status": "trash"}, False),
        ({"catalog_visibility": "hidden"}, False),
        ({"catalog_visibility": "search"}, True),
        ({"post_password": "secret"}, False),
    ],
)
def test_what_shoppers_can_find(changes: dict[str, Any], is_listed: bool) -> None:
    assert a_product(**changes).is_listed is is_listed


@pytest.mark.parametrize(
    ("changes", "stock", "is_available"),
    [
        ({}, 40, True),
        ({"stock_quantity": 0, "stock_status": "outofstock"}, 0, False),
        ({"stock_quantity": -2, "stock_status": "onbackorder"}, -2, True),
        ({"manage_stock": False, "stock_quantity": None}, None, True),
        ({"manage_stock": False, "stock_status": "outofstock"}, None, False),
        ({"manage_stock": "parent", "stock_quantity": 7}, 7, True),
        ({"stock_quantity": "2.5"}, 2, True),
        ({"stock_quantity": "many"}, None, True),
        ({"purchasable": False}, 40, False),
        ({"status": "trash"}, 40, False),
    ],
)
def test_what_can_be_had(changes: dict[str, Any], stock: int | None, is_available: bool) -> None:
    variant = only_variant(**changes)
    assert (variant.stock, variant.is_available) == (stock, is_available)


@pytest.mark.parametrize(
    ("prices", "told"),
    [
        (("49.00", "49.00"), (Decimal("49.00"), None)),
        (("39.00", "49.00"), (Decimal("39.00"), Decimal("49.00"))),
        (("", ""), (None, None)),
        ((12.5, None), (Decimal("12.5"), None)),
    ],
)
def test_a_sale_says_what_it_was_before(prices: tuple[Any, Any], told: tuple[Any, Any]) -> None:
    variant = only_variant(price=prices[0], regular_price=prices[1])
    assert (variant.price, variant.compare_at_price) == told


def test_names_lose_their_markup_and_groups_have_nothing_to_buy() -> None:
    named = a_product(name="Apron <b>Chef's</b> &amp; Co.", brands=[{"name": "Åsa &amp; Co"}], tags=[{"name": "Linen"}])
    assert (named.title, named.vendor, named.tags) == ("Apron Chef's & Co.", "Åsa & Co", ("Linen",))
    assert a_product(type="grouped").variants == ()


@pytest.mark.parametrize("field", ["id", "date_modified_gmt"])
def test_a_product_without_what_it_cannot_do_without_is_refused(field: str) -> None:
    with pytest.raises(Permanent, match=f"unreadable_product: {field}"):
        a_product(**{field: None})


# --- customers --------------------------------------------------------------------------------------------------------


def test_a_customer_is_told_with_what_the_account_says() -> None:
    assert customer_from(body_of("rest/customers-get")) == CustomerFact(
        ref="5",
        updated_at=datetime(2026, 11, 21, 22, 18, 21, tzinfo=UTC),
        created_at=datetime(2026, 11, 21, 22, 18, 18, tzinfo=UTC),
        email="chan@example.com",
        phone="+44 20 7946 0000",
        first_name="陳",
        last_name="大文",
        country="GB",
    )


def test_an_account_that_was_never_edited_is_as_old_as_it_is() -> None:
    fact = customer_from({**body_of("rest/customers-get"), "date_modified_gmt": None})
    assert fact.updated_at == fact.created_at


# --- coupons ----------------------------------------------------------------------------------------------------------

COUPON = body_of("rest/coupons-create")


@pytest.mark.parametrize(
    ("changes", "kind", "value"),
    [
        ({}, DiscountKind.PERCENT, Decimal("15.00")),
        ({"discount_type": "fixed_cart"}, DiscountKind.AMOUNT, Decimal("15.00")),
        ({"discount_type": "fixed_product", "free_shipping": False}, DiscountKind.AMOUNT, Decimal("15.00")),
        ({"amount": "0.00"}, DiscountKind.SHIPPING, None),
        ({"discount_type": "sign_up_fee"}, DiscountKind.OTHER, Decimal("15.00")),
    ],
)
def test_what_a_coupon_takes_off(changes: dict[str, Any], kind: DiscountKind, value: Decimal | None) -> None:
    fact = discount_from({**COUPON, **changes})
    assert (fact.kind, fact.value, fact.codes) == (kind, value, ("žluťoučký",))


def test_a_coupon_ends_at_the_stores_midnight_and_has_its_limits() -> None:
    fact = discount_from({**COUPON, "usage_limit": 5, "usage_count": 3, "minimum_amount": "20.00"})
    assert fact.ends_at == datetime(2029, 12, 31, 23, tzinfo=UTC)
    assert (fact.usage_limit, fact.used, fact.minimum, fact.is_active) == (5, 3, Decimal("20.00"), True)
    plain = discount_from(COUPON)
    assert (plain.usage_limit, plain.used, plain.minimum, plain.starts_at) == (None, 0, None, None)


@pytest.mark.parametrize(
    ("status", "is_active", "begins"),
    [("publish", True, False), ("future", True, True), ("draft", False, False), ("trash", False, False)],
)
def test_a_planned_coupon_begins_when_it_is_dated(status: str, is_active: bool, begins: bool) -> None:
    fact = discount_from({**COUPON, "status": status})
    assert (fact.is_active, fact.starts_at is not None) == (is_active, begins)


# --- reading ----------------------------------------------------------------------------------------------------------


def pull(http: Http, says: Callable[[Asked], bytes], **ask: Any) -> tuple[Page, list[Asked]]:
    with a_store(says) as store:
        return CONNECTOR.pull(store.access, http, Ask(**ask)), store.asked


def test_a_page_of_products_reads_the_variations_of_those_that_have_some(http: Http) -> None:
    def says(asked: Asked) -> bytes:
        if asked.path == "wc/v3/products/34/variations":
            return replay("rest/product-variations-list")
        return say([SHIRT, TEE], 200, "X-WP-Total: 2", "Date: Sat, 21 Nov 2026 22:41:00 GMT")

    page, asked = pull(http, says, resource=Resource.PRODUCTS, changed_since=NOON)
    assert [(fact.ref, len(fact.variants)) for fact in page.facts if isinstance(fact, ProductFact)] == [
        ("12", 1),
        ("34", 6),
    ]
    assert (page.total, page.cursor) == (2, "trash/0/0")
    assert page.answered_at == datetime(2026, 11, 21, 22, 41, tzinfo=UTC)
    assert asked[0].query["modified_after"] == "2026-11-21T11:59:59"
    assert "price_html" not in asked[0].query["_fields"]


def test_a_product_that_goes_while_it_is_read_takes_no_other_with_it(http: Http) -> None:
    def says(asked: Asked) -> bytes:
        gone = asked.path == "wc/v3/products/34/variations"
        return replay("rest/error-product-missing") if gone else say([TEE, {**SHIRT, "id": 90}])

    page, _ = pull(http, says, resource=Resource.PRODUCTS)
    assert [fact.ref for fact in page.facts if isinstance(fact, ProductFact)] == ["90"]


def test_more_variations_than_a_page_holds_are_all_read_and_there_is_an_end(http: Http) -> None:
    def says(asked: Asked) -> bytes:
        if asked.path == "wc/v3/products":
            return say([TEE])
        start = 100 * (int(asked.query["page"]) - 1)
        return say([{**SIZES[0], "id": number} for number in range(1000 + start, 1000 + min(start + 100, 130))])

    page, _ = pull(http, says, resource=Resource.PRODUCTS)
    (fact,) = page.facts
    assert isinstance(fact, ProductFact)
    assert len(fact.variants) == 130

    def for_ever(asked: Asked) -> bytes:
        return say([TEE] if asked.path == "wc/v3/products" else [SIZES[0]] * 100)

    with pytest.raises(Transient, match="paging_refused"):
        pull(http, for_ever, resource=Resource.PRODUCTS)


def test_a_store_that_cuts_its_pages_loses_no_variations(http: Http) -> None:
    def says(asked: Asked) -> bytes:
        if asked.path == "wc/v3/products":
            return say([TEE])
        start = 50 * (int(asked.query["page"]) - 1)
        shown = range(1000 + start, 1000 + min(start + 50, 130))
        return say([{**SIZES[0], "id": number} for number in shown], 200, "X-WP-Total: 130")

    page, asked = pull(http, says, resource=Resource.PRODUCTS)
    (fact,) = page.facts
    assert isinstance(fact, ProductFact)
    assert len(fact.variants) == 130
    assert [one.query["page"] for one in asked[1:]] == ["1", "2", "3"]


def test_what_is_no_list_of_variations_does_not_empty_a_product(http: Http) -> None:
    def says(asked: Asked) -> bytes:
        return say([TEE] if asked.path == "wc/v3/products" else {"0": SIZES[0]})

    with pytest.raises(Transient, match="unexpected_answer"):
        pull(http, says, resource=Resource.PRODUCTS)


def test_customers_are_always_read_whole_and_the_staff_is_left_out(http: Http) -> None:
    page, (asked,) = pull(
        http, lambda _: replay("rest/customers-list"), resource=Resource.CUSTOMERS, changed_since=NOON
    )
    refs = [fact.ref for fact in page.facts if isinstance(fact, CustomerFact)]
    told = body_of("rest/customers-list")
    assert set(refs) == {str(one["id"]) for one in told if one["role"] == "customer"}
    assert {one["role"] for one in told} == {"administrator", "shop_manager", "customer"}
    assert "modified_after" not in asked.query
    assert asked.query["role"] == "all"
    assert page.cursor == ""


def test_coupons_are_one_list_that_tells_what_changed(http: Http) -> None:
    page, (asked,) = pull(http, lambda _: replay("rest/coupons-list"), resource=Resource.DISCOUNTS, changed_since=NOON)
    assert (len(page.facts), page.cursor, page.total) == (3, "", 3)
    assert "status" not in asked.query
    assert asked.query["modified_after"]


@pytest.mark.parametrize(
    ("resource", "refusal"),
    [
        (Resource.PRODUCTS, "rest/error-product-missing"),
        (Resource.CUSTOMERS, ""),
        (Resource.DISCOUNTS, ""),
    ],
)
def test_what_a_store_no_longer_has_is_gone(http: Http, resource: Resource, refusal: str) -> None:
    missing = say({"code": "woocommerce_rest_invalid_id", "message": "", "data": {"status": 404}}, 404)
    page, _ = pull(http, lambda _: replay(refusal) if refusal else missing, resource=resource, refs=("7",))
    (gone,) = page.facts
    assert isinstance(gone, Gone)
    assert (gone.ref, gone.resource) == ("7", resource)
    assert page.answered_at is None


def facts_of(http: Http, resource: Resource, body: Any) -> tuple[Fact, ...]:
    return pull(http, lambda _: say(body), resource=resource, refs=("7",))[0].facts


def test_single_things_are_read_as_they_are(http: Http) -> None:
    assert facts_of(http, Resource.PRODUCTS, SHIRT) == (a_product(),)
    assert facts_of(http, Resource.PRODUCTS, {**SHIRT, "type": "variation"}) == ()
    assert facts_of(http, Resource.CUSTOMERS, body_of("rest/customers-get"))
    assert facts_of(http, Resource.DISCOUNTS, COUPON) == (discount_from(COUPON),)
    assert facts_of(http, Resource.DISCOUNTS, {**COUPON, "code": ""}) == ()


@pytest.mark.parametrize("ask", [{}, {"refs": ("7",)}])
def test_a_store_that_uses_no_coupons_has_none(http: Http, ask: dict[str, Any]) -> None:
    def says(asked: Asked, switch: str = "no") -> bytes:
        if asked.path == "wc/v3/settings/general":
            return say([{"id": "woocommerce_enable_coupons", "value": switch}])
        return replay("rest/error-no-auth")

    page, _ = pull(http, says, resource=Resource.DISCOUNTS, **ask)
    assert page == Page(facts=())
    with pytest.raises(Permanent, match="keys_refused"):
        pull(http, lambda asked: says(asked, "yes"), resource=Resource.DISCOUNTS, **ask)
    with pytest.raises(Permanent, match="keys_refused"):
        pull(http, says, resource=Resource.CUSTOMERS, **ask)
