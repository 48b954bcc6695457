"""Problems, what is done about them, and what customers did since they complained."""

from alembic import op

from shared.db.aliases import follow_aliases
from shared.db.rls import enable_row_security

revision = "0019"
down_revision = "0018"

STATEMENTS = """
create table tickets.activities (
    account_id uuid not null,
    activity_id uuid not null,
    version integer not null,
    customer_id uuid,
    kind text not null,
    occurred_at timestamptz not null,
    gone boolean not null,
    constraint pk_activities primary key (account_id, activity_id)
);
create index ix_activities_account_id_customer_id on tickets.activities (account_id, customer_id, kind, occurred_at)
    where customer_id is not null and not gone;
create table tickets.problems (
    id uuid not null,
    account_id uuid not null,
    title text not null,
    description text not null,
    cause text,
    state text not null,
    owner_id uuid,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    closed_at timestamptz,
    constraint pk_problems primary key (id)
);
create index ix_problems_account_id_state on tickets.problems (account_id, state, id);
create table tickets.problem_links (
    account_id uuid not null,
    problem_id uuid not null,
    kind text not null,
    target_id uuid not null,
    linked_at timestamptz not null,
    linked_by text not null,
    constraint pk_problem_links primary key (problem_id, kind, target_id),
    constraint fk_problem_links_problem_id_problems foreign key (problem_id) references tickets.problems (id)
);
create index ix_problem_links_target_id on tickets.problem_links (account_id, target_id);
create table tickets.improvements (
    id uuid not null,
    account_id uuid not null,
    title text not null,
    description text not null,
    state text not null,
    owner_id uuid,
    cost_amount numeric,
    cost_currency text,
    starts_on date,
    metric text,
    expected_change numeric,
    shipped_at timestamptz,
    you_said text,
    we_did text,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint pk_improvements primary key (id)
);
create index ix_improvements_account_id_state on tickets.improvements (account_id, state, id);
create table tickets.remedies (
    account_id uuid not null,
    improvement_id uuid not null,
    problem_id uuid not null,
    constraint pk_remedies primary key (improvement_id, problem_id),
    constraint fk_remedies_improvement_id_improvements foreign key (improvement_id)
        references tickets.improvements (id),
    constraint fk_remedies_problem_id_problems foreign key (problem_id) references tickets.problems (id)
);
create index ix_remedies_problem_id on tickets.remedies (account_id, problem_id);
create table tickets.tellings (
    id uuid not null,
    account_id uuid not null,
    improvement_id uuid not null,
    recipient_id uuid not null,
    customer_id uuid,
    state text not null,
    reason text,
    created_at timestamptz not null,
    settled_at timestamptz,
    constraint pk_tellings primary key (id),
    constraint uq_tellings_recipient_id unique (improvement_id, recipient_id),
    constraint fk_tellings_improvement_id_improvements foreign key (improvement_id)
        references tickets.improvements (id)
);
create index ix_tellings_improvement_id on tickets.tellings (account_id, improvement_id, customer_id);
create index ix_tellings_customer_id on tickets.tellings (account_id, customer_id)
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    for table in ("activities", "tellings"):
        follow_aliases(op, "tickets", table, present="customer_id", origin="origin_customer_id")
    tables = ("activities", "problems", "problem_links", "improvements", "remedies", "tellings")
    enable_row_security(op, "tickets", *tables)
