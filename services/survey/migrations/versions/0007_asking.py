"""Policies, the gates' facts (consents, segments, exposures), refusals, and what becomes of an invitation."""

from alembic import op

from shared.db.aliases import follow_aliases
from shared.db.rls import enable_row_security

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = (
    "consents", "segments", "segment_members", "exposures", "refusals", "contact_policies", "survey_policies",
)  # fmt: skip

COPIES = """
alter table survey.accounts add column timezone text;
alter table survey.contacts
    add column timezone text,
    add column preferred_channel text,
    add column attributes jsonb not null default '{}',
    add column restricted boolean not null default false;
create table survey.consents (
    account_id uuid not null,
    customer_id uuid not null,
    purpose text not null,
    channel text not null,
    consent_id uuid not null,
    granted boolean not null,
    basis text not null,
    effective_at timestamptz not null,
    constraint pk_consents primary key (account_id, customer_id, purpose, channel)
);
create table survey.segments (
    account_id uuid not null,
    segment_id uuid not null,
    name text not null,
    version integer not null,
    is_deleted boolean not null,
    constraint pk_segments primary key (account_id, segment_id)
);
create table survey.segment_members (
    account_id uuid not null,
    segment_id uuid not null,
    customer_id uuid not null,
    version integer not null,
    is_member boolean not null,
    constraint pk_segment_members primary key (account_id, segment_id, customer_id)
);
create index ix_segment_members_customer_id on survey.segment_members (account_id, customer_id) where is_member
"""
POLICIES = """
create table survey.contact_policies (
    account_id uuid constraint pk_contact_policies primary key,
    version integer not null,
    document jsonb not null,
    updated_at timestamptz not null
);
create table survey.survey_policies (
    account_id uuid not null,
    survey_id uuid constraint pk_survey_policies primary key
        constraint fk_survey_policies_survey_id_surveys references survey.surveys (id),
    version integer not null,
    document jsonb not null,
    updated_at timestamptz not null
);
create table survey.exposures (
    account_id uuid not null,
    id uuid not null,
    customer_id uuid not null,
    kind text not null,
    channel text not null,
    survey_id uuid,
    at timestamptz not null,
    origin_customer_id uuid,
    constraint pk_exposures primary key (account_id, id)
);
create index ix_exposures_customer_id on survey.exposures (account_id, customer_id, at);
create index ix_exposures_at on survey.exposures (account_id, at, id);
create table survey.refusals (
    id uuid constraint pk_refusals primary key,
    account_id uuid not null,
    survey_id uuid not null,
    customer_id uuid not null,
    ticket_id uuid,
    invitation_id uuid,
    channel text not null,
    cause text not null,
    cause_id uuid,
    gate text not null,
    detail text not null,
    next_eligible_at timestamptz,
    at timestamptz not null,
    origin_customer_id uuid
);
create index ix_refusals_survey_id on survey.refusals (account_id, survey_id, at, id);
create index ix_refusals_customer_id on survey.refusals (account_id, customer_id, at)
"""
# Whoever was asked before was asked all the same.
INVITATIONS = """
alter table survey.invitations
    add column cause text not null default 'call',
    add column cause_id uuid,
    add column sent_at timestamptz,
    add column due_at timestamptz,
    add column reminders integer not null default 0,
    drop constraint ck_invitations_state,
    add constraint ck_invitations_state
        check (state in ('waiting', 'open', 'answered', 'expired', 'revoked'));
drop index survey.uq_invitations_open;
create unique index uq_invitations_open on survey.invitations
    (account_id, survey_id, customer_id, coalesce(ticket_id, '00000000-0000-0000-0000-000000000000'))
    where state in ('waiting', 'open');
update survey.invitations set sent_at = created_at, due_at = case when state = 'open' then expires_at end;
create index ix_invitations_due_at on survey.invitations (account_id, due_at) where state in ('waiting', 'open');
create index ix_invitations_cause_id on survey.invitations (account_id, cause_id, created_at);
insert into survey.exposures (account_id, id, customer_id, kind, channel, survey_id, at, origin_customer_id)
select account_id, id, customer_id, 'invitation', channel, survey_id, created_at, origin_customer_id
from survey.invitations
"""


def upgrade() -> None:
    for part in (COPIES, POLICIES, INVITATIONS):
        for statement in part.split(";\n"):
            op.execute(statement)
    enable_row_security(op, "survey", *TABLES)
    for table in ("exposures", "refusals"):
        follow_aliases(op, "survey", table, present="customer_id", origin="origin_customer_id")
