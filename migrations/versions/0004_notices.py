"""What the house has written to the merchants themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("shop_id", sa.BigInteger(), nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("is_over", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name="fk_notice_shop_id"),
        sa.PrimaryKeyConstraint("shop_id", "id", name="pk_notice"),
    )
    op.create_index("ix_notice_kind", "notice", ["shop_id", "kind", "id"], unique=False)
    op.execute("ALTER TABLE notice ENABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE notice FORCE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY own_shop ON notice "
        "USING (shop_id = nullif(current_setting('app.shop_id', true), '')::bigint) "
        "WITH CHECK (shop_id = nullif(current_setting('app.shop_id', true), '')::bigint)"
    )


def downgrade() -> None:
    op.execute("DROP TABLE notice CASCADE")
