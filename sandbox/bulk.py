"""Many plain orders at once, for whoever wants to see what a large shop does to an import."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from sandbox.catalogue import people
from sandbox.things import Line, Order, OrderState, Person, Product, Variant
from sandbox.world import Store

LONG_AGO = timedelta(days=365)
IDS_AN_ORDER = 8
"""One of its own, up to three for its lines, four for its shipping line and what is counted behind it."""


def fill(store: Store, count: int) -> None:
    """`count` orders of the year before now, paid, handed over and told to nobody; one to three lines each. They take nothing from
    stock and have no parcels. Some 50,000 take a few seconds."""
    with store.world.lock:
        store.keep_orders(_plain_orders(store, count))


def _plain_orders(store: Store, count: int) -> Iterator[Order]:
    buyers, sold = people(store), [(product, one) for product in store.products.values() for one in product.variants]
    first, step = store.next_id(reserve=count * IDS_AN_ORDER), store.profile.id_step
    now = store.world.now()
    for place in range(count):
        order_id = first + place * IDS_AN_ORDER * step
        chosen = [sold[(place * 7 + nth * 3) % len(sold)] for nth in range(1 + place % 3)]
        order = _plain_order(store, order_id, buyers[place % len(buyers)], chosen)
        order.placed_at = order.paid_at = (now - LONG_AGO + LONG_AGO * 0.9 * place / count).replace(microsecond=0)
        order.updated_at = order.completed_at = order.placed_at + timedelta(days=1)
        yield order


def _plain_order(store: Store, order_id: int, buyer: Person, chosen: list[tuple[Product, Variant]]) -> Order:
    step = store.profile.id_step
    return Order(
        id=order_id,
        number=store.next_number(order_id),
        placed_at=store.world.now(),
        updated_at=store.world.now(),
        status=OrderState.COMPLETED,
        currency=store.profile.currency,
        customer=replace(buyer),
        key=f"bulk{order_id}",
        lines=[_line(order_id + nth * step, product, one) for nth, (product, one) in enumerate(chosen, start=1)],
        shipping=490,
        shipping_title="Standard",
        shipping_ref=order_id + 4 * step,
        shipping_tax_rate=chosen[0][0].tax_rate,
    )


def _line(line_id: int, product: Product, variant: Variant) -> Line:
    return Line(
        id=line_id,
        product_id=product.id,
        variant_id=variant.id,
        title=product.title,
        variant_title=variant.title,
        sku=variant.sku,
        quantity=1,
        unit_price=variant.price,
        tax_rate=product.tax_rate,
        handle=product.handle,
        image_id=product.image_id,
        options=variant.options,
        requires_shipping=not product.is_virtual,
    )
