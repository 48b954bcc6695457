"""What customers do, and what they allow."""

from alembic import op

from shared.db.rls import enable_row_security, grant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROLE = "heed_customers"

TABLES = """
create table customers.activities (
    id uuid not null,
    account_id uuid not null,
    customer_id uuid not null,
    origin_customer_id uuid not null,
    kind text not null,
    name text,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    amount numeric(18, 4),
    currency text,
    touchpoint text,
    properties jsonb not null,
    source text not null,
    source_id text not null,
    version integer not null,
    constraint pk_activities primary key (id)
);
create unique index uq_activities_source on customers.activities (account_id, source, source_id);
create index ix_activities_customer on customers.activities (account_id, customer_id, occurred_at);
create index ix_activities_kind on customers.activities (account_id, kind, occurred_at);

create table customers.deleted_activities (
    account_id uuid not null,
    source text not null,
    source_id text not null,
    deleted_at timestamptz not null,
    constraint pk_deleted_activities primary key (account_id, source, source_id)
);

create table customers.consents (
    id uuid not null,
    account_id uuid not null,
    customer_id uuid not null,
    origin_customer_id uuid not null,
    purpose text not null,
    channel text not null,
    granted boolean not null,
    basis text not null,
    text_version text,
    source text not null,
    proof jsonb not null,
    actor text not null,
    effective_at timestamptz not null,
    recorded_at timestamptz not null,
    constraint pk_consents primary key (id)
);
create index ix_consents_customer on customers.consents (account_id, customer_id, id)
"""

# Only the administrator's function deletes, and only whole customers of the account that the transaction is set to.
ERASE = """
create function customers.erase_consents(whose uuid) returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    delete from customers.consents
    where customer_id = whose and account_id = nullif(current_setting('heed.account_id', true), '')::uuid
$$
"""


def upgrade() -> None:
    for statement in TABLES.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "customers", "activities", "deleted_activities", "consents")
    # Append-only, whatever a bug does: a row may change hands when customers are merged, and nothing else of it may.
    op.execute(f"revoke update, delete on customers.consents from {ROLE}")
    grant(op, ROLE, "update (customer_id) on", ["customers.consents"])
    op.execute(ERASE)
    op.execute("revoke all on function customers.erase_consents(uuid) from public")
    grant(op, ROLE, "execute on function", ["customers.erase_consents(uuid)"])
