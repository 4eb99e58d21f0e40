"""Every table of the house in one place, so that migrations and tests see them all."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.catalogue.models import Discount, Product, Variant
from app.domain.customers.models import Customer
from app.domain.effects.models import Effect
from app.domain.history.models import EventRow
from app.domain.hub.models import HubRow
from app.domain.inbox.models import Delivery
from app.domain.messages.models import Message
from app.domain.notices.models import Notice
from app.domain.orders.models import Order, OrderLine, Refund
from app.domain.outbox.models import Job, Tick
from app.domain.shipments.models import Scan, Shipment, ShipmentItem
from app.domain.shops.models import Credential, Shop, ShopSettings, SyncState, UsedLink
from app.kernel.db import Base

TABLES = (
    *(Shop, ShopSettings, Credential, SyncState, UsedLink),
    *(Delivery, Job, Tick, EventRow),
    *(Product, Variant, Discount, Customer),
    *(Order, OrderLine, Refund, Shipment, ShipmentItem, Scan),
    *(Effect, Message, HubRow, Notice),
)

WITHOUT_POLICY = frozenset({"shop", "outbox", "tick"})
"""The register of shops is read before a shop is entered; outbox and tick hold ids, codes and times only, and the relay reads
them for all shops. Every other table has a forced policy."""

METADATA = Base.metadata

GROWING = (Product, Variant, Customer, Order, OrderLine, Shipment, ShipmentItem, Scan, EventRow, HubRow)
"""What an import fills from nothing."""


def refresh_statistics(session: Session) -> None:
    """Tell the planner how big the growing tables are. A first import outruns autovacuum: until then foreign keys are checked by
    reading a whole shop (docs/performance.md)."""
    session.execute(text(f"ANALYZE {', '.join(table.__tablename__ for table in GROWING)}"))
