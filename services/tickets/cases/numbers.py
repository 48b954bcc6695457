"""Ticket numbers: 1, 2, 3 within each account, never twice. A number whose ticket could not be stored stays unused.

Whoever takes a number in the ticket's own transaction holds the counter until that commits, so tickets of one account
would be opened one after the other. Requests therefore take theirs beforehand, and those that come together share one
small transaction. It does not wait for the disk: a ticket's own commit does, and the log is written in order, so no
stored ticket has a number that the counter could forget.
"""

from collections import Counter as Tally
from collections.abc import Sequence
from uuid import UUID

import asyncpg

from shared.db.group_commit import GroupCommit

Numbers = GroupCommit[UUID, int]

_TAKE = """
    insert into tickets.counters as counter (account_id, last_number) values ($1, $2)
    on conflict (account_id) do update set last_number = counter.last_number + $2
    returning last_number
"""


def open_numbers(url: str) -> Numbers:
    """`await numbers.submit(account_id)` gives the account's next number."""
    return GroupCommit(url, take_numbers)


async def take_numbers(connection: asyncpg.Connection, accounts: Sequence[UUID]) -> list[int]:
    """One number for each item of `accounts`, in order."""
    following: dict[UUID, int] = {}
    async with connection.transaction():
        await connection.execute("set local synchronous_commit = off")
        # In a fixed order, or two processes could wait for each other.
        for account_id, count in sorted(Tally(accounts).items()):
            await connection.execute("select set_config('heed.account_id', $1, true)", str(account_id))
            following[account_id] = await connection.fetchval(_TAKE, account_id, count) - count
    numbers: list[int] = []
    for account_id in accounts:
        following[account_id] += 1
        numbers.append(following[account_id])
    return numbers
