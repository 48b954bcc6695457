"""Lists and searches of 200,000 tickets: a page costs what it shows.

A list of 50 of them against one of 2,000; a search, for a word that few have and for one that a tenth of them has,
against a page of tickets by key (the list itself, which goes along an index).
"""

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import quote
from urllib.request import Request, urlopen
from uuid import UUID

import asyncpg

from shared.ids import new_id
from tests.bench.machine import server
from tests.bench.report import Ratio, divided, interleave
from tests.bench.stage import Stage, stage

ROUNDS, PAGES, MANY, FEW = 7, 40, 200_000, 2_000

# Subjects of ten words of 5,000, the more common the lower their number, as in any language.
_TICKETS = """
insert into tickets.tickets (
    id, account_id, number, version, subject, description, state, priority, tags, fields, channel, origin_kind,
    opened_at, updated_at, reopened_count, policy_id, policy_version, warned, first_response_seconds,
    resolution_seconds, resolution_due_at
)
select
    (lpad(to_hex(1700000000000 + n), 12, '0') || '7' || substr(md5(n::text || ($1::uuid)::text), 1, 19))::uuid,
    $1::uuid, n, 1,
    (select string_agg('word' || floor(5000 * power(random(), 3))::integer, ' ')
        from generate_series(1, 10) where n > 0)
        || case when n % 10 = 0 then ' parcel' else '' end || case when n % 5000 = 0 then ' zebra' else '' end,
    '', 'new', 'normal', '{}', '{}', 'api', 'partner', now() - (1000000 - n) * interval '1 second', now(), 0,
    $1::uuid, 1, '{}', 86400, 259200, now() + interval '1 day'
from generate_series(1, $2::integer) n
"""
_WORDS = """
insert into tickets.ticket_texts (account_id, ticket_id, words)
select account_id, id, to_tsvector('simple', replace(account_id::text, '-', '') || ' ' || subject) from tickets.tickets
"""


def bench() -> list[Ratio]:
    with stage() as here, ExitStack() as servers:
        port, _ = servers.enter_context(server(["-m", "services", "tickets", "web"], here.environment))
        many, few = here.account, new_id()
        asyncio.run(_fill(here, {many: MANY, few: FEW}))
        asked: dict[str, tuple[UUID, str, int]] = {
            "many": (many, "", 50),
            "few": (few, "", 50),
            "rare": (many, "/search?q=zebra", 40),
            "common": (many, "/search?q=parcel", 50),
            "two": (many, f"/search?q={quote('parcel word17')}", 50),
        }
        times = interleave(ROUNDS, {name: _reader(here, port, *each) for name, each in asked.items()})
    return [
        Ratio("a list of 50 out of 200,000 tickets ÷ out of 2,000", divided(times["many"], times["few"]), at_most=1.5),
        *(
            Ratio(f"search of 200,000 tickets, {name} ÷ a page by key", divided(times[key], times["many"]), at_most=3)
            for key, name in (("rare", "a rare word"), ("common", "a common word"), ("two", "two words"))
        ),
    ]


async def _fill(here: Stage, counts: dict[UUID, int]) -> None:
    database = await asyncpg.connect(here.databases.url)
    for account, count in counts.items():
        await database.execute(_TICKETS, account, count)
    await database.execute(_WORDS)
    await database.execute("vacuum analyze tickets.tickets, tickets.ticket_texts")
    await database.close()


def _reader(here: Stage, port: int, account: UUID, path: str, count: int) -> Callable[[], float]:
    """Seconds for so many times the first page, of `count` tickets."""
    request = Request(f"http://127.0.0.1:{port}/v1/tickets{path}")
    request.add_header("Authorization", f"Bearer {here.token_of(account)}")

    def read() -> float:
        started = time.perf_counter()
        for _ in range(PAGES):
            with urlopen(request) as answer:
                found = len(json.load(answer)["data"])
            assert found == count, f"{path}: {found}"
        return time.perf_counter() - started

    return read
