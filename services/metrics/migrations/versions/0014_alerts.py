"""What an account watches, and the alarms that came of it."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute(
        """
        create table metrics.watches (
            id uuid not null,
            account_id uuid not null,
            document jsonb not null,
            state text not null,
            problem text,
            looked_at timestamptz,
            looked_to date,
            version integer not null,
            created_at timestamptz not null,
            updated_at timestamptz not null,
            constraint pk_watches primary key (id)
        )
        """
    )
    op.execute("create index ix_watches_account_id_created_at on metrics.watches (account_id, created_at, id)")
    op.execute(
        """
        create table metrics.alarms (
            id uuid not null,
            account_id uuid not null,
            watch_id uuid not null,
            metric text not null,
            direction integer not null,
            filters jsonb not null,
            groups jsonb not null,
            from_day date not null,
            to_day date not null,
            findings jsonb not null,
            causes jsonb not null,
            raised_at timestamptz not null,
            closed_at timestamptz,
            ending text,
            version integer not null,
            constraint pk_alarms primary key (id)
        )
        """
    )
    op.execute("create index ix_alarms_account_id_raised_at on metrics.alarms (account_id, raised_at, id)")
    op.execute(
        "create unique index uq_alarms_open on metrics.alarms (account_id, watch_id, direction) where closed_at is null"
    )
    for table in ("watches", "alarms"):
        enable_row_security(op, "metrics", table)
