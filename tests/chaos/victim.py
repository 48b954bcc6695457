"""The worker of the probe as a process, to be killed: `python -m tests.chaos.victim`, its plan as JSON on stdin.

Its one effect is a row without any unique key, so whatever is done twice can be counted. Guards that are named off are
taken out, which is how the tests show that they can fail. `hang` makes the handler hang on events marked so; `slow_ack`
widens the moment between the commit and the acknowledgement, in which a kill hurts; `pause_in_batch` the one between
the effects of a batch of timers and its commit, `pause_after_claim` that before their transaction.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import uvloop

from shared.bus import consumer, inbox, timers
from shared.bus.events import Event
from shared.bus.subscriptions import Timer, TimerBatch, on
from shared.bus.transport import Receive
from shared.bus.worker import run_worker
from shared.contracts.gateway import APIKeyCreated
from shared.service import Runtime, open_runtime
from shared.settings import ServiceSettings
from shared.work import Work
from tests.shared.bus.probe import note, probe

HANGS = "hangs"
RINGS = "probe.rings"


async def main(plan: dict[str, Any]) -> None:
    async def effect(work: Work, event: Event[APIKeyCreated]) -> None:
        if plan["hang"] and event.data.name == HANGS:
            say("hanging")
            await asyncio.Event().wait()
        await note(work, event.id, event.data.name)

    async def ring(work: Work, due: Sequence[Timer]) -> None:
        for timer in due:
            await note(work, UUID(timer.key), "rang")
        if plan["pause_in_batch"]:
            say("ringing")
            await asyncio.sleep(plan["pause_in_batch"])

    service = probe([on(APIKeyCreated, effect)], timers={RINGS: TimerBatch(ring)})
    runtime = open_runtime(service, ServiceSettings(**plan["settings"]))
    if "inbox" in plan["guards_off"]:
        _take_out_the_inbox()
    if "fence" in plan["guards_off"]:
        _take_out_the_fence()
    timers.LEASE = timedelta(seconds=plan["lease_seconds"])
    if plan["pause_after_claim"]:
        _claim_slowly(plan["pause_after_claim"])
    if plan["slow_ack"]:
        consume = runtime.transport.consume

        async def consume_slowly(queue: str, receive: Receive) -> None:
            async def receive_slowly(bodies: Sequence[bytes]) -> None:
                await receive(bodies)
                say("committed")
                await asyncio.sleep(plan["slow_ack"])

            await consume(queue, receive_slowly)

        runtime.transport.consume = consume_slowly  # type: ignore[method-assign]
    await consumer.subscribe(runtime)
    say("ready")
    await run_worker(runtime)


def _claim_slowly(seconds: float) -> None:
    claim, run_all = timers._claim, timers._run_all

    async def claim_slowly(runtime: Runtime) -> list[Any]:
        claims: list[Any] = await claim(runtime)
        if claims:
            say("claimed")
            await asyncio.sleep(seconds)
        return claims

    async def run_and_say(runtime: Runtime, claims: Sequence[Any]) -> int:
        fired = await run_all(runtime, claims)
        say("ran")
        return fired

    timers._claim, timers._run_all = claim_slowly, run_and_say


def _take_out_the_fence() -> None:
    async def all_are_ours(_: Work, claims: Sequence[Any]) -> list[Any]:
        return list(claims)

    timers._ours = all_are_ours  # type: ignore[assignment]


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _take_out_the_inbox() -> None:
    async def everything_is_new(*values: Any) -> set[UUID]:
        return set(values[4])

    inbox.remember = everything_is_new  # type: ignore[assignment]


if __name__ == "__main__":
    uvloop.run(main(json.loads(sys.stdin.readline())))
