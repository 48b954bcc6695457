"""Row-level security and grants, as DDL that migrations apply."""

from collections.abc import Sequence

from shared.bus.ddl import Operations


def enable_row_security(op: Operations, schema: str, *tables: str) -> None:
    """Rows are visible and writable only for the account that the transaction is set to; without one, none are."""
    for table in tables:
        name = f'"{schema}"."{table}"'
        mine = "account_id = nullif(current_setting('heed.account_id', true), '')::uuid"
        op.execute(f"alter table {name} enable row level security")
        op.execute(f"create policy account on {name} using ({mine}) with check ({mine})")


def grant(op: Operations, role: str, privileges: str, objects: Sequence[str]) -> None:
    """`grant(op, "heed_survey_intake", "execute on function", ["survey.accept(...)"])`."""
    for item in objects:
        op.execute(f"grant {privileges} {item} to {role}")
