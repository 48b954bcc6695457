"""Imports of customers from files."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0011"
down_revision = "0010"

STATEMENTS = """
create table customers.imports (
    id uuid not null,
    account_id uuid not null,
    name text,
    state text not null,
    encoding text not null,
    delimiter text not null,
    header jsonb not null,
    mapping jsonb not null,
    country text,
    dry_run boolean not null,
    rows integer not null,
    done integer not null,
    created integer not null,
    updated integer not null,
    rejected integer not null,
    next_portion integer not null,
    version integer not null,
    created_at timestamptz not null,
    created_by text not null,
    started_at timestamptz,
    ended_at timestamptz,
    constraint pk_imports primary key (id)
);
create index ix_imports_account_id_id on customers.imports (account_id, id);

create table customers.import_portions (
    account_id uuid not null,
    import_id uuid not null,
    number integer not null,
    lines jsonb not null,
    constraint pk_import_portions primary key (account_id, import_id, number),
    constraint fk_import_portions_import_id_imports foreign key (import_id) references customers.imports (id)
);

create table customers.import_rejections (
    account_id uuid not null,
    import_id uuid not null,
    line integer not null,
    cells jsonb not null,
    errors jsonb not null,
    constraint pk_import_rejections primary key (account_id, import_id, line),
    constraint fk_import_rejections_import_id_imports foreign key (import_id) references customers.imports (id)
)
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "customers", "imports", "import_portions", "import_rejections")
