"""What the bus needs besides tables: the outbox's signal, the end of idempotency keys, and schema `bus`."""

from collections.abc import Sequence
from typing import Protocol

import asyncpg
from sqlalchemy import Connection

IDEMPOTENCY_HOURS = 48


class Operations(Protocol):
    """What a migration hands over: the module `alembic.op`, which type checkers do not take for alembic's own class."""

    def execute(self, sqltext: str) -> None: ...

    def get_bind(self) -> Connection: ...


def outbox_channel(schema: str) -> str:
    """The NOTIFY channel that says: there is something new in this outbox."""
    return f"heed_outbox_{schema}"


def create_outbox_notification(op: Operations, schema: str) -> None:
    """One NOTIFY per statement that adds events. It is a hint without content; the relay polls as well."""
    for statement in outbox_notification(schema):
        op.execute(statement)


def outbox_notification(schema: str) -> tuple[str, ...]:
    return (
        f"""create function "{schema}".announce_outbox() returns trigger language plpgsql as $$
            begin
                perform pg_notify('{outbox_channel(schema)}', '');
                return null;
            end $$""",
        f"""create trigger announce after insert on "{schema}".outbox
            for each statement execute function "{schema}".announce_outbox()""",
    )


def let_housekeeping_forget_keys(op: Operations, schema: str) -> None:
    """Row-level security hides every account's keys from the kit; housekeeping may see the expired ones, to delete."""
    op.execute(idempotency_expiry(schema))


def idempotency_expiry(schema: str) -> str:
    return f"""create policy expired on "{schema}".idempotency_keys
        using (
            current_setting('heed.housekeeping', true) = 'on'
            and created_at < now() - interval '{IDEMPOTENCY_HOURS} hours'
        )
        with check (false)"""


async def create_bus_schema(connection: asyncpg.Connection, roles: Sequence[str]) -> None:
    """The postgres transport's tables, and the roles' rights on them. Safe to repeat; run it in a transaction."""
    if await connection.fetchval("select to_regclass('bus.messages')") is None:
        await connection.execute(_BUS_SCHEMA)
    for role in roles:
        await connection.execute(_RIGHTS.format(role=role))


# A message is a batch of up to 100 events for one queue, in order. Every service may add to any queue; only the queue's
# own role sees, takes or removes what is in it. `expression` is the binding's pattern as a regular expression.
_BUS_SCHEMA = """
create schema if not exists bus;

create table bus.queues (
    name text primary key,
    role name not null default current_user
);
alter table bus.queues enable row level security;
create policy read_all on bus.queues for select using (true);
create policy add_own on bus.queues for insert with check (role = current_user);

create table bus.bindings (
    exchange text not null,
    queue text not null references bus.queues on delete cascade,
    pattern text not null,
    expression text not null,
    primary key (exchange, queue, pattern)
);
alter table bus.bindings enable row level security;
create policy read_all on bus.bindings for select using (true);
create policy add_own on bus.bindings for insert
    with check (queue in (select name from bus.queues where role = current_user));
create policy remove_own on bus.bindings for delete
    using (queue in (select name from bus.queues where role = current_user));

create table bus.messages (
    id bigint generated always as identity primary key,
    queue text not null references bus.queues on delete cascade,
    events bytea[] not null,
    deliveries integer not null default 0,
    locked_until timestamptz not null default '-infinity',
    sent_at timestamptz not null default clock_timestamp(),
    dead text
);
create index ix_messages_queue_id on bus.messages (queue, id);
-- JSON of this size is read once and deleted: compressing it costs more than it saves.
alter table bus.messages alter column events set storage external;
alter table bus.messages set (autovacuum_vacuum_scale_factor = 0.01);
alter table bus.messages enable row level security;
create policy send on bus.messages for insert with check (true);
create policy receive on bus.messages for all
    using (queue in (select name from bus.queues where role = current_user))
    with check (queue in (select name from bus.queues where role = current_user));
"""

_RIGHTS = """
grant usage on schema bus to {role};
grant select, insert on bus.queues to {role};
grant select, insert, delete on bus.bindings to {role};
grant select, insert, update, delete on bus.messages to {role};
"""
