"""Responses that come in parts, files that belong to them, and the intake of what they say besides answers."""

from alembic import op

from shared.db.rls import enable_row_security, grant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = """
create table survey.files (
    id uuid constraint pk_files primary key,
    account_id uuid not null,
    survey_id uuid not null,
    submission_id text not null,
    question text not null,
    response_id uuid,
    name text not null,
    media_type text not null,
    size integer not null,
    created_at timestamptz not null
);
create index ix_files_submission on survey.files (account_id, survey_id, submission_id);
create index ix_files_response_id on survey.files (account_id, response_id);
alter table survey.feedback
    add column revision integer not null default 1,
    add column anonymous boolean not null default false,
    add column screened_out boolean not null default false,
    add column suspicious jsonb not null default '[]'
"""

# As in the first migration, with five more columns, and one more outcome: `unfinished` says that what is stored is a
# part that this submission may complete, which is not done here. The function of before stays until no process of
# before runs.
ACCEPT = """
create function survey.accept_responses(
    new_ids uuid[], new_accounts uuid[], new_surveys uuid[], new_versions integer[], new_submissions text[],
    new_invitations uuid[], new_tickets uuid[], new_customers jsonb[], new_answers jsonb[], new_scores smallint[],
    new_completed boolean[], new_channels text[], new_touchpoints text[], new_dimensions jsonb[],
    new_languages text[], new_occurred timestamptz[], new_received timestamptz[],
    new_hidden jsonb[], new_variables jsonb[], new_endings text[], new_screened boolean[], new_sources jsonb[],
    new_anonymous boolean[],
    new_events uuid[], new_bodies bytea[],
    new_callers text[], new_keys text[], new_fingerprints bytea[]
) returns table (item integer, response_id uuid, outcome text, http_status integer, http_body bytea)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    this_route constant text := 'POST /v1/responses';
    found record;
    stored integer;
    response_ids uuid[] := new_ids;  -- what each item is answered with
    has_keys boolean := new_keys is distinct from array_fill(null::text, array[cardinality(new_keys)]);
begin
    if has_keys then
        for found in
            select n.position::integer as place, k.fingerprint = n.fingerprint as is_same, k.status, k.body
            from unnest(new_accounts, new_callers, new_keys, new_fingerprints)
                with ordinality as n(account_id, caller, key, fingerprint, position)
            join survey.idempotency_keys k
                on k.account_id = n.account_id and k.caller = n.caller and k.route = this_route
                and k.key = n.key
        loop
            new_ids[found.place] := null;
            new_keys[found.place] := null;
            return query select
                found.place, null::uuid, case when found.is_same then 'replayed' else 'key_reused' end,
                found.status, found.body;
        end loop;
    end if;

    insert into survey.responses (
        id, account_id, survey_id, survey_version, submission_id, invitation_id, ticket_id, customer, answers,
        score, completed, channel, touchpoint, dimensions, language, occurred_at, received_at,
        hidden, variables, ending, screened_out, source, anonymous
    )
    select n.*
    from unnest(
        new_ids, new_accounts, new_surveys, new_versions, new_submissions, new_invitations, new_tickets,
        new_customers, new_answers, new_scores, new_completed, new_channels, new_touchpoints, new_dimensions,
        new_languages, new_occurred, new_received,
        new_hidden, new_variables, new_endings, new_screened, new_sources, new_anonymous
    ) as n(id, account_id, survey_id, version, submission_id)
    where n.id is not null
    order by n.account_id, n.survey_id, n.submission_id
    on conflict (account_id, survey_id, submission_id) do nothing;
    get diagnostics stored = row_count;

    if stored < cardinality(new_ids) then
        for found in
            select
                n.position::integer as place, r.id,
                not r.completed and r.withdrawn_at is null and n.completed as is_unfinished
            from unnest(new_ids, new_accounts, new_surveys, new_submissions, new_completed)
                with ordinality as n(id, account_id, survey_id, submission_id, completed, position)
            join survey.responses r
                on r.account_id = n.account_id and r.survey_id = n.survey_id
                and r.submission_id = n.submission_id
            where n.id is not null and r.id <> n.id
        loop
            new_ids[found.place] := null;
            response_ids[found.place] := found.id;
            if found.is_unfinished then
                new_keys[found.place] := null;
            end if;
            return query select
                found.place, found.id, case when found.is_unfinished then 'unfinished' else 'duplicate' end,
                null::integer, null::bytea;
        end loop;
    end if;

    insert into survey.outbox (event_id, account_id, type, body)
    select n.event_id, n.account_id, 'heed.survey.response.received.v1', n.body
    from unnest(new_ids, new_accounts, new_events, new_bodies) as n(id, account_id, event_id, body)
    where n.id is not null;

    if new_invitations is distinct from array_fill(null::uuid, array[cardinality(new_invitations)]) then
        update survey.invitations i
        set state = 'answered', answered_at = n.received_at
        from unnest(new_ids, new_accounts, new_invitations, new_received)
            as n(id, account_id, invitation_id, received_at)
        where n.id is not null and i.id = n.invitation_id and i.account_id = n.account_id and i.state <> 'answered';
    end if;

    if has_keys then
        insert into survey.idempotency_keys
            (account_id, caller, route, key, fingerprint, status, headers, body, created_at)
        select
            n.account_id, n.caller, this_route, n.key, n.fingerprint,
            case when n.new_id is null then 200 else 201 end,
            '{"content-type": "application/json"}',
            convert_to(
                format(
                    '{"id":"%s","survey_id":"%s","submission_id":%s,"duplicate":%s}',
                    n.response_id, n.survey_id, to_json(n.submission_id),
                    to_json(n.new_id is null)
                ),
                'UTF8'
            ),
            n.received_at
        from unnest(
            new_ids, response_ids, new_accounts, new_surveys, new_submissions, new_callers, new_keys,
            new_fingerprints, new_received
        ) as n(
            new_id, response_id, account_id, survey_id, submission_id, caller, key, fingerprint, received_at
        )
        where n.key is not null;
    end if;
end $$
"""

SIGNATURE = """survey.accept_responses(
    uuid[], uuid[], uuid[], integer[], text[], uuid[], uuid[], jsonb[], jsonb[], smallint[], boolean[], text[], text[],
    jsonb[], text[], timestamptz[], timestamptz[], jsonb[], jsonb[], text[], boolean[], jsonb[], boolean[],
    uuid[], bytea[], text[], text[], bytea[]
)"""


def upgrade() -> None:
    for statement in TABLES.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "survey", "files")
    op.execute(ACCEPT)
    op.execute(f"revoke all on function {SIGNATURE} from public")
    grant(op, "heed_survey_intake", "execute on function", [SIGNATURE])
