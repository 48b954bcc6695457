"""Responses by the thousand: validated, deduplicated, each with its event, against COPY of the same rows.

After each import its rows are read back and copied by COPY into tables with the same columns, indexes and constraints:
that is as fast as PostgreSQL takes such rows.
"""

import asyncio
import csv
import io
import json
import time
from contextlib import ExitStack
from urllib.request import Request, urlopen

import asyncpg

from shared.ids import new_id
from tests.bench.bench_accept import body, published_survey
from tests.bench.load import UNIQUE
from tests.bench.machine import server
from tests.bench.report import Ratio, divided
from tests.bench.stage import Stage, stage

ROUNDS, ROWS, CALL = 5, 20_000, 1_000
TABLES = ("responses", "outbox")


def bench() -> list[Ratio]:
    with stage() as here, ExitStack() as servers:
        port, _ = servers.enter_context(server(["-m", "services", "survey", "web"], here.environment))
        survey = published_survey(here, port)
        asyncio.run(_mirror_tables(here))
        rates: dict[str, list[float]] = {"json": [], "json copy": [], "csv": [], "csv copy": []}
        for _ in range(ROUNDS):
            rates["json"].append(_by_json(here, port, survey))
            rates["json copy"].append(asyncio.run(_by_copy(here)))
            rates["csv"].append(_by_csv(here, port, survey))
            rates["csv copy"].append(asyncio.run(_by_copy(here)))
    return [
        Ratio("/bulk, 1,000 a call ÷ COPY of the same rows", divided(rates["json"], rates["json copy"]), at_least=0.35),
        Ratio("CSV import ÷ COPY of the same rows", divided(rates["csv"], rates["csv copy"]), at_least=0.35),
    ]


def _by_json(here: Stage, port: int, survey: str) -> float:
    template = body(survey)
    calls = []
    for _ in range(ROWS // CALL):
        items = ",".join(template.replace(UNIQUE.decode(), str(new_id())) for _ in range(CALL))
        calls.append(f'{{"responses":[{items}]}}'.encode())
    started = time.perf_counter()
    created = sum(_send(here, port, "/v1/responses/bulk", call, "application/json") for call in calls)
    return _rate(started, created)


def _by_csv(here: Stage, port: int, survey: str) -> float:
    item = json.loads(body(survey))
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(
        ["survey_id", "submission_id", "customer.email", "customer.name", "answers.score", "answers.comment", "channel",
         "touchpoint", "dimensions.store", "dimensions.product", "occurred_at"]
    )  # fmt: skip
    answers = [answer["value"] for answer in item["answers"]]
    for _ in range(ROWS):
        customer, dimensions = item["customer"], item["dimensions"]
        rows.writerow(
            [survey, new_id(), customer["email"], customer["name"], *answers, item["channel"], item["touchpoint"],
             dimensions["store"], dimensions["product"], item["occurred_at"]]
        )  # fmt: skip
    started = time.perf_counter()
    return _rate(started, _send(here, port, "/v1/responses/bulk", text.getvalue().encode(), "text/csv"))


def _rate(started: float, created: int) -> float:
    took = time.perf_counter() - started
    if created != ROWS:
        raise RuntimeError(f"{created} of {ROWS} responses were created")
    return ROWS / took


def _send(here: Stage, port: int, path: str, content: bytes, kind: str) -> int:
    headers = {"Authorization": f"Bearer {here.token}", "Content-Type": kind}
    with urlopen(Request(f"http://127.0.0.1:{port}{path}", content, headers, method="POST")) as answer:
        created: int = json.load(answer)["created"]
    return created


async def _mirror_tables(here: Stage) -> None:
    database = await asyncpg.connect(here.databases.url)
    await database.execute("create schema mirror")
    for table in TABLES:
        await database.execute(f"create table mirror.{table} (like survey.{table} including all)")
    await database.close()


async def _by_copy(here: Stage) -> float:
    """COPY what the import has just stored, then clear both sides for the next round."""
    database = await asyncpg.connect(here.databases.url)
    contents = {}
    for table in TABLES:
        held = io.BytesIO()
        await database.copy_from_table(table, schema_name="survey", output=held)
        held.seek(0)
        contents[table] = held
    started = time.perf_counter()
    async with database.transaction():
        for table, held in contents.items():
            await database.copy_to_table(table, schema_name="mirror", source=held)
    took = time.perf_counter() - started
    count: int = await database.fetchval("select count(*) from mirror.responses")
    for schema in ("mirror", "survey"):
        await database.execute(f"truncate {', '.join(f'{schema}.{table}' for table in TABLES)}")
    await database.close()
    return count / took
