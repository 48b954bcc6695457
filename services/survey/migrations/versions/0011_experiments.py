"""Experiments, who is in which arm, and what that means for an invitation."""

from alembic import op

from shared.db.aliases import follow_aliases
from shared.db.rls import enable_row_security

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

EXPERIMENTS = """
alter table survey.invitations
    add column experiment_id uuid,
    add column variant text,
    add column dimensions jsonb not null default '{}';
create table survey.experiments (
    id uuid constraint pk_experiments primary key,
    account_id uuid not null,
    survey_id uuid not null constraint fk_experiments_survey_id_surveys references survey.surveys (id),
    document jsonb not null,
    created_at timestamptz not null,
    ended_at timestamptz
);
create unique index uq_experiments_running on survey.experiments (survey_id) where ended_at is null;
create index ix_experiments_survey_id on survey.experiments (account_id, survey_id, created_at, id);
create table survey.assignments (
    id uuid constraint pk_assignments primary key,
    account_id uuid not null,
    experiment_id uuid not null
        constraint fk_assignments_experiment_id_experiments references survey.experiments (id),
    customer_id uuid not null,
    variant text not null,
    assigned_at timestamptz not null,
    origin_customer_id uuid
);
create index ix_assignments_customer_id on survey.assignments
    (account_id, experiment_id, customer_id, assigned_at)
"""


def upgrade() -> None:
    for statement in EXPERIMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "survey", "experiments", "assignments")
    follow_aliases(op, "survey", "assignments", present="customer_id", origin="origin_customer_id")
