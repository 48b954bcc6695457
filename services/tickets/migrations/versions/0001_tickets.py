"""Tickets with their history and conversation, targets, loops, and copies of people and customers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.migrations import create_kit_tables
from shared.db.rls import enable_row_security

revision = "0001"
down_revision = None

SCHEMA = "tickets"
Timestamp = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_kit_tables(op, SCHEMA)
    _people_and_contacts()
    _policies()
    _tickets()
    _history()
    _messages()
    _loops()
    enable_row_security(
        op, SCHEMA, "people", "contacts", "sla_policies", "counters", "tickets", "history", "messages", "loops"
    )


def _people_and_contacts() -> None:
    op.create_table(
        "people",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_people"),
        schema=SCHEMA,
    )
    op.create_table(
        "contacts",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "id", name="pk_contacts"),
        schema=SCHEMA,
    )


def _policies() -> None:
    op.create_table(
        "sla_policies",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("is_default", sa.Boolean, nullable=False),
        sa.Column("targets", JSONB, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sla_policies"),
        schema=SCHEMA,
    )
    op.create_index(
        "uq_sla_policies_default",
        "sla_policies",
        ["account_id"],
        unique=True,
        postgresql_where=sa.text("is_default"),
        schema=SCHEMA,
    )
    op.create_index("ix_sla_policies_account_id_id", "sla_policies", ["account_id", "id"], schema=SCHEMA)


def _tickets() -> None:
    op.create_table(
        "counters",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("last_number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_counters"),
        schema=SCHEMA,
    )
    op.create_table(
        "tickets",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("priority", sa.Text, nullable=False),
        sa.Column("assignee_id", sa.Uuid),
        sa.Column("tags", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("customer_id", sa.Uuid),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("origin_kind", sa.Text, nullable=False),
        sa.Column("feedback_id", sa.Uuid),
        sa.Column("rule_id", sa.Uuid),
        sa.Column("request_id", sa.Uuid),
        sa.Column("opened_at", Timestamp, nullable=False),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.Column("resolved_at", Timestamp),
        sa.Column("reopened_count", sa.Integer, nullable=False),
        sa.Column("policy_id", sa.Uuid, nullable=False),
        sa.Column("first_response_seconds", sa.Integer, nullable=False),
        sa.Column("first_response_due_at", Timestamp),
        sa.Column("first_responded_at", Timestamp),
        sa.Column("first_response_missed_at", Timestamp),
        sa.Column("resolution_seconds", sa.Integer, nullable=False),
        sa.Column("resolution_due_at", Timestamp),
        sa.Column("resolution_missed_at", Timestamp),
        sa.PrimaryKeyConstraint("id", name="pk_tickets"),
        schema=SCHEMA,
    )
    _ticket_index("uq_tickets_account_id_number", "number", unique=True)
    _ticket_index("uq_tickets_account_id_request_id", "request_id", unique=True, where="request_id is not null")
    living = "feedback_id is not null and state <> 'closed'"
    _ticket_index("uq_tickets_account_id_feedback_id", "feedback_id", unique=True, where=living)
    _ticket_index("ix_tickets_account_id_opened_at", "opened_at", "id")
    _ticket_index(
        "ix_tickets_account_id_customer_id", "customer_id", "opened_at", "id", where="customer_id is not null"
    )
    on_the_desk = "state in ('open', 'pending')"
    _ticket_index("ix_tickets_account_id_assignee_id", "assignee_id", "opened_at", "id", where=on_the_desk)


def _ticket_index(name: str, *columns: str, unique: bool = False, where: str | None = None) -> None:
    condition = sa.text(where) if where else None
    op.create_index(name, "tickets", ["account_id", *columns], unique=unique, postgresql_where=condition, schema=SCHEMA)


def _history() -> None:
    op.create_table(
        "history",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("ticket_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("at", Timestamp, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("changes", JSONB, nullable=False),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("ticket_id", "version", name="pk_history"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.tickets.id"], name="fk_history_ticket_id_tickets"),
        schema=SCHEMA,
    )


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("ticket_id", sa.Uuid, nullable=False),
        sa.Column("internal", sa.Boolean, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("author_name", sa.Text, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.tickets.id"], name="fk_messages_ticket_id_tickets"),
        schema=SCHEMA,
    )
    columns = ["account_id", "ticket_id", "id"]
    op.create_index("ix_messages_account_id_ticket_id", "messages", columns, schema=SCHEMA)


def _loops() -> None:
    op.create_table(
        "loops",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("ticket_id", sa.Uuid, nullable=False),
        sa.Column("feedback_id", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("before", sa.Integer),
        sa.Column("after", sa.Integer),
        sa.Column("needs_follow_up_at", Timestamp, nullable=False),
        sa.Column("contacted_at", Timestamp),
        sa.Column("fixed_at", Timestamp),
        sa.Column("confirmed_at", Timestamp),
        sa.Column("re_measured_at", Timestamp),
        sa.PrimaryKeyConstraint("ticket_id", name="pk_loops"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.tickets.id"], name="fk_loops_ticket_id_tickets"),
        schema=SCHEMA,
    )
    op.create_index("ix_loops_account_id_ticket_id", "loops", ["account_id", "ticket_id"], schema=SCHEMA)
