"""What numbers cost: asked through the endpoint when history is short and when it is long, taken in, and counted anew.

The facts are written into the tables by SQL (millions of events would take too long), then the rollups are made from
them by the product's own rebuild, and what the endpoint answers is compared with raw SQL over the facts.
`HEED_BENCH_RESPONSES` says how many responses there are; half of them belong to the account that asks.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from sqlalchemy import text

from services import catalog
from services.metrics.facts import service as facts
from services.metrics.rollups import rebuilding
from services.metrics.rollups.counting import differences
from services.metrics.scores.selection import OF_FEEDBACK, ROLLED_UP, By
from shared.bus.timers import run_due_timers
from shared.clock import SystemClock
from shared.ids import new_id
from shared.process import settle
from shared.service import Runtime, open_runtime
from shared.work import open_work
from tests.bench.echo import BENCH
from tests.bench.report import Ratio, divided
from tests.bench.stage import Stage, stage
from tests.metrics.builders import feedback, heard, rating

ROUNDS, QUESTIONS = 5, 10
LARGE = int(os.environ.get("HEED_BENCH_RESPONSES", "1000000"))
SIZES = {"small": LARGE // 100, "large": LARGE}
# Facts come to the consumer in batches of so many.
BATCH, BATCHES = 500, 20
WINDOW = "from=2026-01-01&to=2026-04-01"
SINCE, UNTIL = "timestamptz '2026-01-01'", "timestamptz '2026-04-01'"
FILL = """
insert into metrics.facts (account_id, feedback_id, occurred_at, received_at, scheme, minimum, maximum, value, points,
    completed, channel, touchpoint, journey_stage, survey_id, language, dimensions)
select ($1::uuid[])[case when n % 2 = 0 then 1 else 2 + n / 2 % 9 end], gen_random_uuid(),
    timestamptz '2025-10-01' + (n::bigint * 7919 % 15724800) * interval '1 s', timestamptz '2026-04-01', 'nps', 0, 10,
    score, score, true, (array['email','web','sms','link'])[1 + n / 10 % 4],
    (array['delivery','support'])[1 + n / 40 % 2], (array['use','buy'])[1 + n / 80 % 2], $2::uuid,
    (array['en','de','fr'])[1 + n / 160 % 3], jsonb_build_object('variant', (array['a','b'])[1 + n / 480 % 2],
        'location', 'store ' || n / 960 % 40, 'product', 'item ' || n / 7 % 50)
from (select n, (n * 7 + n / 13) % 11 as score from generate_series(1, $3::int) n) made
"""
RAW = f"""
select date_trunc('day', occurred_at at time zone 'UTC') as day, channel, count(*) as n,
    count(*) filter (where points >= 9) as promoters, count(*) filter (where points <= 6) as detractors
