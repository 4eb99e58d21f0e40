"""What the house makes a platform do: the ledger of effects."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "effect",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("about_kind", sa.Text(), nullable=False),
        sa.Column("about_id", sa.BigInteger(), nullable=False),
        sa.Column("occurrence", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("values", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.Text(), server_default="planned", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("calls", sa.Integer(), server_default="0", nullable=False),
        sa.Column("planned_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("called_at", MOMENT, nullable=True),
        sa.Column("changed_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("amount >= 0", name="ck_effect_amount_not_negative"),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_effect_shop_id"),
        sa.PrimaryKeyConstraint("shop_id", "id", name="pk_effect"),
        sa.UniqueConstraint("shop_id", "kind", "about_kind", "about_id", "occurrence", name="uq_effect_once"),
    )
    op.create_index("ix_effect_order", "effect", ["shop_id", "order_id"], unique=False)
    op.execute("ALTER TABLE effect ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE effect FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY own_shop ON effect "
        "USING (shop_id = nullif(current_setting('app.shop_id', true), '')::bigint) "
        "WITH CHECK (shop_id = nullif(current_setting('app.shop_id', true), '')::bigint)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE effect CASCADE")
