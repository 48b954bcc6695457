"""Accounts that were opened before others kept their time zone are told of once more."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Numbers of an account in another zone are counted anew by then; not those of all accounts in the same minute.
    op.execute(
        """
        insert into gateway.timers (id, account_id, kind, key, due_at, payload, correlation_id)
        select gen_random_uuid(), account_id, 'accounts.tell', '', now() + random() * interval '1 hour', '{}',
            gen_random_uuid()
        from gateway.accounts
        on conflict (account_id, kind, key) do nothing
        """
    )
