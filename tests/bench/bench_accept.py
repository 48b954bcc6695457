"""Accepting a response over HTTP at 64 connections: all of it checked, once only, durable with its event."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import ExitStack
from urllib.request import Request, urlopen

import asyncpg

from tests.bench import twenty
from tests.bench.load import UNIQUE, Outcome, Plan
from tests.bench.machine import cpu_seconds, load, server
from tests.bench.report import Ratio, divided
from tests.bench.stage import Stage, stage
from tests.bench.yardsticks import TABLES

ROUNDS, SECONDS, CONNECTIONS = 5, 3.0, 64


def bench() -> list[Ratio]:
    with stage() as here, ExitStack() as servers:
        asyncio.run(_create_tables(here))
        noop = servers.enter_context(server(["-m", "tests.bench.yardsticks", "noop"], here.environment))
        naive = servers.enter_context(server(["-m", "tests.bench.yardsticks", "naive"], here.environment))
        ours = servers.enter_context(server(["-m", "services", "survey", "web"], here.environment))
        short = body(published_survey(here, ours[0]))
        long = body(published_survey(here, ours[0], definition=twenty.definition()), twenty.answers())
        runs = (
            ("noop", noop, short),
            ("naive", naive, short),
            ("ours", ours, short),
            ("noop of twenty", noop, long),
            ("ours of twenty", ours, long),
        )
        rates: dict[str, list[float]] = {name: [] for name, _, _ in runs}
        cpu: dict[str, list[float]] = {name: [] for name, _, _ in runs}
        for _ in range(ROUNDS):
            for name, (port, pid), sent in runs:
                outcome, each = _measure(here, port, pid, sent)
                rates[name].append(outcome.per_second)
                cpu[name].append(each)
    return [
        Ratio(
            "accept a response ÷ a FastAPI endpoint that only validates it",
            divided(rates["ours"], rates["noop"]),
            at_least=0.5,
        ),
        Ratio("its CPU, PostgreSQL included ÷ that endpoint's CPU", divided(cpu["ours"], cpu["noop"]), at_most=2.0),
        Ratio(
            "accept a response ÷ one INSERT statement per request", divided(rates["ours"], rates["naive"]), at_least=1.8
        ),
        Ratio(
            "accept twenty answers held against their questions ÷ an endpoint that only takes them",
            divided(rates["ours of twenty"], rates["noop of twenty"]),
            at_least=0.3,
        ),
    ]


def _measure(here: Stage, port: int, pid: int, sent: str) -> tuple[Outcome, float]:
    before = cpu_seconds(pid) + cpu_seconds(here.postgres_pid)
    plan = Plan(port, "/v1/responses", {"Authorization": f"Bearer {here.token}"}, sent, CONNECTIONS, SECONDS)
    outcome = load(plan)
    if set(outcome.statuses) != {"201"}:
        raise RuntimeError(f"not every response was accepted: {outcome.statuses}")
    spent = cpu_seconds(pid) + cpu_seconds(here.postgres_pid) - before
    # The CPU of the warm-up is in `spent`, so its requests must be in the count: the rate was the same.
    return outcome, spent / (outcome.per_second * (plan.seconds + plan.warm_up))


TWO_ANSWERS = (
    {"question": "score", "value": 9},
    {"question": "comment", "value": "The bread was warm and the driver was kind, thank you."},
)


def body(survey: str, answers: Sequence[object] = TWO_ANSWERS) -> str:
    return json.dumps(
        {
            "survey_id": survey,
            "submission_id": UNIQUE.decode(),
            "customer": {"email": "ana@example.com", "name": "Ana Sousa"},
            "answers": answers,
            "channel": "web",
            "touchpoint": "delivery",
            "dimensions": {"store": "lisbon", "product": "bread"},
            "occurred_at": "2026-03-02T09:00:00Z",
        }
    )


def published_survey(here: Stage, port: int, **definition: object) -> str:
    """A ready-made NPS survey, or one of its own, published through the service's own endpoints."""
    made = post(here, port, "/v1/surveys", {"name": "After delivery", **(definition or {"kind": "nps"})})
    post(here, port, f"/v1/surveys/{made['id']}/publish", {})
    return str(made["id"])


def post(here: Stage, port: int, path: str, body: object) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {here.token}", "Content-Type": "application/json"}
    request = Request(f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(), headers, method="POST")
    with urlopen(request) as answer:
        found: dict[str, object] = json.load(answer)
    return found


async def _create_tables(here: Stage) -> None:
    connection = await asyncpg.connect(here.databases.url)
    await connection.execute(TABLES)
    await connection.close()
