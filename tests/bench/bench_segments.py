"""A segment of five conditions over a million activities: the first look at everybody, and what an event costs then.

The activities are written by SQL (a million calls would take long); the first look is the product's own, events to the
others included, and takes turns with the statement that somebody would write by hand for these five conditions.
"""

import asyncio
import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
from sqlalchemy import func, select

from services.customers.app import SERVICE
from services.customers.segments import service as segments
from services.customers.segments.handlers import follow
from services.customers.segments.schemas import NewSegment
from services.customers.segments.timers import build
from shared.bus.events import decode_event, encode_event
from shared.bus.subscriptions import Timer
from shared.clock import SystemClock
from shared.contracts.activities import ActivityRecorded
from shared.ids import new_id
from shared.process import settle
from shared.service import Runtime, open_runtime
from shared.work import open_work
from tests.bench.echo import BENCH
from tests.bench.machine import cpu_seconds
from tests.bench.report import Ratio, divided
from tests.bench.stage import Stage, stage

ROUNDS, EVENTS = 5, 300
CUSTOMERS, ACTIVITIES = 100_000, 1_000_000
FILL = (
    """
    insert into customers.customers (id, account_id, email, attributes, restricted, version, created_at, updated_at)
    select ('01a20000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, $1, 'c' || n || '@example.com',
        jsonb_build_object('plan', (array['gold', 'silver', 'none'])[1 + n % 3]), false, 1, now(), now()
    from generate_series(1, $2::int) n
    """,
    """
    insert into customers.activities (id, account_id, customer_id, kind, occurred_at, received_at, amount, currency,
        properties, source, source_id, version, told_version)
    select gen_random_uuid(), $1,
        ('01a20000-0000-7000-8000-' || lpad(to_hex(1 + n::bigint * 7919 % $2::int), 12, '0'))::uuid,
        (array['purchase', 'visit', 'visit', 'purchase', 'support'])[1 + (n + n / $2::int) % 5],
        now() - (n::bigint * 104729 % 15552000) * interval '1 s', now(),
        case when (n + n / $2::int) % 5 in (0, 3) then 5 + n / 11 % 120 end, 'EUR',
        '{}', 'shop', n::text, 1, 1
    from generate_series(1, $3::int) n
    """,
)
PURCHASE = """
insert into customers.activities (id, account_id, customer_id, kind, occurred_at, received_at, amount, currency,
    properties, source, source_id, version, told_version)
values ($1, $2, $3, 'purchase', $4, $4, 20, 'EUR', '{}', 'till', gen_random_uuid()::text, 1, 1)
"""
CONDITION: dict[str, Any] = {
    "type": "all",
    "conditions": [
        {"type": "attribute", "name": "plan", "op": "one_of", "value": ["gold", "silver"]},
        {"type": "activity", "kind": "purchase", "within_days": 90, "value": 2},
        {"type": "activity", "kind": "purchase", "measure": "sum", "currency": "EUR", "value": 200},
        {"type": "not", "condition": {"type": "activity", "kind": "support", "within_days": 30}},
        {"type": "activity", "kind": "visit", "measure": "days_since_last", "op": "lte", "value": 60},
    ],
}
BY_HAND = """
insert into bench.members (account_id, segment_id, customer_id, entered_at)
select $1, $2, customer.id, now()
from customers.customers customer
join (
    select customer_id,
        count(*) filter (where kind = 'purchase' and occurred_at > now() - interval '90 days') as purchases,
        sum(amount) filter (where kind = 'purchase' and currency = 'EUR') as spent,
        count(*) filter (where kind = 'support' and occurred_at > now() - interval '30 days') as complaints,
        max(occurred_at) filter (where kind = 'visit') as last_visit
    from customers.activities where account_id = $1 group by customer_id
) did on did.customer_id = customer.id
where customer.account_id = $1 and customer.deleted_at is null and customer.attributes ->> 'plan' in ('gold', 'silver')
    and purchases >= 2 and spent >= 200 and complaints = 0 and last_visit > now() - interval '61 days'
"""
YARDSTICK = """
create schema bench;
create table bench.members (account_id uuid, segment_id uuid, customer_id uuid, entered_at timestamptz,
    primary key (account_id, segment_id, customer_id));
create index on bench.members (account_id, customer_id)
"""


def bench() -> list[Ratio]:
    with stage() as here:
        return asyncio.run(_bench(here))


