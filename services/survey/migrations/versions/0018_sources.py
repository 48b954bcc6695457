"""Connected sources, what they sent, and the intake of it."""

from alembic import op

from shared.db.rls import enable_row_security, grant

revision = "0018"
down_revision = "0017"

TABLES = """
create table survey.sources (
    id uuid constraint pk_sources primary key,
    account_id uuid not null,
    version integer not null,
    adapter text not null,
    builtin boolean not null,
    name text not null,
    state text not null constraint ck_sources_state check (state in ('active', 'paused', 'removed')),
    settings jsonb not null,
    secrets bytea,
    former_secrets bytea,
    former_secrets_until timestamptz,
    token_hash bytea,
    former_token_hash bytea,
    former_token_until timestamptz,
    silent_after_days integer,
    cursor jsonb not null default '{}',
    trouble text,
    trouble_since timestamptz,
    trouble_detail text,
    failures integer not null default 0,
    last_received_at timestamptz,
    last_heard_at timestamptz,
    last_polled_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index uq_sources_token_hash on survey.sources (token_hash);
create index ix_sources_former_token_hash on survey.sources (former_token_hash) where former_token_hash is not null;
create index ix_sources_created_at on survey.sources (account_id, created_at, id);
create unique index uq_sources_builtin on survey.sources (account_id, adapter) where builtin;
create table survey.deliveries (
    id uuid constraint pk_deliveries primary key,
    account_id uuid not null,
    source_id uuid not null,
    delivery_id text not null,
    once text,
    digest bytea not null,
    scheme text not null,
    method text not null,
    headers jsonb not null,
    query jsonb not null,
    body bytea not null,
    state text not null,
    problem text,
    items integer not null,
    received_at timestamptz not null,
    read_at timestamptz
);
create unique index uq_deliveries_delivery_id on survey.deliveries (account_id, source_id, delivery_id);
create unique index uq_deliveries_once on survey.deliveries (account_id, source_id, once) where once is not null;
create index ix_deliveries_received_at on survey.deliveries (account_id, source_id, received_at, id);
create index ix_deliveries_waiting on survey.deliveries (account_id, source_id) where state = 'received';
create table survey.rejections (
    account_id uuid not null,
    source_id uuid not null,
    hour timestamptz not null,
    reason text not null,
    count integer not null,
    last_at timestamptz not null,
    constraint pk_rejections primary key (account_id, source_id, hour, reason)
);
create table survey.replays (
    id uuid constraint pk_replays primary key,
    account_id uuid not null,
    source_id uuid not null,
    since timestamptz not null,
    until timestamptz not null,
    state text not null,
    total integer not null,
    reached_at timestamptz,
    reached_id uuid,
    created_at timestamptz not null,
    finished_at timestamptz
);
create index ix_replays_source_id on survey.replays (account_id, source_id, created_at, id);
create unique index uq_replays_running on survey.replays (account_id, source_id) where state = 'running'
"""

# Who sends to an address is known only once its row is found, which row-level security would hide.
FIND = """
create function survey.source_at(token_hash bytea) returns setof survey.sources
language sql stable security definer set search_path = pg_catalog, pg_temp as $$
    select s.* from survey.sources s where s.token_hash = source_at.token_hash
    union all
    select s.* from survey.sources s where s.former_token_hash = source_at.token_hash
$$
"""
FIND_SIGNATURE = "survey.source_at(bytea)"

# As `survey.accept_responses`: each item is one position of the arrays, and what is kept is kept together with its
# event. Returned are the items that were not kept: `duplicate` came before, `replayed` brings something else under a
# token that was used already. Rows go in sorted, so that two groups wait for each other rather than deadlock.
ACCEPT = """
create function survey.accept_deliveries(
    new_ids uuid[], new_accounts uuid[], new_sources uuid[], new_names text[], new_onces text[], new_digests bytea[],
    new_schemes text[], new_methods text[], new_headers jsonb[], new_queries jsonb[], new_bodies bytea[],
    new_received timestamptz[], new_events uuid[], new_event_bodies bytea[]
) returns table (item integer, outcome text)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    stored integer;
begin
    insert into survey.deliveries (
        id, account_id, source_id, delivery_id, once, digest, scheme, method, headers, query, body, state, items,
        received_at
    )
    select
        n.id, n.account_id, n.source_id, n.delivery_id, n.once, n.digest, n.scheme, n.method, n.headers, n.query,
        n.body, 'received', 0, n.received_at
    from unnest(
        new_ids, new_accounts, new_sources, new_names, new_onces, new_digests, new_schemes, new_methods, new_headers,
        new_queries, new_bodies, new_received
    ) as n(
        id, account_id, source_id, delivery_id, once, digest, scheme, method, headers, query, body, received_at
    )
    order by n.account_id, n.source_id, n.delivery_id
    on conflict do nothing;
    get diagnostics stored = row_count;

    if stored < cardinality(new_ids) then
        return query
        select
            n.position::integer,
            case
                when exists (
                    select from survey.deliveries used
                    where used.account_id = n.account_id and used.source_id = n.source_id and used.once = n.once
                        and used.digest <> n.digest
                ) then 'replayed'
                else 'duplicate'
            end
        from unnest(new_ids, new_accounts, new_sources, new_onces, new_digests)
            with ordinality as n(id, account_id, source_id, once, digest, position)
        where not exists (select from survey.deliveries d where d.id = n.id);
    end if;

    insert into survey.outbox (event_id, account_id, type, body)
    select n.event_id, n.account_id, 'heed.survey.source.delivered.v1', n.body
    from unnest(new_ids, new_accounts, new_events, new_event_bodies) as n(id, account_id, event_id, body)
    where exists (select from survey.deliveries d where d.id = n.id);
end $$
"""
ACCEPT_SIGNATURE = """survey.accept_deliveries(
    uuid[], uuid[], uuid[], text[], text[], bytea[], text[], text[], jsonb[], jsonb[], bytea[], timestamptz[], uuid[],
    bytea[]
)"""


def upgrade() -> None:
    for statement in TABLES.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "survey", "sources", "deliveries", "rejections", "replays")
    for function, signature in ((FIND, FIND_SIGNATURE), (ACCEPT, ACCEPT_SIGNATURE)):
        op.execute(function)
        op.execute(f"revoke all on function {signature} from public")
    grant(op, "heed_survey", "execute on function", [FIND_SIGNATURE])
    grant(op, "heed_survey_intake", "execute on function", [ACCEPT_SIGNATURE])
