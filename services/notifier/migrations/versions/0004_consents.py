"""What customers allow is looked up before anything is sent to them."""

from alembic import op

from shared.db.aliases import follow_aliases
from shared.db.rls import enable_row_security

revision = "0004"
down_revision = "0003"

STATEMENTS = """
create table notifier.consents (
    account_id uuid not null,
    consent_id uuid not null,
    customer_id uuid not null,
    purpose text not null,
    channel text not null,
    granted boolean not null,
    basis text not null,
    effective_at timestamptz not null,
    origin_customer_id uuid,
    constraint pk_consents primary key (account_id, consent_id)
);
create index ix_consents_customer_id on notifier.consents (account_id, customer_id);
alter table notifier.contacts add column restricted boolean not null default false;
alter table notifier.contacts add column forgotten boolean not null default false;
alter table notifier.messages add column purpose text;
update notifier.messages set purpose = case template when 'invitation' then 'surveys' else 'service' end;
alter table notifier.messages alter column purpose set not null;
alter table notifier.messages add column basis text;
alter table notifier.messages add column consent_id uuid
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "notifier", "consents")
    follow_aliases(op, "notifier", "consents", present="customer_id", origin="origin_customer_id")
