"""Identities say how they are known, and customers can be merged and given back."""

from alembic import op

from shared.db.aliases import follow_aliases
from shared.db.rls import enable_row_security

revision = "0007"
down_revision = "0006"

STATEMENTS = """
alter table customers.customers add column merged_into_id uuid;
create index ix_customers_merged_into_id on customers.customers (account_id, merged_into_id)
    where merged_into_id is not null;

alter table customers.identities
    drop constraint pk_identities,
    add column id uuid not null default gen_random_uuid(),
    add column verified boolean not null default false,
    add column source text not null default 'api',
    add column evidence text,
    add column last_seen_at timestamptz;
update customers.identities set last_seen_at = created_at;
alter table customers.identities
    add constraint pk_identities primary key (id),
    alter column id drop default,
    alter column verified drop default,
    alter column source drop default,
    alter column last_seen_at set not null;
create index ix_identities_account_id_kind_value on customers.identities (account_id, kind, value);
create unique index uq_identities_unique on customers.identities (account_id, kind, value)
    where kind in ('external_id', 'email', 'phone');

create table customers.merges (
    id uuid not null,
    account_id uuid not null,
    customer_id uuid not null,
    merged_customer_id uuid not null,
    automatic boolean not null,
    reason text,
    taken jsonb not null,
    merged_at timestamptz not null,
    merged_by text not null,
    unmerged_at timestamptz,
    unmerged_by text,
    constraint pk_merges primary key (id)
);
create index ix_merges_account_id_customer_id on customers.merges (account_id, customer_id);
create index ix_merges_account_id_merged_customer_id on customers.merges (account_id, merged_customer_id);

create table customers.merge_suggestions (
    id uuid not null,
    account_id uuid not null,
    first_id uuid not null,
    second_id uuid not null,
    signs jsonb not null,
    conflicts jsonb not null,
    score integer not null,
    state text not null,
    merge_id uuid,
    created_at timestamptz not null,
    decided_at timestamptz,
    decided_by text,
    constraint pk_merge_suggestions primary key (id)
);
create unique index uq_merge_suggestions_account_id on customers.merge_suggestions (account_id, first_id, second_id);
create index ix_merge_suggestions_account_id_state_score
    on customers.merge_suggestions (account_id, state, score, id);
create index ix_merge_suggestions_account_id_second_id on customers.merge_suggestions (account_id, second_id)
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "customers", "merges", "merge_suggestions")
    follow_aliases(op, "customers", "identities", present="customer_id", origin="origin_customer_id")
