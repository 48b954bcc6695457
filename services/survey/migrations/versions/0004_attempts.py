"""Attempts to answer, what an answer says besides its answers, its earlier versions, and widgets' keys."""

from alembic import op

from shared.db.aliases import follow_aliases
from shared.db.rls import enable_row_security

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = ("attempts", "response_versions", "quota_counts", "widget_keys")

RESPONSES = """
alter table survey.responses
    add column revision integer not null default 1,
    add column hidden jsonb not null default '{}',
    add column variables jsonb not null default '{}',
    add column ending text,
    add column screened_out boolean not null default false,
    add column over_quota text,
    add column suspicious jsonb not null default '[]',
    add column anonymous boolean not null default false,
    add column source jsonb not null default '{}',
    add column counted jsonb not null default '[]',
    add column changed_at timestamptz,
    add column withdrawn_at timestamptz;
create table survey.response_versions (
    account_id uuid not null,
    response_id uuid not null,
    revision integer not null,
    answers jsonb not null,
    ended_at timestamptz not null,
    constraint pk_response_versions primary key (response_id, revision)
);
create table survey.quota_counts (
    account_id uuid not null,
    survey_id uuid not null,
    key text not null,
    counted bigint not null,
    constraint pk_quota_counts primary key (survey_id, key)
);
create table survey.attempts (
    id uuid constraint pk_attempts primary key,
    account_id uuid not null,
    survey_id uuid not null,
    survey_version integer not null,
    submission_id text not null,
    invitation_id uuid,
    customer_id uuid,
    state text not null
        constraint ck_attempts_state
        check (state in ('displayed', 'started', 'dismissed', 'completed', 'screened_out')),
    channel text not null,
    touchpoint text,
    language text,
    dimensions jsonb not null,
    seen jsonb not null,
    answered jsonb not null,
    last_question text,
    suspicious jsonb not null,
    displayed_at timestamptz not null,
    started_at timestamptz,
    dismissed_at timestamptz,
    ended_at timestamptz,
    origin_customer_id uuid
);
create unique index uq_attempts_submission on survey.attempts (account_id, survey_id, submission_id);
create index ix_attempts_displayed_at on survey.attempts (account_id, displayed_at, id);
create index ix_attempts_customer_id on survey.attempts (account_id, customer_id);
create table survey.widget_keys (
    api_key_id uuid constraint pk_widget_keys primary key,
    account_id uuid not null,
    public_key text,
    origins jsonb not null,
    expires_at timestamptz,
    version integer not null,
    is_revoked boolean not null
);
create index ix_widget_keys_public_key on survey.widget_keys (account_id, public_key)
"""


def upgrade() -> None:
    for statement in RESPONSES.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "survey", *TABLES)
    follow_aliases(op, "survey", "attempts", present="customer_id", origin="origin_customer_id")
