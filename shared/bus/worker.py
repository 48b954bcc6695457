"""The worker half of one service: everything that goes on without a request."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import structlog

from shared.bus.consumer import deliver, retry_once, subscribe
from shared.bus.gauges import run_gauges
from shared.bus.housekeeping import EVERY_SECONDS, tidy
from shared.bus.link import Link
from shared.bus.loops import POLL_SECONDS, forever, unbroken
from shared.bus.postgres import PostgresTransport
from shared.bus.relay import run_relay
from shared.bus.timers import run_timers
from shared.service import Runtime

log = structlog.get_logger(__name__)


async def run_workers(runtimes: Sequence[Runtime]) -> None:
    """The workers of all services in one process, until cancelled.

    None sends before every queue has been declared: an event that finds only some of its queues is lost to the others.
    (Where each service is a process of its own, `migrate` declares the queues before any of them starts.)
    """
    declared = asyncio.Event()

    async def declare() -> None:
        for runtime in runtimes:
            await subscribe(runtime)
        declared.set()
        await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(forever("queues", declare))
        for runtime in runtimes:
            group.create_task(run_worker(runtime, may_send=declared))


async def run_worker(runtime: Runtime, *, may_send: asyncio.Event | None = None) -> None:
    """Run relay, consumer, retries, timers, housekeeping and the service's own loops until cancelled.

    No failure ends it: what fails is logged and started again. On cancellation what is under way may end (20 s).
    """
    await runtime.transport.open()
    link = _link(runtime)
    loops: dict[str, Callable[[], Awaitable[None]]] = {
        "relay": partial(_run_relay, runtime, link, may_send),
        "timers": partial(run_timers, runtime, link),
        "retries": partial(_run_retries, runtime, link),
        "housekeeping": partial(_run_housekeeping, runtime),
        "gauges": partial(run_gauges, runtime, link),
    }
    if runtime.service.subscriptions:
        loops["consumer"] = partial(_run_consumer, runtime)
    for number, own in enumerate(runtime.service.loops):
        # Two loops may be the same method of two objects, so the name alone does not tell them apart.
        loops[f"{getattr(own, '__name__', 'loop')}{number}"] = partial(own, runtime)
    try:
        async with asyncio.TaskGroup() as group:
            for name, loop in loops.items():
                group.create_task(forever(f"{runtime.service.name}.{name}", loop))
    finally:
        await link.close()
        await runtime.transport.close()


def _link(runtime: Runtime) -> Link:
    """The kit's own connection; the postgres transport's, where that is in the same database."""
    transport = runtime.transport
    if isinstance(transport, PostgresTransport) and transport.link.url == runtime.database.url:
        return transport.link
    return Link(runtime.database.url)


async def _run_relay(runtime: Runtime, link: Link, may_send: asyncio.Event | None) -> None:
    if may_send is not None:
        await may_send.wait()
    await run_relay(runtime, link)


async def _run_consumer(runtime: Runtime) -> None:
    await subscribe(runtime)
    await runtime.transport.consume(runtime.service.name, partial(deliver, runtime))


async def _run_retries(runtime: Runtime, link: Link) -> None:
    question = f"""select min(next_at) from "{runtime.service.name}".inbox where state = 'retry'"""
    while True:
        next_at = (await link.fetchrow(question))[0]
        made = 0
        if next_at is not None and next_at <= runtime.clock.now():
            made = await unbroken(retry_once(runtime))
        if not made:
            await asyncio.sleep(POLL_SECONDS)


async def _run_housekeeping(runtime: Runtime) -> None:
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        gone = await tidy(runtime)
        if gone:
            log.info("forgot what is too old", rows=gone)
