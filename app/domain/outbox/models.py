"""Work that is owed: one row a job, written with its cause and deleted with its outcome."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, ShopId


class Job(Base):
    """`kind` names the work, `ref` is the key of what it is about (an id of ours, or a platform's own). Keys and codes only, so
    the relay may read it for all shops: it has no policy (domain/schema.py names it).

    `due_at` is business time; what is due at once stands at the epoch, so that no clock can delay it. `lease_until` is the
    database's time: taken until then, or, after a failure, not before then. `attempts` counts the claims since the last
    recorded outcome, `failures` the recorded transient ones. `fence` counts all claims; an outcome is written only by the
    claim that still holds the number.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        # in the order of a claim (service.py), so that none has to sort the backlog
        Index(
            "ix_outbox_claim",
            "shop_id",
            "kind",
            text("attempts DESC"),
            "due_at",
            "id",
            postgresql_where=text("parked_at IS NULL"),
        ),
        Index("ix_outbox_subject", "shop_id", "kind", "ref"),
    )

    shop_id: Mapped[ShopId] = mapped_column(ForeignKey("shop.id"))
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    ref: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime] = mapped_column(server_default=text("to_timestamp(0)"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    failures: Mapped[int] = mapped_column(Integer, server_default="0")
    fence: Mapped[int] = mapped_column(Integer, server_default="0")
    lease_until: Mapped[datetime | None]
    parked_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(Text, server_default="")


class Tick(Base):
    """A scheduled moment of a shop. Whoever inserts the row does the work, so any number of schedulers do no harm."""

    __tablename__ = "tick"

    shop_id: Mapped[ShopId] = mapped_column(ForeignKey("shop.id"))
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    period_start: Mapped[datetime] = mapped_column(primary_key=True)
