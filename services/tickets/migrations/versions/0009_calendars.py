"""Calendars, policies with versions, and targets that are counted by them. What tickets were promised stays."""

from alembic import op

from shared.db.rls import enable_row_security
from shared.dispatch.tables import create_dispatches

revision = "0009"
down_revision = "0008"

STATEMENTS = """
create table tickets.calendars (
    id uuid not null,
    account_id uuid not null,
    name text not null,
    is_default boolean not null,
    spec jsonb not null,
    feed_dates jsonb not null,
    feed_read_at timestamptz,
    feed_problem text,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    removed_at timestamptz,
    constraint pk_calendars primary key (id)
);
create unique index uq_calendars_default on tickets.calendars (account_id) where is_default;
create index ix_calendars_account_id_id on tickets.calendars (account_id, id);
create table tickets.calendar_versions (
    account_id uuid not null,
    calendar_id uuid not null,
    version integer not null,
    content jsonb not null,
    actor text not null,
    created_at timestamptz not null,
    constraint pk_calendar_versions primary key (calendar_id, version),
    constraint fk_calendar_versions_calendar_id_calendars foreign key (calendar_id) references tickets.calendars (id)
);
alter table tickets.sla_policies
    add column position integer not null default 0,
    add column by_calendar boolean not null default false,
    add column calendar_id uuid constraint fk_sla_policies_calendar_id_calendars references tickets.calendars (id),
    add column spec jsonb,
    add column removed_at timestamptz;
alter table tickets.sla_policies alter column position drop default, alter column by_calendar drop default;
update tickets.sla_policies set spec = jsonb_build_object('name', name, 'targets', targets);
alter table tickets.sla_policies alter column spec set not null, drop column targets;
create table tickets.sla_policy_versions (
    account_id uuid not null,
    policy_id uuid not null,
    version integer not null,
    spec jsonb not null,
    actor text not null,
    created_at timestamptz not null,
    constraint pk_sla_policy_versions primary key (policy_id, version),
    constraint fk_sla_policy_versions_policy_id_sla_policies
        foreign key (policy_id) references tickets.sla_policies (id)
);
insert into tickets.sla_policy_versions (account_id, policy_id, version, spec, actor, created_at)
    select account_id, id, version, spec, 'system:tickets', updated_at from tickets.sla_policies;
create table tickets.sla_reapplications (
    id uuid not null,
    account_id uuid not null,
    policy_id uuid not null,
    total integer not null,
    done integer not null,
    changed integer not null,
    last_id uuid,
    actor text not null,
    created_at timestamptz not null,
    finished_at timestamptz,
    constraint pk_sla_reapplications primary key (id),
    constraint fk_sla_reapplications_policy_id_sla_policies
        foreign key (policy_id) references tickets.sla_policies (id)
);
create index ix_sla_reapplications_policy_id on tickets.sla_reapplications (account_id, policy_id, id);
alter table tickets.counters add column terms_revision uuid not null default gen_random_uuid();
alter table tickets.counters alter column terms_revision drop default;
alter table tickets.tickets
    add column policy_version integer,
    add column calendar_id uuid,
    add column calendar_version integer,
    add column next_response_seconds integer,
    add column next_response_due_at timestamptz,
    add column next_response_missed_at timestamptz,
    add column periodic_update_seconds integer,
    add column periodic_update_due_at timestamptz,
    add column periodic_update_missed_at timestamptz,
    add column warned jsonb not null default '{}';
update tickets.tickets set policy_version = policy.version
    from tickets.sla_policies policy where policy.id = policy_id;
alter table tickets.tickets alter column policy_version set not null, alter column warned drop default;
insert into tickets.timers (id, account_id, kind, key, due_at, payload, attempts, fence, correlation_id)
    select gen_random_uuid(), account_id, 'sla', key, min(due_at), '{}', 0, 0, min(correlation_id::text)::uuid
    from tickets.timers where kind in ('sla.first_response', 'sla.resolution') group by account_id, key;
delete from tickets.timers where kind in ('sla.first_response', 'sla.resolution')
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    create_dispatches(op, "tickets")
    enable_row_security(op, "tickets", "calendars", "calendar_versions", "sla_policy_versions", "sla_reapplications")
