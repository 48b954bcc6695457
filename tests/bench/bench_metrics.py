"""NPS by day and channel over 90 days, asked through the endpoint, when history is short and when it is long.

The facts are written into the tables by SQL (five million events would take minutes), then the rollups are made from
them by the product's own rebuild, and what the endpoint answers is compared with raw SQL over the facts.
"""

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

import asyncpg
import httpx

from services import catalog
from services.metrics.rollups import rebuilding
from shared.bus.timers import run_due_timers
from shared.clock import SystemClock
from shared.ids import new_id
from shared.process import settle
from shared.service import open_runtime
from shared.work import open_work
from tests.bench.echo import BENCH
from tests.bench.report import Ratio, divided
from tests.bench.stage import Stage, stage

ROUNDS, QUESTIONS = 5, 10
SIZES = {"small": 50_000, "large": 5_000_000}
"""Stored responses; a tenth of them belongs to the account that asks, the rest to nine others."""
WINDOW = "from=2026-01-01&to=2026-04-01"
FILL = """
insert into metrics.facts (account_id, feedback_id, occurred_at, received_at, scheme, minimum, maximum, value, points,
    completed, channel, touchpoint, survey_id, dimensions)
select ($1::uuid[])[1 + n % 10], gen_random_uuid(),
    timestamptz '2025-10-01' + (n::bigint * 7919 % 15724800) * interval '1 s', timestamptz '2026-04-01', 'nps', 0, 10,
    score, score, true, (array['email','web','sms','link'])[1 + n / 10 % 4], 'delivery', $2::uuid, '{}'
from (select n, (n * 7 + n / 13) % 11 as score from generate_series(1, $3::int) n) made
"""
RAW = """
select date_trunc('day', occurred_at at time zone 'UTC') as day, channel, count(*) as n,
    count(*) filter (where points >= 9) as promoters, count(*) filter (where points <= 6) as detractors
from metrics.facts
where account_id = $1 and scheme = 'nps' and exclusion is null
    and occurred_at >= timestamptz '2026-01-01' and occurred_at < timestamptz '2026-04-01'
group by 1, 2
"""


def bench() -> list[Ratio]:
    with stage() as here:
        return asyncio.run(_bench(here))


async def _bench(here: Stage) -> list[Ratio]:
    accounts = {name: [new_id() for _ in range(10)] for name in SIZES}
    database = await asyncpg.connect(here.databases.url)
    service = catalog.load("metrics")
    runtime = open_runtime(service, here.databases.settings(service), clock=SystemClock())
    took: dict[str, list[float]] = {name: [] for name in (*SIZES, "raw")}
    for name, size in SIZES.items():
        await database.execute(FILL, accounts[name], new_id(), size, timeout=600)
        for account in accounts[name]:
            async with open_work(runtime.database, account, BENCH, clock=runtime.clock) as work:
                await rebuilding.start(work)
    await run_due_timers(runtime)
    await database.execute("vacuum analyze metrics.facts")
    await database.execute("vacuum analyze metrics.rollups")
    app = service.create_app(runtime)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://bench") as client:
            await _agree(client, database, here, accounts["large"][0])
            settle()
            for _ in range(ROUNDS):
                for name in SIZES:
                    took[name].append(await _median(lambda a=accounts[name][0]: _ask(client, here, a)))  # type: ignore[misc]
                took["raw"].append(await _median(lambda: database.fetch(RAW, accounts["large"][0])))
    await database.close()
    return [
        Ratio("NPS by day and channel at 5,000,000 ÷ at 50,000", divided(took["large"], took["small"]), at_most=1.5),
        Ratio("NPS by day and channel at 5,000,000 ÷ raw SQL", divided(took["large"], took["raw"]), at_most=0.05),
    ]


async def _median(question: Callable[[], object]) -> float:
    times = []
    for _ in range(QUESTIONS):
        started = time.perf_counter()
        await question()  # type: ignore[misc]
        times.append(time.perf_counter() - started)
    return sorted(times)[QUESTIONS // 2]


async def _ask(client: httpx.AsyncClient, here: Stage, account: UUID) -> httpx.Response:
    headers = {"Authorization": f"Bearer {here.token_of(account)}"}
    answer = await client.get(f"/v1/metrics/nps?interval=day&by=channel&{WINDOW}", headers=headers)
    return answer.raise_for_status()


async def _agree(client: httpx.AsyncClient, database: asyncpg.Connection, here: Stage, account: UUID) -> None:
    """A fast wrong answer is worth nothing."""
    raw = {(row["day"].date().isoformat(), row["channel"]): row["n"] for row in await database.fetch(RAW, account)}
    asked = counts_of((await _ask(client, here, account)).json())
    if asked != raw:
        raise RuntimeError(f"the endpoint and raw SQL disagree: {len(asked)} and {len(raw)} cells")


def counts_of(answer: dict[str, object]) -> dict[tuple[str, str], int]:
    """n by (day, channel), of the cells that have any."""
    cells = {}
    for point in answer["series"]:  # type: ignore[attr-defined]
        if point["n"]:
            cells[(point["from"], point["group"])] = point["n"]
    return cells
