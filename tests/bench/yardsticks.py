"""The servers that Heed is measured against: `python -m tests.bench.yardsticks noop|naive`.

They are honest: the same FastAPI, uvicorn and pydantic, no work left out of the naive one, none put into the no-op.
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import asyncpg
import orjson
import uvicorn
from fastapi import FastAPI, Header, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.responses import HTMLResponse, PlainTextResponse

from shared.auth.tokens import TokenVerifier
from shared.bus.events import encode_event
from shared.clock import SystemClock
from shared.contracts.survey import Answer, CustomerReference, ResponseReceived
from shared.ids import new_id


class Body(BaseModel):
    """The body of `POST /v1/responses`, as a plain FastAPI model."""

    model_config = ConfigDict(extra="forbid")

    survey_id: str
    submission_id: str = Field(max_length=200)
    customer: CustomerReference | None = None
    answers: list[Answer] = Field(max_length=100)
    completed: bool = True
    channel: str = "api"
    touchpoint: str | None = None
    dimensions: dict[str, str] = Field(default_factory=dict)
    occurred_at: AwareDatetime | None = None


class TicketBody(BaseModel):
    """The body of `POST /v1/tickets`, as a plain FastAPI model."""

    model_config = ConfigDict(extra="forbid")

    subject: str = Field(max_length=300)
    description: str | None = None
    priority: str = "normal"
    tags: list[str] = Field(default_factory=list)


class Accepted(BaseModel):
    id: str
    duplicate: bool


INSERT = """
with response as (
    insert into bench.responses (id, account_id, survey_id, survey_version, submission_id, body, received_at)
    values ($1, $2, $3, 1, $4, $5, $6) on conflict (account_id, submission_id) do nothing returning id
)
insert into bench.outbox (event_id, account_id, type, body) select $7, $2, $8, $9 from response
"""


def noop() -> FastAPI:
    app = FastAPI()
    live(app)

    @app.post("/v1/responses", status_code=201)
    async def accept(body: Body) -> Accepted:
        return Accepted(id=body.submission_id, duplicate=False)

    @app.post("/v1/tickets", status_code=201)
    async def ticket(body: TicketBody) -> Accepted:
        return Accepted(id=body.subject, duplicate=False)

    @app.post("/hooks/{token}")
    async def hook(token: str, request: Request) -> Accepted:
        return Accepted(id=token, duplicate=not await request.body())

    @app.get("/page", response_class=HTMLResponse)
    async def page() -> str:
        return "<!doctype html>"

    return app


def naive() -> FastAPI:
    """One statement a request: token checked, response and outbox row written, answered after the commit."""
    verifier, clock = TokenVerifier(os.environ["HEED_TOKEN_PUBLIC_KEY"]), SystemClock()

    @asynccontextmanager
    async def pool(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(os.environ["HEED_DATABASE_URL"], min_size=4, max_size=16) as opened:
            app.state.pool = opened
            yield

    app = FastAPI(lifespan=pool)
    live(app)

    @app.post("/v1/responses", status_code=201)
    async def accept(body: Body, request: Request, authorization: Annotated[str, Header()]) -> Accepted:
        now = clock.now()
        principal = verifier.verify(authorization.removeprefix("Bearer "), now=now)
        response_id, event_id = new_id(), new_id()
        payload = ResponseReceived(
            response_id=response_id,
            survey_id=body.survey_id,  # type: ignore[arg-type]
            survey_version=1,
            submission_id=body.submission_id,
            customer=body.customer,
            invitation_id=None,
            ticket_id=None,
            answers=tuple(body.answers),
            completed=body.completed,
            channel=body.channel,
            touchpoint=body.touchpoint,
            dimensions=body.dimensions,
            occurred_at=body.occurred_at or now,
            received_at=now,
        )
        event = encode_event(
            payload,
            event_id=event_id,
            subject=response_id,
            time=now,
            account_id=principal.account_id,
            actor=principal.actor,
            correlation_id=new_id(),
        )
        stored = orjson.dumps(body.model_dump(mode="json"))
        account = principal.account_id
        values = (response_id, account, body.survey_id, body.submission_id, stored.decode(), now, event_id)
        await request.app.state.pool.execute(INSERT, *values, payload.TYPE, event)
        return Accepted(id=str(response_id), duplicate=False)

    return app


TABLES = """
create schema bench;
create table bench.responses (
    id uuid primary key, account_id uuid not null, survey_id uuid not null, survey_version integer not null,
    submission_id text not null, body jsonb not null, received_at timestamptz not null
);
create unique index on bench.responses (account_id, submission_id);
create index on bench.responses (account_id, received_at);
create table bench.outbox (
    position bigint generated by default as identity primary key, event_id uuid not null, account_id uuid not null,
    type text not null, body bytea not null, created_at timestamptz not null default clock_timestamp()
);
"""


def live(app: FastAPI) -> None:
    @app.get("/livez")
    async def livez() -> PlainTextResponse:
        return PlainTextResponse("ok")


if __name__ == "__main__":
    made = {"noop": noop, "naive": naive}[sys.argv[1]]()
    port = int(os.environ["HEED_PORT"])
    uvicorn.run(
        made, host="127.0.0.1", port=port, log_level="warning", access_log=False, loop="uvloop", http="httptools"
    )
