"""The kit's own tables, one set in each service's schema.

No row-level security: only the kit reads them, and the relay, the consumer and the timers serve all accounts.
(`idempotency_keys` holds answers, so it is under row-level security.)
"""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

Timestamp = DateTime(timezone=True)


def add_bus_tables(metadata: MetaData) -> None:
    """Declare outbox, inbox, timers and idempotency_keys in the metadata's schema."""
    _outbox(metadata)
    _inbox(metadata)
    _timers(metadata)
    _idempotency(metadata)


def _outbox(metadata: MetaData) -> None:
    # A row that is here has not been sent; the relay deletes what the transport has confirmed. `position` gives the
    # order of one aggregate's events (its row lock serialises their writers); it is never used as a high-water mark.
    Table(
        "outbox",
        metadata,
        Column("position", BigInteger, Identity(), primary_key=True),
        Column("event_id", Uuid, nullable=False),
        Column("account_id", Uuid, nullable=False),
        Column("type", Text, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("created_at", Timestamp, nullable=False, server_default=text("clock_timestamp()")),
    )


def _inbox(metadata: MetaData) -> None:
    # `done` rows remember what was handled; `retry` rows wait for next_at; `dead` rows wait for a person.
    inbox = Table(
        "inbox",
        metadata,
        Column("handler", Text, nullable=False),
        Column("event_id", Uuid, nullable=False),
        Column("account_id", Uuid),
        Column("state", Text, nullable=False),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("next_at", Timestamp),
        Column("last_error", Text),
        Column("body", LargeBinary),
        Column("received_at", Timestamp, nullable=False),
        PrimaryKeyConstraint("handler", "event_id"),
    )
    Index("ix_inbox_retry", inbox.c.next_at, postgresql_where=inbox.c.state == "retry")
    Index("ix_inbox_dead", inbox.c.received_at, postgresql_where=inbox.c.state == "dead")
    # Rows arrive in this order and leave in it: a block range index is enough, and costs an insert nothing.
    Index("ix_inbox_received_at", inbox.c.received_at, postgresql_using="brin")


def _timers(metadata: MetaData) -> None:
    timers = Table(
        "timers",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("account_id", Uuid, nullable=False),
        Column("kind", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("due_at", Timestamp, nullable=False),
        Column("payload", JSONB, nullable=False),
        Column("correlation_id", Uuid, nullable=False),
        Column("causation_id", Uuid),
        Column("traceparent", Text),
        Column("attempts", Integer, nullable=False, server_default=text("0")),
        Column("fence", BigInteger, nullable=False, server_default=text("0")),
        Column("locked_until", Timestamp),
        Column("dead", Text),
    )
    Index("uq_timers_kind_key", timers.c.account_id, timers.c.kind, timers.c.key, unique=True)
    Index("ix_timers_due_at", timers.c.due_at, postgresql_where=timers.c.dead.is_(None))


def _idempotency(metadata: MetaData) -> None:
    keys = Table(
        "idempotency_keys",
        metadata,
        Column("account_id", Uuid, nullable=False),
        Column("caller", Text, nullable=False),
        Column("route", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("fingerprint", LargeBinary, nullable=False),
        Column("status", Integer, nullable=False),
        Column("headers", JSONB, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("created_at", Timestamp, nullable=False),
        PrimaryKeyConstraint("account_id", "caller", "route", "key"),
    )
    Index("ix_idempotency_keys_created_at", keys.c.created_at)
