"""`/livez`, `/readyz` and `/metrics`.

Liveness touches nothing: an outage of the database must not restart every container. Readiness says per dependency what
is wrong; a bus that is down leaves a service ready but degraded, because what it accepts waits in the outbox.
"""

import asyncio
from typing import Literal

import asyncpg
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from shared.db.migrations import VERSION_TABLE, revisions_of
from shared.service import Runtime

PING_SECONDS = 1.0
_DATABASE_AWAY = (
    SQLAlchemyError,
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)

router = APIRouter(tags=["health"], include_in_schema=False)


class Check(BaseModel):
    name: str
    ok: bool
    detail: str | None


class Readiness(BaseModel):
    status: Literal["ready", "degraded", "unavailable"]
    checks: list[Check]


@router.get("/livez")
async def livez() -> Response:
    return Response("ok\n", media_type="text/plain")


@router.get("/readyz")
async def readyz(request: Request, response: Response) -> Readiness:
    readiness = await check_readiness(request.app.state.runtime)
    response.status_code = 503 if readiness.status == "unavailable" else 200
    return readiness


@router.get("/metrics")
async def metrics() -> Response:
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


async def check_readiness(runtime: Runtime) -> Readiness:
    """Database and schema decide; the bus only degrades."""
    database = await _check_database(runtime)
    trouble = runtime.transport.problem()
    bus = Check(name="bus", ok=trouble is None, detail=trouble)
    status: Literal["ready", "degraded", "unavailable"]
    status = "unavailable" if not database.ok else "ready" if bus.ok else "degraded"
    return Readiness(status=status, checks=[database, bus])


async def _check_database(runtime: Runtime) -> Check:
    try:
        async with asyncio.timeout(PING_SECONDS), runtime.database.transaction(None) as session:
            found = await session.scalar(text(f"select version_num from {VERSION_TABLE}"))
    except _DATABASE_AWAY as problem:
        return Check(name="database", ok=False, detail=f"not answering ({type(problem).__name__})")
    known = _known(runtime)
    wanted = known[0] if known else None
    if found == wanted:
        return Check(name="database", ok=True, detail=None)
    if found is None or found in known:
        return Check(name="database", ok=False, detail=f"schema is at {found}, the code needs {wanted}: run migrate")
    # An upgrade is under way: migrations leave what the code before them needs.
    return Check(name="database", ok=True, detail=f"schema is at {found}, newer than the code, which knows {wanted}")


def _known(runtime: Runtime) -> list[str]:
    if "revisions" not in runtime.state:
        runtime.state["revisions"] = revisions_of(runtime.service)
    known: list[str] = runtime.state["revisions"]
    return known
