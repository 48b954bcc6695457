"""Segments, their members, and what customers said."""

from alembic import op

from shared.db.aliases import follow_aliases
from shared.db.rls import enable_row_security

revision = "0006"
down_revision = "0005"

TABLES = """
create table customers.segments (
    id uuid not null,
    account_id uuid not null,
    name text not null,
    name_key text not null,
    description text,
    kind text not null,
    condition jsonb,
    concerns text[] not null,
    segment_ids uuid[] not null,
    persona jsonb,
    state text not null,
    built_after uuid,
    built integer not null,
    to_build integer not null,
    members integer not null,
    members_version integer not null,
    review_at timestamptz,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint pk_segments primary key (id)
);
create unique index uq_segments_name on customers.segments (account_id, name_key);

create table customers.segment_members (
    account_id uuid not null,
    segment_id uuid not null,
    customer_id uuid not null,
    entered_at timestamptz not null,
    constraint pk_segment_members primary key (account_id, segment_id, customer_id)
);
create index ix_segment_members_customer on customers.segment_members (account_id, customer_id);

create table customers.segment_lists (
    id uuid not null,
    account_id uuid not null,
    segment_id uuid not null,
    customer_id uuid not null,
    origin_customer_id uuid,
    listed_at timestamptz not null,
    constraint pk_segment_lists primary key (id)
);
create index ix_segment_lists_customer on customers.segment_lists (account_id, segment_id, customer_id);

create table customers.segment_reviews (
    account_id uuid not null,
    segment_id uuid not null,
    customer_id uuid not null,
    due_at timestamptz not null,
    constraint pk_segment_reviews primary key (account_id, segment_id, customer_id)
);
create index ix_segment_reviews_due on customers.segment_reviews (account_id, segment_id, due_at);

create table customers.segment_feedback (
    account_id uuid not null,
    feedback_id uuid not null,
    question text not null,
    customer_id uuid,
    origin_customer_id uuid,
    is_leading boolean not null,
    scheme text,
    value numeric(18, 4),
    band text,
    sentiment text,
    survey_id uuid,
    occurred_at timestamptz not null,
    version integer not null,
    constraint pk_segment_feedback primary key (account_id, feedback_id, question)
);
create index ix_segment_feedback_customer on customers.segment_feedback (account_id, customer_id, occurred_at)
"""
NAMES = ("segments", "segment_members", "segment_lists", "segment_reviews", "segment_feedback")


def upgrade() -> None:
    for statement in TABLES.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "customers", *NAMES)
    for table in ("segment_lists", "segment_feedback"):
        follow_aliases(op, "customers", table, present="customer_id", origin="origin_customer_id")
