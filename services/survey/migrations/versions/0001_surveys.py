"""Surveys, invitations, responses, feedback, and the local copy of customers."""

from alembic import op

from shared.db.migrations import create_kit_tables
from shared.db.rls import enable_row_security, grant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = ("surveys", "survey_versions", "invitations", "responses", "feedback", "contacts")

SURVEYS = """
create table survey.surveys (
    id uuid constraint pk_surveys primary key,
    account_id uuid not null,
    name text not null,
    kind text not null,
    state varchar(20) not null
        constraint ck_surveys_state check (state in ('draft', 'published', 'paused', 'archived')),
    version integer not null,
    published_version integer,
    locale text not null,
    touchpoint text,
    journey_stage text,
    cooldown_days integer,
    built_in text,
    questions jsonb not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);
create index ix_surveys_account_id_created_at on survey.surveys (account_id, created_at, id);
create unique index uq_surveys_built_in on survey.surveys (account_id, built_in);

create table survey.survey_versions (
    account_id uuid not null,
    survey_id uuid not null constraint fk_survey_versions_survey_id_surveys references survey.surveys (id),
    version integer not null,
    name text not null,
    kind text not null,
    locale text not null,
    touchpoint text,
    journey_stage text,
    questions jsonb not null,
    published_at timestamptz not null,
    constraint pk_survey_versions primary key (survey_id, version)
);

create table survey.invitations (
    id uuid constraint pk_invitations primary key,
    account_id uuid not null,
    survey_id uuid not null constraint fk_invitations_survey_id_surveys references survey.surveys (id),
    customer_id uuid not null,
    ticket_id uuid,
    channel text not null,
    locale text not null,
    state varchar(20) not null
        constraint ck_invitations_state check (state in ('open', 'answered', 'expired', 'revoked')),
    created_at timestamptz not null,
    expires_at timestamptz not null,
    answered_at timestamptz
);
-- One question at a time: a customer has one open invitation to a survey, or one for each ticket.
create unique index uq_invitations_open on survey.invitations
    (account_id, survey_id, customer_id, coalesce(ticket_id, '00000000-0000-0000-0000-000000000000'))
    where state = 'open';
create index ix_invitations_survey_id_customer_id on survey.invitations
    (account_id, survey_id, customer_id, created_at);
create index ix_invitations_customer_id on survey.invitations (account_id, customer_id);
"""

RESPONSES = """
create table survey.responses (
    id uuid constraint pk_responses primary key,
    account_id uuid not null,
    survey_id uuid not null,
    survey_version integer not null,
    submission_id text not null,
    invitation_id uuid,
    ticket_id uuid,
    customer jsonb,
    answers jsonb not null,
    score smallint,
    completed boolean not null,
    channel text not null,
    touchpoint text,
    dimensions jsonb not null,
    language text,
    occurred_at timestamptz not null,
    received_at timestamptz not null
);
create unique index uq_responses_submission on survey.responses (account_id, survey_id, submission_id);
create index ix_responses_received_at on survey.responses (account_id, received_at, id);
"""

FEEDBACK = """
create table survey.feedback (
    id uuid constraint pk_feedback primary key,
    account_id uuid not null,
    version integer not null,
    kind text not null,
    channel text not null,
    source text not null,
    survey_id uuid,
    survey_name text,
    response_id uuid,
    customer_id uuid,
    ticket_id uuid,
    scheme text,
    score smallint,
    minimum smallint,
    maximum smallint,
    reversed boolean not null,
    normalised smallint,
    band text,
    text text,
    language text,
    sentiment_label text,
    sentiment_score double precision,
    sentiment_method text,
    topics jsonb not null,
    touchpoint text,
    journey_stage text,
    dimensions jsonb not null,
    completed boolean not null,
    told boolean not null,
    occurred_at timestamptz not null,
    received_at timestamptz not null,
    updated_at timestamptz not null
);
create unique index uq_feedback_response_id on survey.feedback (account_id, response_id);
create index ix_feedback_occurred_at on survey.feedback (account_id, occurred_at, id);
create index ix_feedback_customer_id on survey.feedback (account_id, customer_id, occurred_at);

create table survey.contacts (
    account_id uuid not null,
    customer_id uuid not null,
    version integer not null,
    external_id text,
    email text,
    phone text,
    name text,
    locale text,
    is_deleted boolean not null,
    constraint pk_contacts primary key (account_id, customer_id)
);
create index ix_contacts_external_id on survey.contacts (account_id, external_id);
create index ix_contacts_email on survey.contacts (account_id, email);
create index ix_contacts_phone on survey.contacts (account_id, phone);
"""

