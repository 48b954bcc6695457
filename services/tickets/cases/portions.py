"""Many tickets at once, as far as their clocks are concerned.

They are read as plain rows, changed by the same functions that change one `Ticket`, and written back in two statements.
The session watches every attribute, and that costs more than the clocks do.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import TextClause, text

from services.tickets.cases.states import ACTIVE
from shared.contracts.tickets import Priority, TicketState
from shared.db.database import planned_anew
from shared.work import Work


@dataclass(slots=True, eq=False)
class TicketRow:
    """The columns of a `Ticket` that its clocks look at; `write` writes the ones below `customer_id`.

    `history` has the columns of a `Change` for each row that is to be added.
    """

    id: UUID
    number: int
    state: TicketState
    priority: Priority
    channel: str
    tags: list[str]
    origin_kind: str
    first_responded_at: datetime | None
    assignee_id: UUID | None
    origin_customer_id: UUID | None
    customer_id: UUID | None
    version: int
    updated_at: datetime
    policy_id: UUID
    policy_version: int
    calendar_id: UUID | None
    calendar_version: int | None
    first_response_seconds: int
    first_response_due_at: datetime | None
    first_response_missed_at: datetime | None
    resolution_seconds: int
    resolution_due_at: datetime | None
    resolution_missed_at: datetime | None
    next_response_seconds: int | None
    next_response_due_at: datetime | None
    next_response_missed_at: datetime | None
    periodic_update_seconds: int | None
    periodic_update_due_at: datetime | None
    periodic_update_missed_at: datetime | None
    warned: dict[str, Any]
    history: list[dict[str, Any]] = field(default_factory=list)
    _as_read: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        self._as_read = _values(self)

    def differing(self) -> set[str]:
        """The columns whose values are other ones than were read."""
        now = _values(self)
        if now == self._as_read:
            return set()
        return {name for name, value, read in zip(_WRITTEN, now, self._as_read, strict=True) if value != read}


# Columns that are written, and the types their values travel as.
_WRITTEN: Final = {
    "version": "integer",
    "updated_at": "timestamptz",
    "policy_id": "uuid",
    "policy_version": "integer",
    "calendar_id": "uuid",
    "calendar_version": "integer",
    "first_response_seconds": "integer",
    "first_response_due_at": "timestamptz",
    "first_response_missed_at": "timestamptz",
    "resolution_seconds": "integer",
    "resolution_due_at": "timestamptz",
    "resolution_missed_at": "timestamptz",
    "next_response_seconds": "integer",
    "next_response_due_at": "timestamptz",
    "next_response_missed_at": "timestamptz",
    "periodic_update_seconds": "integer",
    "periodic_update_due_at": "timestamptz",
    "periodic_update_missed_at": "timestamptz",
    "warned": "text",
}
_HISTORY: Final = {
    "ticket_id": "uuid",
    "version": "integer",
    "at": "timestamptz",
    "actor": "text",
    "action": "text",
    "state": "text",
    "changes": "text",
    "reason": "text",
}
_IN_JSON: Final = ("warned", "changes")
_values: Final = attrgetter(*_WRITTEN)

_COLUMNS: Final = ", ".join(name for name in TicketRow.__slots__ if name not in ("history", "_as_read"))
_OPEN: Final = text(f"""
    select {_COLUMNS} from tickets.tickets
    where account_id = :account_id and state = any(:states) and (cast(:after as uuid) is null or id > :after)
    order by id limit :most for update
""")
_FREE: Final = text(f"""
    select {_COLUMNS} from tickets.tickets where account_id = :account_id and id = any(cast(:ids as uuid[]))
    order by id for update skip locked
""")


def _arrays(columns: dict[str, str]) -> str:
    return ", ".join(f"cast(:{name} as {kind}[])" for name, kind in columns.items())


def _from(columns: dict[str, str]) -> dict[str, str]:
    return {name: f"told.{name}::jsonb" if name in _IN_JSON else f"told.{name}" for name in columns}


_REMEMBER: Final = text(f"""
    insert into tickets.history (account_id, {", ".join(_HISTORY)})
    select :account_id, {", ".join(_from(_HISTORY).values())}
    from unnest({_arrays(_HISTORY)}) as told ({", ".join(_HISTORY)})
""")


@cache
def _writing(names: tuple[str, ...]) -> TextClause:
    """Of all there are, only a few come up: what a policy or a calendar changes, what a warning does, what a miss does.

    The ids are asked for by themselves too: joined alone, they might be compared with each ticket of the account.
    """
    columns = {name: _WRITTEN[name] for name in names}
    return text(f"""
        update tickets.tickets as ticket set {", ".join(f"{name} = {told}" for name, told in _from(columns).items())}
        from unnest(cast(:ids as uuid[]), {_arrays(columns)}) as told (told_id, {", ".join(columns)})
        where ticket.account_id = :account_id and ticket.id = any(cast(:ids as uuid[])) and ticket.id = told_id
    """)


async def lock_portion(work: Work, after: UUID | None, most: int) -> list[TicketRow]:
    """The next open tickets in order of their ids, held until the end of the transaction."""
    async with planned_anew(work.session, most):
        return await _read(work, _OPEN, states=list(ACTIVE), after=after, most=most)


async def lock_free(work: Work, ticket_ids: Sequence[UUID]) -> list[TicketRow]:
    """Those that nobody else holds, held until the end of the transaction; in order of their ids."""
    return await _read(work, _FREE, ids=list(ticket_ids))


async def write(work: Work, tickets: Iterable[TicketRow]) -> None:
    """What was changed of them, and their new history. A column in which none is another is not written."""
    differing = {ticket: found for ticket in tickets if (found := ticket.differing())}
    if differing:
        some = set().union(*differing.values())
        names = tuple(name for name in _WRITTEN if name in some)
        columns = _transposed(names, [tuple(getattr(ticket, name) for name in names) for ticket in differing])
        ids = [ticket.id for ticket in differing]
        await work.session.execute(_writing(names), columns | {"account_id": work.account_id, "ids": ids})
    history = [tuple(row[name] for name in _HISTORY) for ticket in differing for row in ticket.history]
    if history:
        await work.session.execute(_REMEMBER, _transposed(_HISTORY, history) | {"account_id": work.account_id})


async def _read(work: Work, statement: Any, **values: Any) -> list[TicketRow]:
    rows = await work.session.execute(statement, values | {"account_id": work.account_id})
    return [TicketRow(*row) for row in rows]


def _transposed(columns: Collection[str], rows: Iterable[tuple[Any, ...]]) -> dict[str, list[Any]]:
    values = {name: list(those) for name, those in zip(columns, zip(*rows, strict=True), strict=True)}
    return {
        name: [orjson.dumps(one).decode() for one in those] if name in _IN_JSON else those
        for name, those in values.items()
    }
