"""Numbers of few, verified every night, of invitations and conversations, and made of others."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.db.aliases import follow_aliases
from shared.db.rls import enable_row_security

revision = "0011"
down_revision = "0010"

SCHEMA = "metrics"
_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _privacy()
    _verification()
    _episodes()
    _custom_metrics()


def _privacy() -> None:
    op.execute(
        """
        create table metrics.privacy_policies (
            account_id uuid not null,
            version integer not null,
            minimum integer not null,
            updated_at timestamptz not null,
            constraint pk_privacy_policies primary key (account_id)
        )
        """
    )
    enable_row_security(op, "metrics", "privacy_policies")


def _verification() -> None:
    """Also of accounts that are here already."""
    op.execute(
        """
        create table metrics.verifications (
            account_id uuid not null,
            verified_at timestamptz not null,
            cells integer not null,
            tickets integer not null,
            constraint pk_verifications primary key (account_id)
        )
        """
    )
    enable_row_security(op, "metrics", "verifications")
    op.execute(
        """
        insert into metrics.timers (id, account_id, kind, key, due_at, payload, correlation_id)
        select gen_random_uuid(), account_id, 'verification.nightly', '', now() + random() * interval '1 day',
            '{}', gen_random_uuid()
        from (select account_id from metrics.watermarks union select account_id from metrics.ticket_facts) as known
        on conflict (account_id, kind, key) do nothing
        """
    )


def _episodes() -> None:
    _table("askings", "invitation_id", "asked_at", survey_id=sa.Uuid, channel=sa.Text)
    _add("askings", answered_at=_AT, failed_at=_AT, ended_at=_AT)
    _table("attempts", "attempt_id", "displayed_at", survey_id=sa.Uuid, channel=sa.Text, touchpoint=sa.Text)
    _add("attempts", last_question=sa.Text, started_at=_AT, completed_at=_AT)
    _version("attempts")
    _table("talks", "conversation_id", "started_at", channel=sa.Text)
    _add("talks", handed_off_at=_AT, handoff_reason=sa.Text, ended_at=_AT, resolved=sa.Boolean)
    _add("talks", human_replies=sa.Integer, reopened=sa.Integer)
    _version("talks")


def _table(name: str, key: str, at: str, **columns: Any) -> None:
    op.create_table(
        name,
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column(key, sa.Uuid, nullable=False),
        *(sa.Column(column, kind) for column, kind in columns.items()),
        sa.Column(at, _AT),
        sa.Column("customer_id", sa.Uuid),
        sa.PrimaryKeyConstraint("account_id", key, name=f"pk_{name}"),
        schema=SCHEMA,
    )
    enable_row_security(op, SCHEMA, name)
    follow_aliases(op, SCHEMA, name, present="customer_id", origin="origin_customer_id")
    op.create_index(f"ix_{name}_account_id_{at}", name, ["account_id", at], schema=SCHEMA)
    where = sa.text("customer_id is not null")
    by_customer = ["account_id", "customer_id"]
    op.create_index(f"ix_{name}_customer_id", name, by_customer, schema=SCHEMA, postgresql_where=where)


def _add(name: str, **columns: Any) -> None:
    for column, kind in columns.items():
        op.add_column(name, sa.Column(column, kind), schema=SCHEMA)


def _version(name: str) -> None:
    op.add_column(name, sa.Column("version", sa.Integer, nullable=False), schema=SCHEMA)


def _custom_metrics() -> None:
    op.execute(
        """
        create table metrics.custom_metrics (
            account_id uuid not null,
            id uuid not null,
            name text not null,
            title text not null,
            unit text not null,
            expression text not null,
            formula_version integer not null,
            version integer not null,
            created_at timestamptz not null,
            updated_at timestamptz not null,
            constraint pk_custom_metrics primary key (account_id, id),
            constraint uq_custom_metrics_account_id_name unique (account_id, name)
        )
        """
    )
    enable_row_security(op, "metrics", "custom_metrics")
