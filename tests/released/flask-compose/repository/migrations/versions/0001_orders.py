"""Orders."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "order",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("mail", sa.String(254), nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("paid", sa.Boolean, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("order")
