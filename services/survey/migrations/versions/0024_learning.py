"""Labels that people gave, the models that learn from them or from elsewhere, and what no topic is made for yet."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

TABLES = (
    "corrections",
    "text_models",
    "relabelings",
    "emerging_topics",
    "emerging_looks",
    "external_models",
    "external_readings",
)
STATEMENTS = """
create table survey.corrections (
    id uuid constraint pk_corrections primary key,
    account_id uuid not null,
    feedback_id uuid not null
        constraint fk_corrections_feedback_id_feedback references survey.feedback (id) on delete cascade,
    what text not null,
    before jsonb,
    after jsonb not null,
    text_hash text,
    corrected_by text not null,
    corrected_at timestamptz not null
);
create index ix_corrections_feedback_id on survey.corrections (account_id, feedback_id);
create index ix_corrections_what on survey.corrections (account_id, what, corrected_at);
create table survey.text_models (
    id uuid constraint pk_text_models primary key,
    account_id uuid not null,
    kind text not null,
    version integer not null,
    state varchar(20) not null
        constraint ck_text_models_state check (state in ('waiting', 'training', 'ready', 'failed')),
    active boolean not null,
    replaces boolean not null,
    precision double precision not null,
    corrections integer not null,
    thresholds jsonb not null,
    figures jsonb,
    note text,
    content bytea,
    requested_by text not null,
    created_at timestamptz not null,
    trained_at timestamptz
);
create unique index uq_text_models_version on survey.text_models (account_id, kind, version);
create index ix_text_models_created_at on survey.text_models (account_id, created_at, id);
create table survey.relabelings (
    id uuid constraint pk_relabelings primary key,
    account_id uuid not null,
    state varchar(20) not null
        constraint ck_relabelings_state check (state in ('running', 'finished', 'stopped')),
    since timestamptz,
    until timestamptz not null,
    filter jsonb not null,
    total integer not null,
    done integer not null,
    changed integer not null,
    kept integer not null,
    cursor_at timestamptz,
    cursor_id uuid,
    requested_by text not null,
    created_at timestamptz not null,
    ended_at timestamptz
);
create index ix_relabelings_created_at on survey.relabelings (account_id, created_at, id);
create table survey.emerging_topics (
    id uuid constraint pk_emerging_topics primary key,
    account_id uuid not null,
    state varchar(20) not null
        constraint ck_emerging_topics_state check (state in ('open', 'dismissed', 'adopted')),
    phrases jsonb not null,
    size integer not null,
    weeks jsonb not null,
    languages jsonb not null,
    members jsonb not null,
    adopted_as text,
    first_seen_at timestamptz not null,
    updated_at timestamptz not null
);
create index ix_emerging_topics_size on survey.emerging_topics (account_id, size, id);
create table survey.emerging_looks (
    account_id uuid constraint pk_emerging_looks primary key,
    run_id uuid not null,
    state varchar(20) not null
        constraint ck_emerging_looks_state check (state in ('waiting', 'ready', 'failed')),
    texts integer not null,
    note text,
    requested_at timestamptz not null,
    looked_at timestamptz
);
create table survey.external_models (
    id uuid constraint pk_external_models primary key,
    account_id uuid not null,
    version integer not null,
    enabled boolean not null,
    base_url text not null,
    model text not null,
    api_key bytea,
    monthly_calls integer not null,
    monthly_characters integer not null,
    month text not null,
    calls_used integer not null,
    characters_used integer not null,
    failures integer not null,
    note text,
    updated_by text not null,
    updated_at timestamptz not null
);
create unique index uq_external_models_account_id on survey.external_models (account_id);
create table survey.external_readings (
    id uuid constraint pk_external_readings primary key,
    account_id uuid not null,
    feedback_id uuid not null
        constraint fk_external_readings_feedback_id_feedback references survey.feedback (id) on delete cascade,
    text_hash text,
    state varchar(20) not null
        constraint ck_external_readings_state check (state in ('waiting', 'done', 'failed', 'skipped')),
    sent_to text,
    note text,
    created_at timestamptz not null,
    ended_at timestamptz
);
create unique index uq_external_readings_text on survey.external_readings (account_id, feedback_id, text_hash)
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "survey", *TABLES)
