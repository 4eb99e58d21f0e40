"""The rest of what the platforms tell: products, discounts, customers, refunds; and how far each of them has been read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

GUARDED = ("product", "variant", "discount", "customer", "refund")
TEXTS = postgresql.ARRAY(sa.Text())
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "product",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("is_listed", sa.Boolean(), nullable=False),
        sa.Column("is_gone", sa.Boolean(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("image_url", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("tags", TEXTS, nullable=False),
        sa.Column("collections", TEXTS, server_default="{}", nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_product_shop_id"),
        sa.PrimaryKeyConstraint("shop_id", "id", name="pk_product"),
        sa.UniqueConstraint("shop_id", "ref", name="uq_product_shop_id_ref"),
    )
    op.create_table(
        "variant",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("product_id", sa.BigInteger(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("sku", sa.Text(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("compare_at_price", sa.BigInteger(), nullable=True),
        sa.Column("stock", sa.BigInteger(), nullable=True),
        sa.Column("is_available", sa.Boolean(), nullable=False),
        sa.Column("image_url", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "product_id"],
            ["product.shop_id", "product.id"],
            name="fk_variant_shop_id_product_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("shop_id", "product_id", "ref", name="pk_variant"),
    )
    op.create_index("ix_variant_ref", "variant", ["shop_id", "ref"], unique=False)
    op.create_table(
        "discount",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("codes", TEXTS, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("value", sa.Numeric(), nullable=True),
        sa.Column("minimum", sa.Numeric(), nullable=True),
        sa.Column("starts_at", MOMENT, nullable=True),
        sa.Column("ends_at", MOMENT, nullable=True),
        sa.Column("usage_limit", sa.BigInteger(), nullable=True),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("is_gone", sa.Boolean(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_discount_shop_id"),
        sa.PrimaryKeyConstraint("shop_id", "ref", name="pk_discount"),
    )
    op.create_table(
        "customer",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("first_name", sa.Text(), nullable=True),
        sa.Column("last_name", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("tags", TEXTS, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_customer_shop_id"),
        sa.PrimaryKeyConstraint("shop_id", "ref", name="pk_customer"),
    )
    op.create_table(
        "refund",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("refunded_at", MOMENT, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("items", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id", "order_id"],
            ["orders.shop_id", "orders.id"],
            name="fk_refund_shop_id_order_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("shop_id", "order_id", "ref", name="pk_refund"),
    )
    op.add_column("orders", sa.Column("channel_name", sa.Text(), server_default="", nullable=False))
    op.add_column("orders", sa.Column("discount_codes", TEXTS, server_default="{}", nullable=False))
    op.add_column("shop", sa.Column("email", sa.Text(), server_default="", nullable=False))
    op.add_column("shop", sa.Column("languages", TEXTS, server_default="{}", nullable=False))
    op.add_column("shop", sa.Column("policies", postgresql.JSONB(), server_default="{}", nullable=False))
    for name in ("since", "deep_at", "backfill_started_at"):
        op.add_column("sync_state", sa.Column(name, MOMENT, nullable=True))
    for name in ("drift", "swept"):
        op.add_column("sync_state", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
    for table in GUARDED:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_shop ON {table} "
            "USING (shop_id = nullif(current_setting('app.shop_id', true), '')::bigint) "
            "WITH CHECK (shop_id = nullif(current_setting('app.shop_id', true), '')::bigint)"
        )


def downgrade() -> None:
    for table in reversed(GUARDED):
        op.execute(f"DROP TABLE {table} CASCADE")
    for name in ("since", "deep_at", "backfill_started_at", "drift", "swept"):
        op.drop_column("sync_state", name)
    for name in ("email", "languages", "policies"):
        op.drop_column("shop", name)
    for name in ("channel_name", "discount_codes"):
        op.drop_column("orders", name)