# The intake's one statement. Each item is one position of the arrays. Everything happens in the caller's transaction:
# the answer, its event, the used invitation and the idempotency key are kept together or not at all.
#
# Returned are the items that were not simply stored: `duplicate` (an earlier answer has this submission id; its id),
# `replayed` (the Idempotency-Key is known; the stored answer), `key_reused` (known with another body).
#
# A key that two processes use at once makes the second insert of it fail, and with it that whole group; the group
# commit then writes its members one by one, and the late one finds the key. Rows go in sorted, so that two groups that
# share submission ids wait for each other rather than deadlock.
ACCEPT = """
create function survey.accept_responses(
    new_ids uuid[], new_accounts uuid[], new_surveys uuid[], new_versions integer[], new_submissions text[],
    new_invitations uuid[], new_tickets uuid[], new_customers jsonb[], new_answers jsonb[], new_scores smallint[],
    new_completed boolean[], new_channels text[], new_touchpoints text[], new_dimensions jsonb[],
    new_languages text[], new_occurred timestamptz[], new_received timestamptz[],
    new_events uuid[], new_bodies bytea[],
    new_callers text[], new_keys text[], new_fingerprints bytea[]
) returns table (item integer, response_id uuid, outcome text, http_status integer, http_body bytea)
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    this_route constant text := 'POST /v1/responses';
    found record;
    stored integer;
    response_ids uuid[] := new_ids;  -- what each item is answered with
    is_new boolean[];
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
        score, completed, channel, touchpoint, dimensions, language, occurred_at, received_at
    )
    select n.*
    from unnest(
        new_ids, new_accounts, new_surveys, new_versions, new_submissions, new_invitations, new_tickets,
        new_customers, new_answers, new_scores, new_completed, new_channels, new_touchpoints, new_dimensions,
        new_languages, new_occurred, new_received
    ) as n(id, account_id, survey_id, version, submission_id)
    where n.id is not null
    order by n.account_id, n.survey_id, n.submission_id
    on conflict (account_id, survey_id, submission_id) do nothing;
    get diagnostics stored = row_count;

    if stored < cardinality(new_ids) then
        for found in
            select n.position::integer as place, r.id
            from unnest(new_ids, new_accounts, new_surveys, new_submissions)
                with ordinality as n(id, account_id, survey_id, submission_id, position)
            join survey.responses r
                on r.account_id = n.account_id and r.survey_id = n.survey_id
                and r.submission_id = n.submission_id
            where n.id is not null and r.id <> n.id
        loop
            new_ids[found.place] := null;
            response_ids[found.place] := found.id;
            return query select found.place, found.id, 'duplicate', null::integer, null::bytea;
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
ACCEPT_SIGNATURE = """survey.accept_responses(
    uuid[], uuid[], uuid[], integer[], text[], uuid[], uuid[], jsonb[], jsonb[], smallint[], boolean[], text[], text[],
    jsonb[], text[], timestamptz[], timestamptz[], uuid[], bytea[], text[], text[], bytea[]
)"""


def upgrade() -> None:
    create_kit_tables(op, "survey")
    for statement in (SURVEYS, RESPONSES, FEEDBACK):
        for part in statement.split(";\n"):
            if part.strip():
                op.execute(part)
    enable_row_security(op, "survey", *TABLES)
    op.execute(ACCEPT)
    op.execute(f"revoke all on function {ACCEPT_SIGNATURE} from public")
    grant(op, "heed_survey_intake", "execute on function", [ACCEPT_SIGNATURE])