async def _bench(here: Stage) -> list[Ratio]:
    database = await asyncpg.connect(here.databases.url)
    runtime = open_runtime(SERVICE, here.databases.settings(SERVICE), clock=SystemClock())
    await database.execute(FILL[0], here.account, CUSTOMERS, timeout=600)
    await database.execute(FILL[1], here.account, CUSTOMERS, ACTIVITIES, timeout=600)
    await database.execute(YARDSTICK)
    for table in ("customers", "activities"):
        await database.execute(f"vacuum analyze customers.{table}", timeout=600)
    took: dict[str, list[float]] = {"ours": [], "by hand": []}
    settle()
    for number in range(ROUNDS):
        by_hand = await _by_hand(database, here.account, took["by hand"])
        ours = await _build(runtime, here.account, f"Segment {number}", took["ours"], keep=number == ROUNDS - 1)
        # Somebody may cross a line between the two; no more than that.
        if not by_hand or abs(by_hand - ours) > 5:
            raise RuntimeError(f"found {ours} members, the statement by hand {by_hand}")
    per_event = await _events(runtime, database, here.account)
    await database.close()
    await runtime.database.close()
    return [
        Ratio("first look at 1,000,000 activities ÷ SQL by hand", divided(took["ours"], took["by hand"]), at_most=3),
        Ratio("milliseconds in the database for an event", per_event, at_most=2),
    ]


async def _by_hand(database: asyncpg.Connection, account: UUID, took: list[float]) -> int:
    await database.execute("truncate bench.members")
    started = time.perf_counter()
    status = await database.execute(BY_HAND, account, new_id(), timeout=600)
    took.append(time.perf_counter() - started)
    return int(status.split()[-1])


async def _build(runtime: Runtime, account: UUID, name: str, took: list[float], *, keep: bool) -> int:
    async with open_work(runtime.database, account, BENCH, clock=runtime.clock) as work:
        body = NewSegment.model_validate({"name": name, "condition": CONDITION})
        segment_id = (await segments.create(work, body)).id
    started, state, members = time.perf_counter(), "building", 0
    while state == "building":
        async with open_work(runtime.database, account, BENCH, clock=runtime.clock) as work:
            timer = Timer(new_id(), "", "", work.now, {"segment_id": str(segment_id)}, 0)
            await build(work, timer)
            segment = await segments.find(work, segment_id)
            state, members = segment.state, segment.members
    took.append(time.perf_counter() - started)
    if not keep:
        async with open_work(runtime.database, account, BENCH, clock=runtime.clock) as work:
            await segments.remove(work, segment_id, None)
    return members


async def _events(runtime: Runtime, database: asyncpg.Connection, account: UUID) -> list[float]:
    """One purchase after another, each of somebody else, in a transaction of its own: milliseconds for each.

    Measured is the time that the server's process works, whatever else this machine does meanwhile.
    """
    async with open_work(runtime.database, account, BENCH, clock=runtime.clock) as work:
        # The pool gives out the connection that came back last, so it is this one's process every time.
        server = int(await work.session.scalar(select(func.pg_backend_pid())) or 0)
    rounds = []
    for number in range(ROUNDS):
        worked = 0.0
        for place in range(EVENTS):
            customer = UUID(f"01a20000-0000-7000-8000-{1 + (number * EVENTS + place) * 37 % CUSTOMERS:012x}")
            told = _purchase(runtime, account, customer)
            await database.execute(PURCHASE, told.data.activity_id, account, customer, told.data.occurred_at)
            before = cpu_seconds(server)
            async with open_work(runtime.database, account, BENCH, clock=runtime.clock) as work:
                await follow(work, [told])
            worked += cpu_seconds(server) - before
        rounds.append(worked * 1_000 / EVENTS)
    return rounds


def _purchase(runtime: Runtime, account: UUID, customer: UUID) -> Any:
    now = runtime.clock.now()
    activity_id = new_id()
    payload = ActivityRecorded(
        activity_id=activity_id,
        customer_id=customer,
        origin_customer_id=customer,
        kind="purchase",
        name=None,
        occurred_at=now - timedelta(seconds=1),
        received_at=now,
        amount=None,
        touchpoint=None,
        properties={},
        source="shop",
        source_id=str(activity_id),
    )
    raw = encode_event(
        payload,
        event_id=new_id(),
        subject=activity_id,
        time=now,
        account_id=account,
        actor=BENCH,
        correlation_id=new_id(),
    )
    return decode_event(raw)
