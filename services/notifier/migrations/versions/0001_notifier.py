"""The event log, rules and their runs, texts, messages, webhooks, and what waits to be sent."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.db.migrations import create_kit_tables
from shared.db.rls import enable_row_security

revision = "0001"
down_revision = None

SCHEMA = "notifier"
Timestamp = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_kit_tables(op, SCHEMA)
    _accounts()
    _log()
    _rules()
    _messages()
    _webhooks()
    _deliveries()
    # Not under row-level security: `dispatches`, which the loops of all accounts share, and `mailbox`, which stands in
    # for a mail server outside of all accounts.
    enable_row_security(
        op, SCHEMA, "accounts", "contacts", "event_counters", "events", "rules", "rule_runs", "rule_steps"
    )
    enable_row_security(op, SCHEMA, "templates", "messages", "webhook_endpoints", "webhook_deliveries")


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("timezone", sa.Text, nullable=False),
        sa.Column("rules_paused", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_accounts"),
        schema=SCHEMA,
    )
    op.create_table(
        "contacts",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("name", sa.Text),
        sa.Column("locale", sa.Text),
        sa.Column("timezone", sa.Text),
        sa.PrimaryKeyConstraint("account_id", "customer_id", name="pk_contacts"),
        schema=SCHEMA,
    )


def _log() -> None:
    op.create_table(
        "event_counters",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("last_sequence", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_event_counters"),
        schema=SCHEMA,
    )
    op.create_table(
        "events",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("causation_id", sa.Uuid),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("time", Timestamp, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "sequence", name="pk_events"),
        schema=SCHEMA,
    )
    op.create_index("uq_events_event_id", "events", ["account_id", "event_id"], schema=SCHEMA, unique=True)


def _rules() -> None:
    op.create_table(
        "rules",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("builtin", sa.Text),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("event_type", sa.Text, nullable=False),
        sa.Column("condition", sa.Text, nullable=False),
        sa.Column("actions", JSONB, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("max_event_age_seconds", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.Column("deleted_at", Timestamp),
        sa.PrimaryKeyConstraint("id", name="pk_rules"),
        sa.UniqueConstraint("account_id", "builtin", name="uq_rules_account_id_builtin"),
        schema=SCHEMA,
    )
    op.create_index("ix_rules_event_type", "rules", ["account_id", "event_type"], schema=SCHEMA)
    op.create_table(
        "rule_runs",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("rule_id", sa.Uuid, nullable=False),
        sa.Column("rule_version", sa.Integer, nullable=False),
        sa.Column("rule_name", sa.Text, nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("event_type", sa.Text, nullable=False),
        sa.Column("subject", sa.Uuid, nullable=False),
        sa.Column("customer_id", sa.Uuid),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("started_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rule_runs"),
        schema=SCHEMA,
    )
    op.create_index("ix_rule_runs_rule_id", "rule_runs", ["account_id", "rule_id", "started_at", "id"], schema=SCHEMA)
    op.create_index("ix_rule_runs_started_at", "rule_runs", ["account_id", "started_at", "id"], schema=SCHEMA)
    op.create_index(
        "uq_rule_runs_event_id", "rule_runs", ["account_id", "event_id", "rule_id"], schema=SCHEMA, unique=True
    )
    op.create_table(
        "rule_steps",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("run_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("subject", sa.Uuid, nullable=False),
        sa.Column("action", JSONB, nullable=False),
        sa.Column("unless", ARRAY(sa.Text), nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("detail", sa.Text),
        sa.Column("due_at", Timestamp),
        sa.Column("finished_at", Timestamp),
        sa.PrimaryKeyConstraint("account_id", "run_id", "position", name="pk_rule_steps"),
        sa.ForeignKeyConstraint(
            ["run_id"], ["notifier.rule_runs.id"], name="fk_rule_steps_run_id_rule_runs", ondelete="CASCADE"
        ),
        schema=SCHEMA,
    )
    op.create_index(
        "ix_rule_steps_scheduled",
        "rule_steps",
        ["account_id", "subject"],
        schema=SCHEMA,
        postgresql_where=sa.text("state = 'scheduled'"),
    )


def _messages() -> None:
    op.create_table(
        "templates",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("mjml", sa.Text, nullable=False),
        sa.Column("html", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_templates"),
        sa.UniqueConstraint("account_id", "key", "locale", name="uq_templates_account_id_key_locale"),
        schema=SCHEMA,
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Uuid),
        sa.Column("ticket_id", sa.Uuid),
        sa.Column("invitation_id", sa.Uuid),
        sa.Column("rule_id", sa.Uuid),
        sa.Column("variables", JSONB, nullable=False),
        sa.Column("locale", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("recipient", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("text", sa.Text),
        sa.Column("html", sa.Text),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("sent_at", Timestamp),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("account_id", "key", name="uq_messages_account_id_key"),
        schema=SCHEMA,
    )
    op.create_index("ix_messages_created_at", "messages", ["account_id", "created_at", "id"], schema=SCHEMA)
    op.create_index("ix_messages_customer_id", "messages", ["account_id", "customer_id", "created_at"], schema=SCHEMA)
    op.create_table(
        "mailbox",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("recipient", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("received_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mailbox"),
        schema=SCHEMA,
    )
    op.create_index("uq_mailbox_message_id", "mailbox", ["message_id"], schema=SCHEMA, unique=True)


def _deliveries() -> None:
    op.create_table(
        "dispatches",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("lane", sa.Uuid, nullable=False),
        sa.Column("due_at", Timestamp, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("fence", sa.BigInteger, nullable=False),
        sa.Column("locked_until", Timestamp),
        sa.Column("correlation_id", sa.Uuid, nullable=False),
        sa.Column("causation_id", sa.Uuid),
        sa.Column("traceparent", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_dispatches"),
        schema=SCHEMA,
    )
    op.create_index("ix_dispatches_lane", "dispatches", ["kind", "lane", "due_at"], schema=SCHEMA)
    # Rows come and go quickly: vacuum early.
    op.execute(f"alter table {SCHEMA}.dispatches set (autovacuum_vacuum_scale_factor = 0.01)")


def _webhooks() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("types", ARRAY(sa.Text), nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("disabled_reason", sa.Text),
        sa.Column("failing_since", Timestamp),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("old_secret", sa.LargeBinary),
        sa.Column("old_secret_until", Timestamp),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("updated_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoints"),
        schema=SCHEMA,
    )
    op.create_index("ix_webhook_endpoints_account_id", "webhook_endpoints", ["account_id", "id"], schema=SCHEMA)
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("endpoint_id", sa.Uuid, nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("event_type", sa.Text, nullable=False),
        sa.Column("sequence", sa.BigInteger),
        sa.Column("body", sa.LargeBinary),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("last_status", sa.Integer),
        sa.Column("last_error", sa.Text),
        sa.Column("last_response", sa.Text),
        sa.Column("next_attempt_at", Timestamp),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("finished_at", Timestamp),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
        schema=SCHEMA,
    )
    op.create_index(
        "ix_webhook_deliveries_endpoint_id", "webhook_deliveries", ["account_id", "endpoint_id", "id"], schema=SCHEMA
    )
