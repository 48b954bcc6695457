"""Accounts, users, sessions, API keys and the audit trail."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.db.migrations import create_kit_tables
from shared.db.rls import enable_row_security, grant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Timestamp = sa.DateTime(timezone=True)
ROLE = "heed_gateway"


def upgrade() -> None:
    create_kit_tables(op, "gateway")
    _accounts_and_people()
    _credentials()
    _audit()
    enable_row_security(op, "gateway", "accounts", "users", "sessions", "api_keys", "audit_entries")
    _look_ups()


def _accounts_and_people() -> None:
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("locale", sa.String, nullable=False),
        sa.Column("timezone", sa.String, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_accounts"),
        schema="gateway",
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("email", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("password_hash", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("removed_at", Timestamp),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("account_id", "id", name="uq_users_account_id_id"),
        schema="gateway",
    )
    present = sa.text("removed_at is null")
    op.create_index(
        "uq_users_email", "users", ["account_id", "email"], unique=True, schema="gateway", postgresql_where=present
    )
    op.create_index("ix_users_email", "users", ["email"], schema="gateway", postgresql_where=present)


def _credentials() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("user_id", sa.Uuid, nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("last_seen_at", Timestamp, nullable=False),
        sa.Column("expires_at", Timestamp, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("token_hash", name="uq_sessions_token_hash"),
        sa.ForeignKeyConstraint(
            ["account_id", "user_id"],
            ["gateway.users.account_id", "gateway.users.id"],
            name="fk_sessions_account_id_user_id_users",
        ),
        schema="gateway",
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"], schema="gateway")
    op.create_table(
        "sign_in_attempts",
        sa.Column("bucket", sa.LargeBinary, nullable=False),
        sa.Column("minute", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("bucket", "minute", name="pk_sign_in_attempts"),
        schema="gateway",
    )
    op.create_index("ix_sign_in_attempts_minute", "sign_in_attempts", ["minute"], schema="gateway")
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("hint", sa.String, nullable=False),
        sa.Column("key_hash", sa.LargeBinary, nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text), nullable=False),
        sa.Column("created_by", sa.String, nullable=False),
        sa.Column("created_at", Timestamp, nullable=False),
        sa.Column("expires_at", Timestamp),
        sa.Column("revoked_at", Timestamp),
        sa.Column("last_used_at", Timestamp),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("key_hash", name="uq_api_keys_key_hash"),
        schema="gateway",
    )
    op.create_index("ix_api_keys_account_id_id", "api_keys", ["account_id", "id"], schema="gateway")


def _audit() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("position", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("occurred_at", Timestamp, nullable=False),
        sa.Column("recorded_at", Timestamp, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("type", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("event_id", sa.Uuid),
        sa.Column("evidence", sa.LargeBinary),
        sa.Column("details", postgresql.JSONB, nullable=False),
        sa.Column("previous_hash", sa.LargeBinary, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "position", name="pk_audit_entries"),
        schema="gateway",
    )
    for column in ("actor", "subject", "type"):
        op.create_index(
            f"ix_audit_entries_{column}", "audit_entries", ["account_id", column, "position"], schema="gateway"
        )
    op.create_index("ix_audit_entries_occurred_at", "audit_entries", ["account_id", "occurred_at"], schema="gateway")
    # Append-only for the service itself: whoever takes it over can add lines, not change or remove one.
    op.execute(f"revoke update, delete, truncate on gateway.audit_entries from {ROLE}")


def _look_ups() -> None:
    """What is asked before the account is known.

    Row-level security shows nothing then, and a table without it could be read from end to end by whoever gets hold of
    the service's role. These functions run as the owner of the tables and answer one question each: only who already
    holds a key, a session token or an e-mail address learns which account it belongs to.
    """
    definer = "language sql stable security definer set search_path = ''"
    op.execute(f"""
        create function gateway.find_key(hash bytea)
        returns table (account_id uuid, api_key_id uuid, scopes text[], expires_at timestamptz,
                       last_used_at timestamptz)
        {definer} as $$
            select k.account_id, k.id, k.scopes, k.expires_at, k.last_used_at from gateway.api_keys k
            where k.key_hash = hash and k.revoked_at is null
        $$""")
    op.execute(f"""
        create function gateway.find_session(hash bytea)
        returns table (account_id uuid, session_id uuid, user_id uuid, role varchar, last_seen_at timestamptz,
                       expires_at timestamptz)
        {definer} as $$
            select s.account_id, s.id, s.user_id, u.role, s.last_seen_at, s.expires_at
            from gateway.sessions s join gateway.users u on u.account_id = s.account_id and u.id = s.user_id
            where s.token_hash = hash and u.removed_at is null
        $$""")
    # An address may belong to several accounts. The oldest membership answers unless an account is named, so that
    # signing in always checks exactly one password.
    op.execute(f"""
        create function gateway.find_user(address text, account uuid)
        returns table (account_id uuid, user_id uuid)
        {definer} as $$
            select u.account_id, u.id from gateway.users u
            where u.email = address and u.removed_at is null and (account is null or u.account_id = account)
            order by u.created_at, u.id limit 1
        $$""")
    op.execute(f"""
        create function gateway.has_accounts() returns boolean
        {definer} as $$ select exists (select from gateway.accounts) $$""")
    functions = (
        "gateway.find_key(bytea)",
        "gateway.find_session(bytea)",
        "gateway.find_user(text, uuid)",
        "gateway.has_accounts()",
    )
    for function in functions:
        op.execute(f"revoke all on function {function} from public")
    grant(op, ROLE, "execute on function", functions)
