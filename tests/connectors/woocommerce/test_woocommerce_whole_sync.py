"""The connector against the sandbox's store over real HTTP: what it pulls is what the store holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from random import Random

import pytest

from app.connectors.base import Access, Ask, Page, PolicyKind
from app.connectors.woocommerce import CONNECTOR
from app.events import (
    Channel,
    CustomerFact,
    DiscountFact,
    Fact,
    Gone,
    OrderFact,
    ProductFact,
    RefundFact,
    RefundIntent,
    Resource,
)
from app.kernel.errors import Uncertain
from app.kernel.http import Http
from sandbox import things
from sandbox.bulk import fill
from sandbox.fate import on_a_marketplace, over_the_counter
from sandbox.faults import Fault, How, Where
from sandbox.serving import Server
from sandbox.story import Story
from sandbox.woocommerce.application import Platform, application
from sandbox.woocommerce.auth import ApiKey
from tests.sandbox.shops import Fair

KEY = ApiKey.made_from("whole")


@pytest.fixture
def fair() -> Fair:
    return Fair()


@pytest.fixture
def platform(fair: Fair) -> Iterator[Platform]:
    server = Server()
    built = application(fair.stage, fair.coffee, (KEY,), server.url, Story(fair.stage.world).buy)
    server.start(built.app)
    yield built
    server.stop()


@pytest.fixture
def access(platform: Platform) -> Access:
    secrets = {"consumer_key": KEY.consumer_key, "consumer_secret": KEY.consumer_secret, "webhook_secret": "s3"}
    return Access(base_url=platform.deliveries.home, secrets=secrets)


def read(http: Http, access: Access, resource: Resource) -> tuple[list[Fact], list[Page]]:
    pages: list[Page] = []
    while not pages or pages[-1].cursor:
        cursor = pages[-1].cursor if pages else ""
        pages.append(CONNECTOR.pull(access, http, Ask(resource=resource, cursor=cursor)))
    return [fact for page in pages for fact in page.facts], pages


def one(http: Http, access: Access, resource: Resource, ref: int) -> tuple[Fact, ...]:
    return CONNECTOR.pull(access, http, Ask(resource=resource, refs=(str(ref),))).facts


def test_every_product_is_pulled_with_what_it_costs_and_what_is_left(http: Http, fair: Fair, access: Access) -> None:
    order = fair.buy(fair.coffee)
    facts, pages = read(http, access, Resource.PRODUCTS)
    found = {fact.ref: fact for fact in facts if isinstance(fact, ProductFact)}
    assert set(found) == {str(product_id) for product_id in fair.coffee.products}
    assert {page.answered_at for page in pages} == {fair.stage.world.now()}
    for product in fair.coffee.products.values():
        told = found[str(product.id)]
        assert Counter(variant.price for variant in told.variants) == Counter(
            Decimal(variant.price) / 100 for variant in product.variants
        )
        stocks = [None if product.is_virtual else variant.stock for variant in product.variants]
        assert [variant.stock for variant in told.variants] == stocks
        assert told.image_url.endswith(f"/{product.handle}.svg")
    on_sale = [variant for fact in found.values() for variant in fact.variants if variant.compare_at_price]
    assert [(variant.price, variant.compare_at_price) for variant in on_sale] == [(Decimal("14.90"), Decimal("17.90"))]
    variants = {variant.ref for fact in found.values() for variant in fact.variants}
    told_order = one(http, access, Resource.ORDERS, order.id)[0]
    assert isinstance(told_order, OrderFact)
    assert {line.variant_ref for line in told_order.lines} <= variants


def test_products_go_to_the_bin_and_for_good(http: Http, fair: Fair, access: Access) -> None:
    cup, mill = [product for product in fair.coffee.products.values() if product.kind in ("cup", "grinder")]
    fair.later(hours=1)
    since = fair.clock.at
    fair.coffee.bin_thing(cup)
    fair.coffee.remove_thing(mill)
    first = CONNECTOR.pull(access, http, Ask(resource=Resource.PRODUCTS, changed_since=since))
    (binned,) = CONNECTOR.pull(
        access, http, Ask(resource=Resource.PRODUCTS, changed_since=since, cursor=first.cursor)
    ).facts
    assert first.facts == ()
    assert isinstance(binned, ProductFact)
    assert (binned.ref, binned.is_listed) == (str(cup.id), False)
    (gone,) = one(http, access, Resource.PRODUCTS, mill.id)
    assert gone == Gone(ref=str(mill.id), updated_at=fair.stage.world.now(), resource=Resource.PRODUCTS)


def test_accounts_and_coupons_are_pulled_whole(http: Http, fair: Fair, access: Access) -> None:
    customers, _ = read(http, access, Resource.CUSTOMERS)
    told = {(fact.ref, fact.email) for fact in customers if isinstance(fact, CustomerFact)}
    assert told == {(str(account.id), account.person.email) for account in fair.coffee.accounts.values()}
    coupons, _ = read(http, access, Resource.DISCOUNTS)
    codes = {fact.codes[0]: fact for fact in coupons if isinstance(fact, DiscountFact)}
    assert set(codes) == {"nebel10", "freunde5", "versandfrei", "sommerröstung"}
    assert {code: fact.kind.value for code, fact in codes.items()} == {
        "nebel10": "percent",
        "freunde5": "amount",
        "versandfrei": "shipping",
        "sommerröstung": "percent",
    }
    assert codes["sommerröstung"].ends_at is not None
    coupon = fair.coffee.coupon("nebel10")
    assert coupon is not None
    fair.coffee.bin_thing(coupon)
    (binned,) = one(http, access, Resource.DISCOUNTS, coupon.id)
    assert isinstance(binned, DiscountFact)
    assert not binned.is_active


def test_what_the_store_still_shows_is_known_by_one_question(http: Http, fair: Fair, access: Access) -> None:
    order = fair.buy(fair.coffee)
    cup = next(iter(fair.coffee.products.values()))
    account, coupon = next(iter(fair.coffee.accounts.values())), next(iter(fair.coffee.coupons.values()))
    things_there = {
        Resource.ORDERS: order.id,
        Resource.PRODUCTS: cup.id,
        Resource.CUSTOMERS: account.id,
        Resource.DISCOUNTS: coupon.id,
    }
    for resource, thing_id in things_there.items():
        assert CONNECTOR.existing(access, http, resource, (str(thing_id), "999999")) == {str(thing_id)}
    fair.coffee.bin_thing(cup)
    assert CONNECTOR.existing(access, http, Resource.PRODUCTS, (str(cup.id),)) == frozenset()


def test_orders_are_marked_with_their_channel(http: Http, fair: Fair, access: Access) -> None:
    person = next(iter(fair.coffee.accounts.values())).person
    wish = things.Basket(customer=person, items=[(3, 1)], shipping=490, shipping_title="Versand", coupon="nebel10")
    fair.coffee.place(wish)
    fair.coffee.place(over_the_counter(wish))
    fair.coffee.place(on_a_marketplace(Random(1), fair.coffee, wish))
    facts, _ = read(http, access, Resource.ORDERS)
    online, counter, elsewhere = [fact for fact in facts if isinstance(fact, OrderFact)]
    assert (online.channel, online.channel_name, online.discount_codes) == (Channel.ONLINE, "store-api", ("nebel10",))
    assert (counter.channel, counter.channel_name, counter.email) == (Channel.POS, "pos-rest-api", None)
    assert elsewhere.channel is Channel.MARKETPLACE
    assert elsewhere.channel_name in ("amazon", "ebay")
    assert not [fact for fact in facts if not isinstance(fact, OrderFact)]


def test_a_refund_of_the_shops_own_is_pulled_with_its_order(http: Http, fair: Fair, access: Access) -> None:
    order = fair.buy(fair.coffee)
    fair.later(days=3)
    line = order.lines[0]
    made = fair.coffee.refund(order, line.total // 2, items=[(line.id, 1)], restock=True)
    refund = one(http, access, Resource.ORDERS, order.id)[-1]
    assert refund == RefundFact(
        order_ref=str(order.id),
        ref=str(made.id),
        refunded_at=fair.stage.world.now(),
        amount=line.total // 2,
        items=((str(line.id), 1),),
    )


# --- giving money back ------------------------------------------------------------------------------------------------


def intent_for(order: things.Order, key: str = "effect-1") -> RefundIntent:
    line = order.lines[0]
    return RefundIntent(
        key=key,
        order_ref=str(order.id),
        amount=line.unit_price,
        currency="EUR",
        items=((str(line.id), 1),),
        restock=True,
    )


def effects(fair: Fair) -> list[tuple[str, str, int]]:
    return [(one["kind"], one["key"], one["amount"]) for one in fair.stage.ledger.truth()["effects"]]  # type: ignore[index, union-attr, attr-defined]


def test_a_refund_happens_once_however_often_it_is_asked_for(http: Http, fair: Fair, access: Access) -> None:
    order = fair.buy(fair.coffee)
    _, variant = fair.coffee.variant(order.lines[0].variant_id)
    left, intent = variant.stock, intent_for(order)
    assert CONNECTOR.find(access, http, intent) is None
    done = CONNECTOR.write(access, http, intent)
    assert CONNECTOR.write(access, http, intent) == CONNECTOR.find(access, http, intent) == done
    assert effects(fair) == [("refund", "effect-1", intent.amount)]
    assert variant.stock == left + 1
    refund = one(http, access, Resource.ORDERS, order.id)[-1]
    assert isinstance(refund, RefundFact)
    assert (refund.ref, refund.amount, refund.items) == (done.ref, intent.amount, intent.items)


def test_a_refund_whose_answer_was_lost_is_found_and_not_repeated(http: Http, fair: Fair, access: Access) -> None:
    intent = intent_for(fair.buy(fair.coffee))
    fair.stage.faults.add([Fault(where=Where.HTTP, how=How.LOST, target="woocommerce", path="/refunds POST")])
    with pytest.raises(Uncertain, match="answer_lost"):
        CONNECTOR.write(access, http, intent)
    found = CONNECTOR.find(access, http, intent)
    assert found is not None
    assert CONNECTOR.write(access, http, intent) == found
    assert len(effects(fair)) == 1


def test_an_answer_that_was_lost_before_anything_happened_is_no_refund(http: Http, fair: Fair, access: Access) -> None:
    intent = intent_for(fair.buy(fair.coffee))
    fair.stage.faults.add([Fault(where=Where.HTTP, how=How.DROP, target="woocommerce", path="/refunds POST")])
    with pytest.raises(Uncertain, match="answer_lost"):
        CONNECTOR.write(access, http, intent)
    assert CONNECTOR.find(access, http, intent) is None
    assert effects(fair) == []


# --- the store itself -------------------------------------------------------------------------------------------------


def test_the_store_says_who_it_is_and_is_subscribed_to(
    http: Http, fair: Fair, access: Access, platform: Platform
) -> None:
    profile = CONNECTOR.probe(access, http)
    assert (profile.email, profile.languages) == ("moin@nebelkamp.example.com", ("de-DE",))
    assert profile.policies == {PolicyKind.RETURNS: f"{access.base_url}/returns"}
    url = f"{fair.encore_url}/hooks/woocommerce/pub1ic"
    assert CONNECTOR.subscribe(access, http, url).mended == 15
    assert CONNECTOR.subscribe(access, http, url).in_order == 15
    hook = platform.site.hooks.active("coupon.updated")[0]
    platform.site.hooks.update(hook, {"status": "disabled"})
    mended = CONNECTOR.subscribe(access, http, url)
    assert (mended.in_order, mended.mended, mended.removed) == (14, 1, 1)


def test_a_large_store_is_read_to_its_end(http: Http, fair: Fair, access: Access) -> None:
    fill(fair.coffee, 320)
    facts, pages = read(http, access, Resource.ORDERS)
    refs = [fact.ref for fact in facts if isinstance(fact, OrderFact)]
    assert sorted(refs, key=int) == refs == [str(order_id) for order_id in sorted(fair.coffee.orders)]
    assert (len(refs), pages[0].total) == (320, 320)
