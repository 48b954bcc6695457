"""Runs, triggers, and surveys that come again."""

from alembic import op

from shared.db.aliases import follow_aliases
from shared.db.rls import enable_row_security

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = ("invitation_runs", "invitation_run_customers", "triggers", "recurrences", "recurring_customers")

RUNS = """
alter table survey.invitations add column wave integer;
create table survey.invitation_runs (
    id uuid constraint pk_invitation_runs primary key,
    account_id uuid not null,
    survey_id uuid not null constraint fk_invitation_runs_survey_id_surveys references survey.surveys (id),
    segment_id uuid,
    channel text not null,
    days integer not null,
    state varchar(20) not null
        constraint ck_invitation_runs_state check (state in ('waiting', 'running', 'finished', 'cancelled')),
    customers integer not null,
    invited integer not null,
    refused integer not null,
    refused_by jsonb not null,
    cursor uuid,
    created_at timestamptz not null,
    send_at timestamptz not null,
    started_at timestamptz,
    ended_at timestamptz
);
create index ix_invitation_runs_survey_id on survey.invitation_runs (account_id, survey_id, created_at, id);
create table survey.invitation_run_customers (
    account_id uuid not null,
    run_id uuid not null
        constraint fk_invitation_run_customers_run_id_invitation_runs references survey.invitation_runs (id),
    customer_id uuid not null,
    constraint pk_invitation_run_customers primary key (run_id, customer_id)
)
"""
BY_THEMSELVES = """
create table survey.triggers (
    id uuid constraint pk_triggers primary key,
    account_id uuid not null,
    survey_id uuid not null constraint fk_triggers_survey_id_surveys references survey.surveys (id),
    version integer not null,
    event text not null,
    enabled boolean not null,
    document jsonb not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index ix_triggers_event on survey.triggers (account_id, event);
create index ix_triggers_survey_id on survey.triggers (account_id, survey_id, created_at, id);
create table survey.recurrences (
    account_id uuid not null,
    survey_id uuid constraint pk_recurrences primary key
        constraint fk_recurrences_survey_id_surveys references survey.surveys (id),
    version integer not null,
    document jsonb not null,
    started_at timestamptz not null,
    updated_at timestamptz not null
);
create table survey.recurring_customers (
    id uuid constraint pk_recurring_customers primary key,
    account_id uuid not null,
    survey_id uuid not null constraint fk_recurring_customers_survey_id_surveys references survey.surveys (id),
    customer_id uuid not null,
    anchor_at timestamptz not null,
    wave integer not null,
    next_at timestamptz not null,
    origin_customer_id uuid
);
create index ix_recurring_customers_next_at on survey.recurring_customers (account_id, survey_id, next_at);
create index ix_recurring_customers_customer_id on survey.recurring_customers (account_id, customer_id, survey_id)
"""


def upgrade() -> None:
    for part in (RUNS, BY_THEMSELVES):
        for statement in part.split(";\n"):
            op.execute(statement)
    enable_row_security(op, "survey", *TABLES)
    follow_aliases(op, "survey", "recurring_customers", present="customer_id", origin="origin_customer_id")
