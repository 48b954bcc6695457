"""Teams, what those who work on tickets can do, and the rules by which tickets go to them."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0015"
down_revision = "0014"

STATEMENTS = """
create table tickets.teams (
    id uuid not null,
    account_id uuid not null,
    name text not null,
    lead_id uuid,
    strategy text not null,
    calendar_id uuid,
    longest_unassigned_seconds integer not null,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint pk_teams primary key (id)
);
create unique index uq_teams_name on tickets.teams (account_id, lower(name));
create index ix_teams_account_id_id on tickets.teams (account_id, id);
create table tickets.team_members (
    account_id uuid not null,
    team_id uuid not null,
    user_id uuid not null,
    since timestamptz not null,
    last_assigned_at timestamptz,
    last_freed_at timestamptz,
    constraint pk_team_members primary key (team_id, user_id),
    constraint fk_team_members_team_id_teams foreign key (team_id) references tickets.teams (id) on delete cascade
);
create index ix_team_members_user_id on tickets.team_members (account_id, user_id);
create table tickets.agents (
    account_id uuid not null,
    user_id uuid not null,
    skills text[] not null,
    languages text[] not null,
    capacity integer,
    channel_capacity jsonb not null,
    calendar_id uuid,
    version integer not null,
    updated_at timestamptz not null,
    constraint pk_agents primary key (account_id, user_id)
);
create table tickets.absences (
    id uuid not null,
    account_id uuid not null,
    user_id uuid not null,
    starts_at timestamptz not null,
    ends_at timestamptz,
    note text,
    created_at timestamptz not null,
    constraint pk_absences primary key (id)
);
create index ix_absences_user_id on tickets.absences (account_id, user_id, starts_at, id);
create table tickets.routing_rules (
    id uuid not null,
    account_id uuid not null,
    name text not null,
    position integer not null,
    enabled boolean not null,
    condition text not null,
    team_id uuid not null,
    skills text[] not null,
    priority text,
    tags text[] not null,
    version integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint pk_routing_rules primary key (id),
    constraint fk_routing_rules_team_id_teams foreign key (team_id) references tickets.teams (id)
);
create index ix_routing_rules_position on tickets.routing_rules (account_id, position, id);
alter table tickets.tickets add column team_id uuid;
alter table tickets.tickets add column queued_at timestamptz;
alter table tickets.tickets add column feedback jsonb;
create index ix_tickets_account_id_team_id on tickets.tickets (account_id, team_id, opened_at, id)
    where team_id is not null;
create index ix_tickets_account_id_queued_at on tickets.tickets (account_id, team_id, queued_at)
    where queued_at is not null;
create table tickets.assignments (
    account_id uuid not null,
    ticket_id uuid not null,
    at timestamptz not null,
    outcome text not null,
    assignee_id uuid,
    decision jsonb not null,
    constraint pk_assignments primary key (ticket_id),
    constraint fk_assignments_ticket_id_tickets foreign key (ticket_id) references tickets.tickets (id)
);
alter table tickets.contacts add column facts jsonb not null
    default '{"locale": null, "company": null, "attributes": {}}';
alter table tickets.contacts alter column facts drop default
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    tables = ("teams", "team_members", "agents", "absences", "routing_rules", "assignments")
    enable_row_security(op, "tickets", *tables)
