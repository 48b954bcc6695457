"""What operators watch: how much waits, how long it has waited, and what has been given up on."""

import asyncio

from shared.bus.link import Link
from shared.observability.metrics import CONSUMER_LAG, DEAD_LETTERS, OUTBOX_AGE, OUTBOX_DEPTH, TIMERS_LATE
from shared.service import Runtime

EVERY_SECONDS = 10.0


async def run_gauges(runtime: Runtime, link: Link) -> None:
    """Measure every few seconds until cancelled."""
    while True:
        await measure(runtime, link)
        await asyncio.sleep(EVERY_SECONDS)


async def measure(runtime: Runtime, link: Link) -> None:
    """Set the gauges of this service once."""
    name = runtime.service.name
    row = await link.fetchrow(
        f"""select
            (select count(*) from "{name}".outbox) as depth,
            (select extract(epoch from clock_timestamp() - created_at)::float8
                from "{name}".outbox order by position limit 1) as age,
            (select count(*) from "{name}".inbox where state = 'dead') as dead_events,
            (select count(*) from "{name}".timers where dead is not null) as dead_timers,
            (select min(due_at) from "{name}".timers where dead is null) as due_at"""
    )
    late = (runtime.clock.now() - row["due_at"]).total_seconds() if row["due_at"] else 0.0
    OUTBOX_DEPTH.labels(name).set(row["depth"])
    OUTBOX_AGE.labels(name).set(max(0.0, row["age"] or 0.0))
    TIMERS_LATE.labels(name).set(max(0.0, late))
    dead = row["dead_events"] + row["dead_timers"]
    if runtime.service.subscriptions:
        CONSUMER_LAG.labels(name).set(await runtime.transport.depth(name))
        dead += len(await runtime.transport.dead(name))
    DEAD_LETTERS.labels(name).set(dead)
