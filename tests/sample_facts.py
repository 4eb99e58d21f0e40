"""Two invented shops, their orders and parcels, as facts for letters."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from app.domain.orders.rules import OrderFacts
from app.domain.promises.rules import Promise
from app.domain.shipments.rules import ShipmentFacts, Standing
from app.domain.shops.rules import Settings, ShopFacts
from app.events import Address, Channel, Line, OrderStatus, ShipmentStatus
from app.jobs.followups.base import Facts

PLACED = datetime(2026, 11, 30, 21, 15, tzinfo=UTC)
SENT = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
PROMISE = Promise(earliest=date(2026, 12, 3), latest=date(2026, 12, 5))
LINKS = {"order": "https://encore.example/t/abc", "track": "https://encore.example/t/abc"}
HOUSE = "encore@house.example"
KEY = "0c7a5e0e-1c6f-5d53-9f0e-3a0f6e6f3a51"

COFFEE = Line(
    ref="1", title="Äthiopien Guji, gewaschen", variant="250 g, ganze Bohne", quantity=2, total=2380, variant_ref="11"
)
FILTERS = Line(ref="2", title="Filterpapier V60", quantity=1, total=690)
ADDRESS = Address(
    name="Johannes Wendt", street=("Hopfenweg 12", "Hinterhaus"), postcode="10999", city="Berlin", country="DE"
)


def shop(**changes: Any) -> ShopFacts:
    settings = Settings(
        sender_name="Lena von der Rösterei Nebelkamp",
        sender_address="post@nebelkamp.example",
        phone="030 000 000",
        hours="Mo–Fr 9–17",
        voice="formal",
        brand_colour="#a3401c",
        returns_url="https://nebelkamp.example/retouren",
    )
    return replace(
        ShopFacts(
            id=1,
            public_id="shop1",
            platform="woocommerce",
            domain="nebelkamp.example",
            base_url="https://nebelkamp.example",
            name="Rösterei Nebelkamp",
            timezone="Europe/Berlin",
            currency="EUR",
            language="de-DE",
            country="DE",
            connected_at=datetime(2026, 1, 1, tzinfo=UTC),
            settings=settings,
        ),
        **changes,
    )


def order(**changes: Any) -> OrderFacts:
    return replace(
        OrderFacts(
            id=7,
            public_id="ord7",
            ref="107",
            number="#1042",
            status=OrderStatus.CONFIRMED,
            channel=Channel.ONLINE,
            channel_name="",
            customer_ref=None,
            discount_codes=(),
            placed_at=PLACED,
            language="de-DE",
            currency="EUR",
            total=3560,
            subtotal=3070,
            shipping=490,
            discount=0,
            tax=233,
            refunded=0,
            email="johannes@shopper.example",
            first_name="Johannes",
            last_name="Wendt",
            address=ADDRESS,
            lines=(COFFEE, FILTERS),
        ),
        **changes,
    )


def parcel(**changes: Any) -> ShipmentFacts:
    return replace(
        ShipmentFacts(
            id=70,
            ref="s1",
            order_id=7,
            standing=Standing(status=ShipmentStatus.IN_TRANSIT, at=SENT),
            shipped_at=SENT,
            carrier="DHL",
            tracking_number="00340434161094015902",
            tracking_url="",
            expected_from=None,
            expected_until=None,
            is_cancelled=False,
            items=(),
        ),
        **changes,
    )


def facts(**changes: Any) -> Facts:
    """About the order, before anything was sent; `shipment=...` makes them about a parcel."""
    found = replace(Facts(shop=shop(), order=order(), shipments=(), promise=PROMISE), **changes)
    return replace(found, shipments=(found.shipment,)) if found.shipment and not found.shipments else found
