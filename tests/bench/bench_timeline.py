"""The timeline of a customer with 10,000 entries against that of one with 100: a page costs what it shows.

Half of the entries were told by other services, the other half are activities, with some consents among them, so the
page is merged from three tables. Both customers live in one account with 100,000 more entries of others.
"""

import asyncio
import json
import time
from contextlib import ExitStack
from urllib.request import Request, urlopen
from uuid import UUID

import asyncpg

from tests.bench.machine import server
from tests.bench.report import Ratio, divided, interleave
from tests.bench.stage import Stage, stage

ROUNDS, PAGES, LONG, SHORT, OTHERS = 5, 100, 10_000, 100, 100_000

_TOLD = """
insert into customers.timeline (account_id, event_id, customer_id, kind, at, detail)
select $1, gen_random_uuid(), $2, 'segment_entered', now() - n * interval '1 hour',
    jsonb_build_object('segment_id', gen_random_uuid(), 'segment_name', 'Regulars')
from generate_series(1, $3::integer) n
"""
_DONE = """
insert into customers.activities (
    id, account_id, customer_id, kind, occurred_at, received_at, amount, currency, properties, source, source_id,
    version, told_version
)
select gen_random_uuid(), $1, $2::uuid, 'purchase', now() - n * interval '67 minutes', now(), 49.90, 'EUR', '{}',
    'shop', $2::uuid || '-' || n, 1, 1
from generate_series(1, $3::integer) n
"""
_SAID = """
insert into customers.consents (
    id, account_id, customer_id, purpose, channel, granted, basis, source, proof, actor, effective_at, recorded_at
)
select gen_random_uuid(), $1, $2, 'surveys', 'email', n % 2 = 0, 'consent', 'form', '{}', 'human:bench',
    now() - n * interval '40 days', now()
from generate_series(1, 10) n
"""


def bench() -> list[Ratio]:
    with stage() as here, ExitStack() as servers:
        port, _ = servers.enter_context(server(["-m", "services", "customers", "web"], here.environment))
        long, short, other = (_customer(here, port, name) for name in ("long", "short", "other"))
        asyncio.run(_fill(here, {long: LONG, short: SHORT, other: OTHERS}))
        times = interleave(ROUNDS, {"long": lambda: _read(here, port, long), "short": lambda: _read(here, port, short)})
    return [
        Ratio("timeline of 10,000 entries ÷ of 100, the first page", divided(times["long"], times["short"]), at_most=2)
    ]


def _customer(here: Stage, port: int, name: str) -> UUID:
    headers = {"Authorization": f"Bearer {here.token}", "Content-Type": "application/json"}
    body = json.dumps({"external_id": name}).encode()
    with urlopen(Request(f"http://127.0.0.1:{port}/v1/customers", body, headers, method="POST")) as answer:
        return UUID(json.load(answer)["id"])


async def _fill(here: Stage, counts: dict[UUID, int]) -> None:
    database = await asyncpg.connect(here.databases.url)
    for customer_id, count in counts.items():
        await database.execute(_TOLD, here.account, customer_id, count // 2)
        await database.execute(_DONE, here.account, customer_id, count // 2)
        await database.execute(_SAID, here.account, customer_id)
    await database.execute("analyze customers.timeline, customers.activities, customers.consents")
    await database.close()


def _read(here: Stage, port: int, customer_id: UUID) -> float:
    """Seconds for so many times the first page."""
    request = Request(f"http://127.0.0.1:{port}/v1/customers/{customer_id}/timeline")
    request.add_header("Authorization", f"Bearer {here.token}")
    started = time.perf_counter()
    for _ in range(PAGES):
        with urlopen(request) as answer:
            assert len(json.load(answer)["data"]) == 50
    return time.perf_counter() - started
