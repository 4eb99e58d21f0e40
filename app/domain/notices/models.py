"""What the house has written to the merchant himself: of trouble, of its end, and the test mails he asked for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, ShopId


class Notice(Base):
    """One mail to the merchant. It holds no address and no words: `kind` names the trouble, or "test"; `is_over` is the mail that
    says so. Written just before the mail leaves, taken back when it was not taken."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_kind", "shop_id", "kind", "id"),)

    shop_id: Mapped[ShopId] = mapped_column(ForeignKey("shop.id"))
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    is_over: Mapped[bool] = mapped_column(server_default=text("false"))
    at: Mapped[datetime] = mapped_column(server_default=text("now()"))