from metrics.facts
where account_id = $1 and scheme = 'nps' and exclusion is null and occurred_at >= {SINCE} and occurred_at < {UNTIL}
group by 1, 2
"""
# The same question with a filter on what cells are not kept by.
RAW_FILTERED = RAW.replace("group by", "and dimensions ->> 'location' = 'store 7' group by")


def bench() -> list[Ratio]:
    with stage() as here:
        return asyncio.run(_bench(here))


async def _bench(here: Stage) -> list[Ratio]:
    accounts = {name: [new_id() for _ in range(10)] for name in SIZES}
    asking = accounts["large"][0]
    database = await asyncpg.connect(here.databases.url)
    service = catalog.load("metrics")
    runtime = open_runtime(service, here.databases.settings(service), clock=SystemClock())
    for name, size in SIZES.items():
        await database.execute(FILL, accounts[name], new_id(), size, timeout=3600)
    await database.execute("vacuum analyze metrics.facts", timeout=3600)
    rebuilt = [await _rebuild(runtime, accounts["small"]), await _rebuild(runtime, accounts["large"])]
    await database.execute("vacuum analyze metrics.rollups", timeout=600)
    app = service.create_app(runtime)
    took: dict[str, list[float]] = {name: [] for name in (*SIZES, "raw", "filtered", "raw filtered")}
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://bench", timeout=60) as client:
            await _agree(client, database, here, asking)
            settle()
            for _ in range(ROUNDS):
                for name in SIZES:
                    took[name].append(await _median(lambda a=accounts[name][0]: _ask(client, here, a)))  # type: ignore[misc]
                took["raw"].append(await _median(lambda: database.fetch(RAW, asking)))
                took["filtered"].append(await _median(lambda: _ask(client, here, asking, FILTERED)))
                took["raw filtered"].append(await _median(lambda: database.fetch(RAW_FILTERED, asking)))
            kept = await _slowest(client, here, asking, sorted(ROLLED_UP))
            asked = await _slowest(client, here, asking, sorted(OF_FEEDBACK), but=ROLLED_UP)
    taken = await _take_in(runtime, asking)
    await database.close()
    return [
        Ratio(
            f"NPS by day and channel at {LARGE:,} ÷ at {SIZES['small']:,}",
            divided(took["large"], took["small"]),
            at_most=1.5,
        ),
        Ratio(f"NPS by day and channel at {LARGE:,} ÷ raw SQL", divided(took["large"], took["raw"]), at_most=0.02),
        Ratio("two dimensions that are kept, p95 in ms", [1000 * kept], at_most=100),
        Ratio("two dimensions of which one is counted when asked, p95 in ms", [1000 * asked], at_most=100),
        Ratio("filter on what is not kept ÷ raw SQL", divided(took["filtered"], took["raw filtered"]), at_most=1.3),
        Ratio("facts taken in a second, with rollups kept", taken, at_least=5_000),
        Ratio("facts counted anew a second, while serving", rebuilt[1:], at_least=20_000),
    ]


async def _rebuild(runtime: Runtime, accounts: Sequence[UUID]) -> float:
    """Facts a second."""
    started = time.perf_counter()
    for account in accounts:
        async with open_work(runtime.database, account, BENCH, clock=runtime.clock) as work:
            await rebuilding.start(work)
    await run_due_timers(runtime)
    took = time.perf_counter() - started
    counted = 0
    for account in accounts:
        async with open_work(runtime.database, account, BENCH, clock=runtime.clock) as work:
            serving, building = await rebuilding.present(work)
            if building is not None:
                raise RuntimeError("the rebuild did not finish")
            counted += serving.counted
    return counted / took


async def _take_in(runtime: Runtime, account: UUID) -> list[float]:
    """Facts a second of each batch, spread over a week as they come in, and no difference afterwards."""
    rates = []
    for number in range(BATCHES):
        said = [
            feedback(
                rating=rating("nps", n % 11),
                channel=("email", "web", "sms")[n % 3],
                language=("en", "de")[n % 2],
                occurred_at=datetime(2026, 4, 1, tzinfo=UTC) + timedelta(minutes=20 * n),
            )
            for n in range(number, number + BATCH)
        ]
        started = time.perf_counter()
        async with open_work(runtime.database, account, BENCH, clock=runtime.clock) as work:
            await facts.record(work, heard(said))
        rates.append(BATCH / (time.perf_counter() - started))
    async with open_work(runtime.database, account, BENCH, clock=runtime.clock) as work:
        await work.session.execute(text("set local statement_timeout = 0"))
        if wrong := await differences(work):
            raise RuntimeError(f"{wrong} cells are not what the facts say")
    return rates


async def _slowest(
    client: httpx.AsyncClient, here: Stage, account: UUID, of: Sequence[By], but: frozenset[By] = frozenset()
) -> float:
    """The 95th percentile, in seconds, over all pairs of these that are not both among `but`."""
    times = []
    for pair in combinations(of, 2):
        if not but.issuperset(pair):
            for _ in range(3):
                started = time.perf_counter()
                await _ask(client, here, account, f"by={','.join(pair)}")
                times.append(time.perf_counter() - started)
    return sorted(times)[len(times) * 95 // 100]


async def _median(question: Callable[[], Awaitable[object]]) -> float:
    times = []
    for _ in range(QUESTIONS):
        started = time.perf_counter()
        await question()
        times.append(time.perf_counter() - started)
    return sorted(times)[QUESTIONS // 2]


DAILY = "interval=day&by=channel"
FILTERED = f"{DAILY}&filter[location]=store 7"


async def _ask(client: httpx.AsyncClient, here: Stage, account: UUID, question: str = DAILY) -> httpx.Response:
    headers = {"Authorization": f"Bearer {here.token_of(account)}"}
    answer = await client.get(f"/v1/metrics/nps?{question}&{WINDOW}", headers=headers)
    return answer.raise_for_status()


async def _agree(client: httpx.AsyncClient, database: asyncpg.Connection, here: Stage, account: UUID) -> None:
    """A fast wrong answer is worth nothing."""
    for raw_sql, question in ((RAW, DAILY), (RAW_FILTERED, FILTERED)):
        raw = {
            (row["day"].date().isoformat(), row["channel"]): row["n"] for row in await database.fetch(raw_sql, account)
        }
        asked = counts_of((await _ask(client, here, account, question)).json())
        if asked != raw:
            raise RuntimeError(f"the endpoint and raw SQL disagree: {len(asked)} and {len(raw)} cells")


def counts_of(answer: dict[str, Any]) -> dict[tuple[str, str], int]:
    """n by (day, channel), of the cells that have any."""
    return {(point["from"], point["group"]): point["n"] for point in answer["series"] if point["n"]}
