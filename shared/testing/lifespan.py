"""An application that is up: its lifespan entered and left by one and the same task, as a server would."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[FastAPI]:
    """Fixtures are set up and torn down by different tasks, which task groups in a lifespan do not bear."""
    stop = asyncio.Event()
    started: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def live() -> None:
        try:
            async with app.router.lifespan_context(app):
                started.set_result(None)
                await stop.wait()
        except BaseException as problem:
            if not started.done():
                started.set_exception(problem)
                return
            raise

    life = asyncio.create_task(live())
    await started
    try:
        yield app
    finally:
        stop.set()
        await life
