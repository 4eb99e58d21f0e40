"""The story: the same for the same seed, with every turn that a parcel can take, and going on after a restart."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.kernel.clock import SetClock
from sandbox.catalogue import CLOTHES, COFFEE, clothes_range, coffee_range
from sandbox.fate import tracking_number
from sandbox.shelf import Shelf
from sandbox.story import HISTORIC_ORDERS, Story
from sandbox.things import Account, Channel, Order, OrderState, Parcel, Product, ScanStatus
from sandbox.world import Change, Store, Topic, Turn, Turned, World

TEN = datetime(2026, 11, 24, 10, tzinfo=UTC)


def a_story(seed: int = 3, shelf: Shelf | None = None, at: datetime = TEN) -> tuple[Story, SetClock]:
    clock = SetClock(at)
    world = World(clock, shelf or Shelf(), seed)
    world.add(COFFEE, coffee_range)
    world.add(CLOTHES, clothes_range)
    story = Story(world)
    story.begin()
    return story, clock


def live(story: Story, clock: SetClock, days: float) -> None:
    """Hour by hour, as the thread would play it."""
    for _ in range(int(days * 24)):
        clock.at += timedelta(hours=1)
        story.tick()


def orders(story: Story) -> list[Order]:
    return [order for store in story.world.stores.values() for order in store.orders.values()]


def parcels(story: Story) -> list[Parcel]:
    return [parcel for order in orders(story) for parcel in order.parcels]


def shop(story: Story, slug: str) -> Store:
    return story.world.stores[slug]


def test_each_store_is_born_with_a_past_of_thirty_days() -> None:
    story, _ = a_story()
    for store in story.world.stores.values():
        assert len(store.orders) == HISTORIC_ORDERS
        placed = [order.placed_at for order in store.orders.values()]
        assert TEN - timedelta(days=30) <= min(placed) <= max(placed) <= TEN
        assert all(order.updated_at <= TEN for order in store.orders.values())
        assert placed == sorted(placed)


def test_the_same_seed_tells_the_same_story() -> None:
    first, other = a_story(seed=5), a_story(seed=6)
    again = a_story(seed=5)
    for story, clock in (first, other, again):
        live(story, clock, 3)
    assert orders(first[0]) == orders(again[0])
    assert orders(first[0]) != orders(other[0])


def test_about_one_order_comes_every_six_hours() -> None:
    story, clock = a_story()
    live(story, clock, 20)
    for store in story.world.stores.values():
        real = [order for order in store.orders.values() if order.status != OrderState.DRAFT]
        assert 60 < len(real) - HISTORIC_ORDERS < 100


def test_every_turn_is_taken_in_the_end() -> None:
    story, clock = a_story()
    live(story, clock, 120)
    seen = {scan.status for parcel in parcels(story) for scan in parcel.scans}
    assert seen == set(ScanStatus)
    states = Counter(order.status for order in orders(story))
    assert states[OrderState.CANCELLED] > 10
    assert any(len(order.parcels) == 2 for order in orders(story))
    assert any(not parcel.number for parcel in parcels(story))


def test_some_orders_are_made_elsewhere_cheaper_or_undone() -> None:
    story, clock = a_story()
    live(story, clock, 60)
    for store in story.world.stores.values():
        made = {channel: [one for one in store.orders.values() if one.channel is channel] for channel in Channel}
        assert all(len(found) > 3 for found in made.values())
        assert {(order.status, order.customer.name, len(order.parcels)) for order in made[Channel.POS]} <= {
            (OrderState.COMPLETED, " ", 0),
            (OrderState.REFUNDED, " ", 0),
        }
        assert all(order.customer.email.endswith("@marketplace.example.com") for order in made[Channel.MARKETPLACE])
        assert sum(coupon.used for coupon in store.coupons.values()) == sum(
            bool(order.coupon) for order in store.orders.values() if order.status is not OrderState.DRAFT
        )


def test_money_goes_back_for_a_line_or_for_everything() -> None:
    story, clock = a_story()
    live(story, clock, 60)
    refunded = [order for order in orders(story) if order.refunds]
    assert {order.status for order in refunded} == {OrderState.COMPLETED, OrderState.REFUNDED}
    assert all(order.refunded <= order.total for order in refunded)
    assert {bool(refund.items) for order in refunded for refund in order.refunds} == {True, False}


def test_stock_falls_with_every_order_and_accounts_count_theirs() -> None:
    story, _ = a_story()
    store = shop(story, "shopify")
    product = next(iter(store.products.values()))
    turned: list[Turned] = []
    store.thing_listeners.append(turned.append)
    before = product.variants[1].stock
    order = story.buy(store, items=[(product.variants[1].id, 3)])
    assert product.variants[1].stock == before - 3
    assert store.accounts[order.customer.ref].orders == 1
    assert [(one.turn, type(one.thing)) for one in turned] == [(Turn.CREATED, Account), (Turn.UPDATED, Product)]
    store.refund(order, 100, items=[(order.lines[0].id, 2)], restock=True)
    assert product.variants[1].stock == before - 1


def test_a_late_number_comes_an_hour_later() -> None:
    story, clock = a_story()
    told: list[tuple[Topic, datetime]] = []

    def hear(change: Change) -> None:
        if change.topic is Topic.PARCEL_NUMBERED and change.parcel:
            told.append((change.topic, change.parcel.shipped_at))
            assert timedelta(hours=1) <= change.order.updated_at - change.parcel.shipped_at < timedelta(hours=3)

    shop(story, "shopify").listeners.append(hear)
    live(story, clock, 30)
    assert told


def test_scans_are_in_order_and_no_parcel_moves_after_its_end() -> None:
    story, clock = a_story()
    live(story, clock, 60)
    for parcel in parcels(story):
        moments = [scan.at for scan in parcel.scans]
        assert moments == sorted(moments)
        assert ScanStatus.DELIVERED not in [scan.status for scan in parcel.scans[:-1]]
        assert all(moment <= clock.at for moment in moments)


def test_a_cancelled_order_is_never_sent() -> None:
    story, clock = a_story()
    live(story, clock, 60)
    assert not any(order.parcels for order in orders(story) if order.status is OrderState.CANCELLED)


def test_an_order_that_somebody_waits_for_takes_forty_hours() -> None:
    story, clock = a_story()
    order = story.buy(shop(story, "woocommerce"))
    live(story, clock, 2)
    [parcel] = order.parcels
    assert (parcel.shipped_at - order.placed_at, parcel.carrier) == (timedelta(hours=6), "DHL")
    assert parcel.status is ScanStatus.DELIVERED
    assert parcel.scans[-1].at - order.placed_at == timedelta(hours=40)


def test_a_buyer_may_be_chosen() -> None:
    story, _ = a_story()
    store = shop(story, "shopify")
    variant = next(iter(store.products.values())).variants[2].id
    order = story.buy(store, language="cs", email="somebody@example.com", items=[(variant, 2)])
    assert (order.customer.language, order.customer.email) == ("cs", "somebody@example.com")
    assert [(line.variant_id, line.quantity) for line in order.lines] == [(variant, 2)]
    assert story.buy(store).customer.email != story.buy(store).customer.email


def test_a_draft_becomes_an_order_or_is_swept_away() -> None:
    story, clock = a_story()
    topics: dict[int, list[Topic]] = {}
    shop(story, "woocommerce").listeners.append(
        lambda change: topics.setdefault(change.order.id, []).append(change.topic)
    )
    live(story, clock, 30)
    drafts = [told for told in topics.values() if told[0] is Topic.CHECKOUT_OPENED]
    assert {told[1] for told in drafts if len(told) > 1} == {Topic.ORDER_PLACED, Topic.ORDER_REMOVED}


def test_a_stopped_story_waits() -> None:
    story, clock = a_story()
    story.is_playing = False
    before = len(orders(story))
    live(story, clock, 2)
    assert len(orders(story)) == before
    story.is_playing = True
    story.tick()
    assert len(orders(story)) > before


def test_a_second_start_goes_on_where_the_first_one_ended(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    story, clock = a_story(shelf=shelf)
    order = story.buy(shop(story, "shopify"))
    live(story, clock, 1)
    shelf.close()

    again, later = a_story(shelf=Shelf(tmp_path), at=clock.at)

    assert orders(again) == orders(story)
    assert {store.slug: store.products for store in again.world.stores.values()} == {
        store.slug: store.products for store in story.world.stores.values()
    }
    live(again, later, 2)
    kept = shop(again, "shopify").orders[order.id]
    assert kept.parcels[0].status is ScanStatus.DELIVERED
    assert again.world.parcel(kept.parcels[0].number) is not None


def test_nobody_buys_while_the_sandbox_is_off(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    story, _ = a_story(shelf=shelf)
    shelf.close()
    again, clock = a_story(shelf=Shelf(tmp_path), at=TEN + timedelta(days=400))
    again.tick()
    assert len(orders(again)) <= len(orders(story)) + 2
    live(again, clock, 1)
    assert len(orders(again)) > len(orders(story)) + 2


@pytest.mark.parametrize(
    ("carrier", "serial", "number"),
    [("Royal Mail", 47312482, "TT473124829GB"), ("DPD", 7, "05330000000007"), ("DHL", -98_410, "00340434161094015902")],
)
def test_numbers_have_their_carriers_form(carrier: str, serial: int, number: str) -> None:
    """S10's example is the UPU's own, DHL's is a number of its sandbox."""
    assert tracking_number(carrier, serial) == number
