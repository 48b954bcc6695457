"""Imports of feedback from files."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0027"
down_revision = "0026"

STATEMENTS = """
create table survey.feedback_imports (
    id uuid constraint pk_feedback_imports primary key, account_id uuid not null, name text, format text,
    state text not null, encoding text not null, delimiter text not null, header jsonb not null,
    mapping jsonb not null, dry_run boolean not null, rows integer not null, done integer not null,
    new integer not null, edited integer not null, same integer not null, rejected integer not null,
    next_portion integer not null, version integer not null, created_at timestamptz not null,
    created_by text not null, started_at timestamptz, ended_at timestamptz
);
create index ix_feedback_imports_account_id_id on survey.feedback_imports (account_id, id);
create table survey.feedback_import_portions (
    account_id uuid not null,
    import_id uuid not null constraint fk_feedback_import_portions_import_id_feedback_imports
        references survey.feedback_imports (id),
    number integer not null, lines jsonb not null,
    constraint pk_feedback_import_portions primary key (account_id, import_id, number)
);
create table survey.feedback_import_rejections (
    account_id uuid not null,
    import_id uuid not null constraint fk_feedback_import_rejections_import_id_feedback_imports
        references survey.feedback_imports (id),
    line integer not null, cells jsonb not null, errors jsonb not null,
    constraint pk_feedback_import_rejections primary key (account_id, import_id, line)
)
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "survey", "feedback_imports", "feedback_import_portions", "feedback_import_rejections")
