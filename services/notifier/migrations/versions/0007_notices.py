"""Who works in an account, and mails to them. Who came before is known from the log."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0007"
down_revision = "0006"

STATEMENTS = """
create table notifier.colleagues (
    account_id uuid not null,
    user_id uuid not null,
    version integer not null,
    email text,
    role text,
    constraint pk_colleagues primary key (account_id, user_id)
);
create table notifier.notices (
    id uuid constraint pk_notices primary key,
    account_id uuid not null,
    user_id uuid not null,
    subject text not null,
    text text not null,
    state text not null,
    reason text,
    created_at timestamptz not null,
    sent_at timestamptz
);
create index ix_notices_created_at on notifier.notices (account_id, created_at, id);
insert into notifier.colleagues (account_id, user_id, version, email, role)
select distinct on (account_id, user_id) account_id, user_id, version, email, role
from (
    select
        account_id, (event -> 'data' ->> 'user_id')::uuid as user_id,
        (event ->> 'aggregateversion')::integer as version,
        event -> 'data' ->> 'email' as email, event -> 'data' ->> 'role' as role
    from (
        select account_id, convert_from(body, 'UTF8')::jsonb as event from notifier.events
        where type in ('heed.gateway.user.added.v1', 'heed.gateway.user.updated.v1', 'heed.gateway.user.removed.v1')
    ) as logged
) as known
order by account_id, user_id, version desc
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "notifier", "colleagues", "notices")
