"""What waits to leave the house: messages for the mail server, events for webhooks, questions for a platform.

The rows name nothing but ids, and no row-level security hides them: the loops serve all accounts. What is sent stands
in the feature's own tables, which they open one account at a time. A service that has such things declares the table.
"""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, MetaData, PrimaryKeyConstraint, Table, Text, Uuid

from shared.bus.ddl import Operations


def create_dispatches(op: Operations, schema: str) -> None:
    """The table, in a migration."""
    op.execute(f"""
        create table "{schema}".dispatches (
            id uuid constraint pk_dispatches primary key, account_id uuid not null, kind text not null,
            lane uuid not null, due_at timestamptz not null, attempts integer not null, fence bigint not null,
            locked_until timestamptz, correlation_id uuid not null, causation_id uuid, traceparent text
        )
    """)
    op.execute(f'create index ix_dispatches_lane on "{schema}".dispatches (kind, lane, due_at)')
    # Rows come and go quickly: vacuum early.
    op.execute(f'alter table "{schema}".dispatches set (autovacuum_vacuum_scale_factor = 0.01)')


def dispatches_in(metadata: MetaData) -> Table:
    """Declares the same table for the models. A row that is here has not been done yet; `lane` keeps those apart that
    must not wait for each other."""
    return Table(
        "dispatches",
        metadata,
        Column("id", Uuid, nullable=False),
        Column("account_id", Uuid, nullable=False),
        Column("kind", Text, nullable=False),
        Column("lane", Uuid, nullable=False),
        Column("due_at", DateTime(timezone=True), nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("fence", BigInteger, nullable=False),
        Column("locked_until", DateTime(timezone=True)),
        Column("correlation_id", Uuid, nullable=False),
        Column("causation_id", Uuid),
        Column("traceparent", Text),
        PrimaryKeyConstraint("id"),
        Index("ix_dispatches_lane", "kind", "lane", "due_at"),
    )
