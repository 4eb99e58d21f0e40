"""One row an order with all that its page shows, rewritten in the transaction of its causes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKeyConstraint, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, ShopId


class HubRow(Base):
    """`page` is the document of service.py, `version` its hash and the page's ETag."""

    __tablename__ = "hub"
    __table_args__ = (
        ForeignKeyConstraint(["shop_id", "order_id"], ["orders.shop_id", "orders.id"], ondelete="CASCADE"),
    )

    shop_id: Mapped[ShopId]
    order_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    page: Mapped[dict[str, Any]]
    version: Mapped[bytes] = mapped_column(LargeBinary)
    changed_at: Mapped[datetime]
