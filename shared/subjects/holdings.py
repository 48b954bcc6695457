"""What a service holds of a person, table by table, and what becomes of it when they use their rights.

A service lists its holdings in the order in which they can be erased: what refers to others first.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from shared.contracts.subjects import ErasureMode, RecordCount
from shared.work import Work

# What tells others to forget, and names nobody. An erasure that is done twice must not unsay what the first one said.
_TOLD_ANYWAY = ("%.subject-part.done.v1", "%.erased.v1", "%.deleted.v1", "%.withdrawn.v1", "%.ended.v1")
IDS = "any(cast(:ids as uuid[]))"
OWNED = f"(row.customer_id = {IDS} or row.origin_customer_id = {IDS})"


@dataclass(frozen=True, slots=True)
class Holding:
    """Rows of one table that are about a person.

    `whose` is the condition (SQL; the table is `row`, the person's ids are `:ids`). `emptied` is what a row of which
    something has to stay is set to when the person is erased; without it rows are deleted. `pseudonym` is the same for
    pseudonymising only. Both are SQL; `:nobody` is an id that leads to nobody. `left` narrows the rows that this
    concerns to those it has not been done to, so that doing it twice counts nothing twice. `erasable` is false for what
    the service erases in a way of its own. `hidden` are columns that an export leaves out; `names` is the column by
    whose value other texts speak of a row, None if none do.
    """

    kind: str
    table: str
    whose: str = OWNED
    emptied: str | None = None
    pseudonym: str | None = None
    left: str = "true"
    hidden: Collection[str] = ()
    exported: bool = True
    erasable: bool = True
    names: str | None = "id"

    async def rows(self, work: Work, ids: Collection[UUID]) -> list[dict[str, Any]]:
        """As an export shows them, oldest first where the ids say so."""
        statement = f"select to_jsonb(row) as held from {self._mine} order by {self.names or 'to_jsonb(row)::text'}"
        found = await work.session.scalars(text(statement), self._values(work, ids))
        hidden = {"account_id", *self.hidden}
        return [{name: value for name, value in held.items() if name not in hidden} for held in found]

    async def named(self, work: Work, ids: Collection[UUID]) -> set[str]:
        """What other texts would call these rows."""
        if self.names is None:
            return set()
        statement = f"select cast(row.{self.names} as text) from {self._mine}"
        return {name for name in await work.session.scalars(text(statement), self._values(work, ids)) if name}

    async def erase(self, work: Work, ids: Collection[UUID], mode: ErasureMode, nobody: UUID) -> RecordCount | None:
        """None if there was nothing to do."""
        change = self.emptied
        if mode == "pseudonymise" and self.pseudonym is not None:
            change = self.pseudonym
        values = self._values(work, ids)
        if change is None:
            done = await work.session.execute(text(f"delete from {self._mine}"), values)
        else:
            values |= {"nobody": nobody} if ":nobody" in change else {}
            statement = f"update {self.table} as row set {change} where {self._condition} and {self.left}"
            done = await work.session.execute(text(statement), values)
        count = int(getattr(done, "rowcount", 0))
        if not count:
            return None
        is_kept = mode == "pseudonymise" and self.pseudonym is not None
        return RecordCount(kind=self.kind, treatment="pseudonymised" if is_kept else "deleted", count=count)

    @property
    def _mine(self) -> str:
        return f"{self.table} as row where {self._condition}"

    @property
    def _condition(self) -> str:
        return f"row.account_id = :account_id and {self.whose}"

    def _values(self, work: Work, ids: Collection[UUID]) -> dict[str, Any]:
        return {"account_id": work.account_id, "ids": list(ids)}


async def lines_of(work: Work, holdings: Sequence[Holding], ids: Collection[UUID]) -> tuple[bytes, list[RecordCount]]:
    """All rows as JSON lines, `{"kind": ..., "record": {...}}`, and how many there are of each kind."""
    lines: list[bytes] = []
    counts: list[RecordCount] = []
    for holding in holdings:
        if not holding.exported:
            continue
        rows = await holding.rows(work, ids)
        lines += [orjson.dumps({"kind": holding.kind, "record": row}, option=orjson.OPT_SORT_KEYS) for row in rows]
        if rows:
            counts.append(RecordCount(kind=holding.kind, treatment="exported", count=len(rows)))
    return b"".join(line + b"\n" for line in lines), counts


async def erase(
    work: Work, holdings: Sequence[Holding], ids: Collection[UUID], mode: ErasureMode, nobody: UUID
) -> list[RecordCount]:
    """Everything, and what the kit still has on its way that speaks of it."""
    names = {str(each) for each in ids}
    for holding in holdings:
        names |= await holding.named(work, ids)
    counts = [await holding.erase(work, ids, mode, nobody) for holding in holdings if holding.erasable]
    await _forget_in_transit(work, names)
    return [count for count in counts if count is not None]


async def _forget_in_transit(work: Work, names: Collection[str]) -> None:
    """Events that wait to be sent or tried again, remembered answers, and timers, if they speak of one of these."""
    tables = work.tables
    speaks = "exists (select from unnest(cast(:names as text[])) as name where position({needle} in {hay}) > 0)"
    in_bytes = speaks.format(needle="convert_to(name, 'UTF8')", hay="body")
    values = {"account_id": work.account_id, "names": list(names)}
    for table in (tables.outbox, tables.inbox, tables.idempotency_keys):
        statement = f"delete from {table.fullname} where account_id = :account_id and body is not null and {in_bytes}"
        if table is tables.outbox:
            statement += f" and not type like any(array{list(_TOLD_ANYWAY)})"
        await work.session.execute(text(statement), values)
    in_text = speaks.format(needle="name", hay="key || payload::text")
    await work.session.execute(
        text(f"delete from {tables.timers.fullname} where account_id = :account_id and {in_text}"), values
    )
