"""The desk where tickets are opened by many at once: one transaction for all who stand there at the same moment.

Accounts share the commit and nothing else: each has its statement, under its own row-level security.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg

from services.tickets.cases import announcements
from services.tickets.cases.opening import Opened, Opening, holding_counter, insert_tickets
from shared.bus.events import encode_event
from shared.db.database import account_setting
from shared.db.group_commit import GroupCommit
from shared.http.errors import AppError
from shared.ids import new_id

Desk = GroupCommit[Opening, Opened | AppError]

_ANNOUNCE = """
    insert into tickets.outbox (event_id, account_id, type, body)
    select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[])
"""


def open_desk(url: str) -> Desk:
    """`await desk.submit(opening)` returns after the commit; an error says why nothing was opened."""
    return GroupCommit(url, open_together)


async def open_together(connection: asyncpg.Connection, openings: Sequence[Opening]) -> list[Opened | AppError]:
    """One result for each opening, in order."""
    by_account: defaultdict[UUID, list[Opening]] = defaultdict(list)
    for opening in openings:
        by_account[opening.author.account_id].append(opening)
    opened: dict[UUID, Opened | AppError] = {}
    try:
        begin = "begin; "
        # Counters are locked in one order, or two processes could wait for each other.
        for account_id, asked in sorted(by_account.items()):
            await connection.execute(f"{begin}{account_setting(account_id)}; {holding_counter(account_id)}")
            begin = ""
            results = await insert_tickets(connection, account_id, asked)
            opened |= {opening.ticket_id: result for opening, result in zip(asked, results, strict=True)}
        await _announce(connection, openings, opened)
        await connection.execute("commit")
    except BaseException:
        await connection.execute("rollback")
        raise
    return [opened[opening.ticket_id] for opening in openings]


async def _announce(
    connection: asyncpg.Connection, openings: Sequence[Opening], opened: Mapping[UUID, Opened | AppError]
) -> None:
    events: list[tuple[UUID, UUID, str, bytes]] = []
    for opening in openings:
        result = opened[opening.ticket_id]
        if isinstance(result, Opened):
            events += _events(opening, result)
    if events:
        await connection.execute(_ANNOUNCE, *(list(column) for column in zip(*events, strict=True)))


def _events(opening: Opening, opened: Opened) -> list[tuple[UUID, UUID, str, bytes]]:
    author, rows = opening.author, []
    for payload in announcements.opening_of(opening, opened):
        event_id = new_id()
        body = encode_event(
            payload,
            event_id=event_id,
            subject=opening.ticket_id,
            time=author.now,
            account_id=author.account_id,
            actor=author.actor,
            correlation_id=author.correlation_id,
            causation_id=author.causation_id,
            traceparent=author.traceparent,
        )
        rows.append((event_id, author.account_id, payload.TYPE, body))
    return rows
