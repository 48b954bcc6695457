"""Cells by the days of the account's time zone, in generations that can be built beside each other."""

import sqlalchemy as sa
from alembic import op

from shared.db.rls import enable_row_security

revision = "0009"
down_revision = "0008"

SCHEMA = "metrics"
KEY = [
    *("account_id", "generation", "scheme", "day", "channel", "touchpoint", "survey_id", "journey_stage"),
    *("minimum", "maximum"),
]


def upgrade() -> None:
    op.execute(
        """
        create table metrics.accounts (
            account_id uuid not null,
            version integer not null,
            time_zone text not null,
            constraint pk_accounts primary key (account_id)
        )
        """
    )
    op.execute(
        """
        create table metrics.generations (
            account_id uuid not null,
            number integer not null,
            time_zone text not null,
            state text not null,
            counted_until timestamptz,
            seconds integer not null default 3600,
            expected bigint not null default 0,
            counted bigint not null default 0,
            corrected integer,
            started_at timestamptz not null,
            finished_at timestamptz,
            constraint pk_generations primary key (account_id, number)
        )
        """
    )
    op.create_index(
        "uq_generations_state",
        "generations",
        ["account_id", "state"],
        unique=True,
        schema=SCHEMA,
        postgresql_where=sa.text("state <> 'retired'"),
    )
    enable_row_security(op, SCHEMA, "accounts", "generations")
    op.add_column("rollups", sa.Column("generation", sa.Integer, nullable=False, server_default="1"), schema=SCHEMA)
    op.drop_index("uq_rollups_key", "rollups", schema=SCHEMA)
    op.create_index("uq_rollups_key", "rollups", KEY, unique=True, schema=SCHEMA, postgresql_nulls_not_distinct=True)
    op.execute(
        """
        insert into metrics.generations (account_id, number, time_zone, state, started_at, finished_at)
        select account_id, 1, 'UTC', 'serving', now(), now()
        from (select account_id from metrics.rollups union select account_id from metrics.heard) as counted
        """
    )
