"""What lay behind tickets, what feedback is about, and how long the stages of a loop may take."""

from alembic import op

from shared.db.aliases import follow_aliases
from shared.db.rls import enable_row_security

revision = "0013"
down_revision = "0012"

STATEMENTS = """
alter table tickets.tickets add column root_cause text;
alter table tickets.tickets add column corrective_action text;
create index ix_tickets_account_id_root_cause on tickets.tickets (account_id, root_cause, opened_at)
    where root_cause is not null;
alter table tickets.loops add column due_at timestamptz;
alter table tickets.loops add column overdue_at timestamptz;
alter table tickets.loops add column confirmed_by text;
create index ix_loops_account_id_due_at on tickets.loops (account_id, due_at) where due_at is not null;
create table tickets.loop_policies (
    account_id uuid not null,
    version integer not null,
    required text[] not null,
    allowances jsonb not null,
    updated_at timestamptz,
    constraint pk_loop_policies primary key (account_id)
);
create table tickets.topics (
    account_id uuid not null,
    version integer not null,
    topics jsonb not null,
    constraint pk_topics primary key (account_id)
);
create table tickets.feedback (
    account_id uuid not null,
    feedback_id uuid not null,
    version integer not null,
    customer_id uuid,
    channel text not null,
    band text,
    rating integer,
    keys text[] not null,
    topics jsonb not null,
    occurred_at timestamptz not null,
    gone boolean not null,
    constraint pk_feedback primary key (account_id, feedback_id)
);
create index ix_feedback_unhappy on tickets.feedback (account_id, occurred_at) where band = 'negative' and not gone;
create index ix_feedback_account_id_customer_id on tickets.feedback (account_id, customer_id)
    where customer_id is not null
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    follow_aliases(op, "tickets", "feedback", present="customer_id", origin="origin_customer_id")
    enable_row_security(op, "tickets", "loop_policies", "topics", "feedback")
