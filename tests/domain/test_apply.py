"""What a batch of facts leaves behind, in whatever order and however often it comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Thread

from sqlalchemy import text

from app.domain.apply import apply
from app.domain.orders import service as orders
from app.domain.shipments import service as shipments
from app.events import Gone, OrderStatus, Resource, ShipmentStatus, Source, Stale
from app.kernel.db import Database
from tests.builders import NOON, a_customer, a_parcel, a_product, a_refund, a_scan, a_shop, an_order, owed

HOUR = timedelta(hours=1)


def events_of(db: Database, shop_id: int) -> list[str]:
    with db.transaction(shop_id) as session:
        return list(session.scalars(text("SELECT key FROM event ORDER BY key")))


def test_an_order_is_written_with_its_lines_and_said_to_be_placed_once(db: Database) -> None:
    shop = a_shop(db)
    for _ in range(2):
        with db.transaction(shop.id) as session:
            apply(session, shop, [an_order()], Source.WEBHOOK)
    with db.transaction(shop.id) as session:
        (order,) = orders.facts_for(session, orders.list_recent(session, 10)).values()
        assert order.number == "#1001"
        assert [line.title for line in order.lines] == ["Stoneware mug"]
        assert order.address == an_order().address
        assert len(owed(session, "plan")) == 1
    assert events_of(db, shop.id) == [f"placed:{order.id}"]


def test_an_older_order_changes_nothing(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        apply(session, shop, [an_order(updated_at=NOON + HOUR, status=OrderStatus.COMPLETED)], Source.WEBHOOK)
        apply(session, shop, [an_order(status=OrderStatus.PENDING)], Source.WEBHOOK)
        (order,) = orders.facts_for(session, orders.list_recent(session, 10)).values()
    assert order.status is OrderStatus.COMPLETED


def test_the_same_moment_with_other_content_is_pulled_and_the_pull_decides(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        apply(session, shop, [an_order()], Source.WEBHOOK)
        apply(session, shop, [an_order(total=9999)], Source.WEBHOOK)
        assert owed(session, "fetch") == ["orders/1001"]
        apply(session, shop, [an_order(total=9999)], Source.PULL)
        (order,) = orders.facts_for(session, orders.list_recent(session, 10)).values()
    assert order.total == 9999


def test_the_language_of_the_purchase_stays(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        apply(session, shop, [an_order(language="sv")], Source.WEBHOOK)
        apply(session, shop, [an_order(language="cs", updated_at=NOON + HOUR)], Source.WEBHOOK)
        (order,) = orders.facts_for(session, orders.list_recent(session, 10)).values()
    assert order.language == "sv"


def test_an_order_without_a_language_has_the_shops(db: Database) -> None:
    shop = a_shop(db, language="cs")
    with db.transaction(shop.id) as session:
        apply(session, shop, [an_order(language=None)], Source.WEBHOOK)
        (order,) = orders.facts_for(session, orders.list_recent(session, 10)).values()
    assert order.language == "cs"


def test_a_pending_order_is_not_said_to_be_placed(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        apply(session, shop, [an_order(status=OrderStatus.PENDING)], Source.WEBHOOK)
    assert events_of(db, shop.id) == []


def test_what_happened_before_connecting_is_recorded_and_nobody_is_told(db: Database) -> None:
    shop = a_shop(db)
    old = NOON - timedelta(days=10)
    with db.transaction(shop.id) as session:
        apply(session, shop, [an_order(placed_at=old), a_parcel(shipped_at=old)], Source.PULL)
        assert owed(session, "plan") == []
    assert len(events_of(db, shop.id)) == 2


def test_a_parcel_of_an_unknown_order_makes_the_order_be_pulled(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        apply(
            session,
            shop,
            [a_parcel("77"), a_scan(ShipmentStatus.DELIVERED, HOUR, "88/1", order_ref="88")],
            Source.WEBHOOK,
        )
        apply(session, shop, [Stale(ref="99"), Stale(ref="77")], Source.WEBHOOK)
        assert owed(session, "fetch") == ["orders/77", "orders/88", "orders/99"]


def test_a_number_that_comes_later_is_said_once(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        apply(session, shop, [an_order(), a_parcel()], Source.WEBHOOK)
        apply(session, shop, [a_parcel(number="00340", updated_at=NOON + HOUR)], Source.WEBHOOK)
        apply(session, shop, [a_parcel(number="00340", updated_at=NOON + 2 * HOUR)], Source.WEBHOOK)
    kinds = [key.split(":")[0] for key in events_of(db, shop.id)]
    assert kinds == ["placed", "sent", "tracking"]


def test_a_late_scan_does_not_move_a_delivered_parcel_back(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        apply(session, shop, [an_order(), a_parcel(number="00340")], Source.WEBHOOK)
        apply(session, shop, [a_scan(ShipmentStatus.DELIVERED, 5 * HOUR)], Source.CARRIER)
        apply(
            session, shop, [a_scan(ShipmentStatus.OUT_FOR_DELIVERY, 6 * HOUR, tracking_number="00340")], Source.CARRIER
        )
        ((parcel,),) = shipments.facts_for_orders(session, orders.list_recent(session, 10)).values()
    assert parcel.standing.status is ShipmentStatus.DELIVERED
    assert [scan.status for scan in parcel.scans] == [ShipmentStatus.OUT_FOR_DELIVERY, ShipmentStatus.DELIVERED]
    assert [key.split(":")[0] for key in events_of(db, shop.id)] == ["delivered", "placed", "sent"]


def test_a_platform_that_repeats_its_status_adds_one_scan(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        apply(session, shop, [an_order(), a_parcel(status=ShipmentStatus.IN_TRANSIT)], Source.WEBHOOK)
        apply(session, shop, [a_parcel(status=ShipmentStatus.IN_TRANSIT, updated_at=NOON + HOUR)], Source.WEBHOOK)
        ((parcel,),) = shipments.facts_for_orders(session, orders.list_recent(session, 10)).values()
    assert [scan.at for scan in parcel.scans] == [NOON]


def test_an_order_that_is_gone_stays_gone_against_older_news(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        apply(session, shop, [an_order()], Source.WEBHOOK)
        apply(session, shop, [Gone(ref="1001", updated_at=NOON + HOUR)], Source.PULL)
        apply(session, shop, [an_order()], Source.WEBHOOK)
        (order,) = orders.facts_for(session, orders.list_recent(session, 10)).values()
    assert order.status is OrderStatus.DELETED


def test_an_order_that_was_hidden_for_a_while_comes_back_when_it_is_pulled_and_not_when_it_is_told(
    db: Database,
) -> None:
    """Its own moment of change is older than the one at which nobody could see it."""
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        apply(session, shop, [an_order()], Source.PULL)
        apply(session, shop, [Gone(ref="1001", updated_at=NOON + HOUR)], Source.PULL)
        apply(session, shop, [an_order()], Source.WEBHOOK)
        (told,) = orders.facts_for(session, orders.list_recent(session, 10)).values()
        apply(session, shop, [an_order()], Source.PULL)
        (pulled,) = orders.facts_for(session, orders.list_recent(session, 10)).values()
    assert told.status is OrderStatus.DELETED
    assert pulled.status is an_order().status


def test_two_orders_of_two_shops_with_one_ref_do_not_meet(db: Database) -> None:
    first, second = a_shop(db, domain="one.example"), a_shop(db, domain="two.example")
    for shop in (first, second):
        with db.transaction(shop.id) as session:
            apply(session, shop, [an_order(total=shop.id)], Source.WEBHOOK)
    for shop in (first, second):
        with db.transaction(shop.id) as session:
            (order,) = orders.facts_for(session, orders.list_recent(session, 10)).values()
        assert order.total == shop.id


def test_two_batches_about_one_order_both_reach_its_page(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        apply(session, shop, [an_order(), a_parcel()], Source.WEBHOOK)

    def complete() -> None:
        with db.transaction(shop.id) as session:
            apply(session, shop, [an_order(updated_at=NOON + HOUR, status=OrderStatus.COMPLETED)], Source.WEBHOOK)

    other = Thread(target=complete)
    with db.transaction(shop.id) as session:
        apply(session, shop, [a_scan(ShipmentStatus.DELIVERED, HOUR)], Source.CARRIER)
        other.start()
        other.join(0.5)
    other.join()
    with db.transaction(shop.id) as session:
        page = session.scalar(text("SELECT page FROM hub"))
    assert page
    assert (page["order"]["status"], page["parcels"][0]["status"]) == ("completed", "delivered")


def test_batches_that_name_the_same_orders_in_other_places_do_not_block_each_other(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        apply(session, shop, [an_order("1"), an_order("2"), a_parcel("1"), a_parcel("2")], Source.WEBHOOK)
    failures: list[Exception] = []

    def tell(order_ref: str, parcel_ref: str) -> None:
        try:
            for minute in range(15):
                later = NOON + timedelta(minutes=minute)
                with db.transaction(shop.id) as session:
                    apply(session, shop, [an_order(order_ref, later), a_parcel(parcel_ref, "X", later)], Source.WEBHOOK)
        except Exception as failure:  # noqa: BLE001 (shown below)
            failures.append(failure)

    tellers = [Thread(target=tell, args=refs) for refs in (("1", "2"), ("2", "1"))]
    for teller in tellers:
        teller.start()
    for teller in tellers:
        teller.join()
    assert failures == []


def test_two_parcels_with_one_number_are_scanned_together(db: Database) -> None:
    shop = a_shop(db)
    told = [an_order("1"), a_parcel("1", number="X1"), an_order("2"), a_parcel("2", number="X1")]
    with db.transaction(shop.id) as session:
        apply(session, shop, told, Source.WEBHOOK)
        apply(session, shop, [a_scan(ShipmentStatus.DELIVERED, HOUR, "", tracking_number="X1")], Source.CARRIER)
        assert session.scalars(text("SELECT status FROM shipment ORDER BY id")).all() == ["delivered"] * 2
        assert shipments.to_track(session, ["dhl"], NOON - HOUR, 10) == []


def test_a_batch_may_hold_more_parcels_than_one_statement_has_room_for(db: Database) -> None:
    shop = a_shop(db)
    parcels = [a_parcel("1", ref=f"1/{number}", items=()) for number in range(4_700)]
    with db.transaction(shop.id) as session:
        apply(session, shop, [an_order("1"), *parcels], Source.PULL)
        assert session.scalar(text("SELECT count(*) FROM shipment")) == len(parcels)


def test_an_order_that_is_paid_days_later_counts_from_then_on(db: Database) -> None:
    shop = a_shop(db)
    placed, paid = NOON - timedelta(days=5), NOON + HOUR
    with db.transaction(shop.id) as session:
        apply(session, shop, [an_order(status=OrderStatus.PENDING, placed_at=placed)], Source.PULL)
        apply(session, shop, [an_order(placed_at=placed, updated_at=paid)], Source.WEBHOOK)
        assert session.execute(text("SELECT occurred_at, is_historic FROM event")).all() == [(paid, False)]


def test_a_picture_that_only_a_pull_tells_is_added(db: Database) -> None:
    shop = a_shop(db)
    pictured = an_order(lines=tuple(replace(line, image_url="https://x.example/mug.png") for line in an_order().lines))
    with db.transaction(shop.id) as session:
        apply(session, shop, [an_order()], Source.WEBHOOK)
        apply(session, shop, [pictured], Source.PULL)
        (order,) = orders.facts_for(session, orders.list_recent(session, 10)).values()
        assert (
            session.scalar(text("SELECT page -> 'lines' -> 0 ->> 'image_url' FROM hub")) == "https://x.example/mug.png"
        )
    assert [line.image_url for line in order.lines] == ["https://x.example/mug.png"]


def test_money_that_went_back_is_an_event_once_and_shown(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        apply(session, shop, [an_order(), a_refund()], Source.WEBHOOK)
        apply(session, shop, [a_refund(), a_refund("2", amount=550)], Source.PULL)
        events = session.execute(text("SELECT data FROM event WHERE kind = 'OrderRefunded' ORDER BY id")).all()
        page = session.scalar(text("SELECT page FROM hub"))
    assert [row.data for row in events] == [{"amount": 1450}, {"amount": 550}]
    assert page["order"]["refunded"] == 2000


def test_a_refund_of_an_unknown_order_owes_that_order(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        apply(session, shop, [a_refund(order_ref="66")], Source.WEBHOOK)
        assert owed(session, "fetch") == ["orders/66"]


def test_what_tells_too_little_is_owed_by_its_resource(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        apply(session, shop, [Stale(ref="14", resource=Resource.PRODUCTS), Stale(ref="1001")], Source.WEBHOOK)
        assert owed(session, "fetch") == ["orders/1001", "products/14"]


def test_a_batch_says_what_the_rows_did_not_know(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        first = apply(session, shop, [an_order(), a_product(), a_customer()], Source.PULL)
        again = apply(session, shop, [an_order(), a_product(), a_customer(), an_order("1002")], Source.PULL)
    assert first.changed == {(Resource.ORDERS, "1001"), (Resource.PRODUCTS, "14"), (Resource.CUSTOMERS, "5")}
    assert again.changed == {(Resource.ORDERS, "1002")}
