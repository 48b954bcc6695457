"""The worker of the probe as a process, to be killed: `python -m tests.chaos.victim`, its plan as JSON on stdin.

Its one effect is a row without any unique key, so whatever is done twice can be counted. Guards that are named off are
taken out, which is how the tests show that they can fail. `hang` makes the handler hang on events marked so; `slow_ack`
widens the moment between the commit and the acknowledgement, in which a kill hurts.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import uvloop

from shared.bus import consumer, inbox
from shared.bus.events import Event
from shared.bus.subscriptions import on
from shared.bus.transport import Receive
from shared.bus.worker import run_worker
from shared.contracts.gateway import APIKeyCreated
from shared.service import open_runtime
from shared.settings import ServiceSettings
from shared.work import Work
from tests.shared.bus.probe import note, probe

HANGS = "hangs"


async def main(plan: dict[str, Any]) -> None:
    async def effect(work: Work, event: Event[APIKeyCreated]) -> None:
        if plan["hang"] and event.data.name == HANGS:
            say("hanging")
            await asyncio.Event().wait()
        await note(work, event.id, event.data.name)

    runtime = open_runtime(probe([on(APIKeyCreated, effect)]), ServiceSettings(**plan["settings"]))
    if "inbox" in plan["guards_off"]:
        _take_out_the_inbox()
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


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _take_out_the_inbox() -> None:
    async def everything_is_new(*values: Any) -> set[UUID]:
        return set(values[4])

    inbox.remember = everything_is_new  # type: ignore[assignment]


if __name__ == "__main__":
    uvloop.run(main(json.loads(sys.stdin.readline())))
