"""Feedback from a file: read, validated, understood and stored with its events, against COPY of the same rows.

All rows have words to understand, in seven languages; every other one names a customer. Web and worker run as
they do in an installation, the relay included. After each import its feedback is read back and copied by COPY into a
table with the same columns, indexes and constraints: that is as fast as PostgreSQL takes such rows.
"""

import asyncio
import csv
import io
import json
import statistics
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from urllib.request import Request, urlopen

import asyncpg

from shared.ids import new_id
from tests.bench.comments import comments
from tests.bench.machine import server
from tests.bench.report import Ratio, divided
from tests.bench.stage import Stage, stage

ROUNDS, ROWS = 3, 100_000
PATH = "/v1/feedback-imports"
_CLEARED = "survey.feedback, survey.heard_items, survey.outbox, survey.feedback_import_rejections, mirror.feedback"


def bench() -> list[Ratio]:
    content = _file().encode()
    with stage() as here, ExitStack() as servers:
        web, _ = servers.enter_context(server(["-m", "services", "survey", "web"], here.environment))
        servers.enter_context(server(["-m", "services", "survey", "worker"], here.environment))
        asyncio.run(_mirror_table(here))
        rates: dict[str, list[float]] = {"import": [], "copy": []}
        for _ in range(ROUNDS):
            rates["import"].append(_imported(here, web, content))
            rates["copy"].append(asyncio.run(_copied(here)))
    reached = statistics.median(rates["import"])
    name = f"import of {ROWS:,} rows from a CSV file ({reached:,.0f} a second) ÷ COPY of the same rows"
    return [Ratio(name, divided(rates["import"], rates["copy"]), at_least=0.15)]


def _file() -> str:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["id", "rating", "comment", "language", "email", "date", "store"])
    first = datetime(2024, 1, 1, tzinfo=UTC)
    for number, comment in enumerate(comments(ROWS)):
        email = f"customer{number}@example.com" if number % 2 else ""
        moment = (first + timedelta(minutes=7 * number)).isoformat()
        rows.writerow([number, number % 5 + 1, comment.text, comment.declared, email, moment, f"Store {number % 40}"])
    return text.getvalue()


def _imported(here: Stage, port: int, content: bytes) -> float:
    """Rows a second, from the order to run to the end; the upload is over by then."""
    account = new_id()
    uploaded = _send(here.token_of(account), port, PATH, content, "text/csv")
    path = f"{PATH}/{uploaded['id']}"
    started = time.perf_counter()
    _send(here.token_of(account), port, f"{path}/run", b"{}", "application/json")
    while (answer := _read(here.token_of(account), port, path))["state"] == "running":
        time.sleep(0.1)
    took = time.perf_counter() - started
    if answer["new"] != ROWS:
        raise RuntimeError(f"{answer['new']} of {ROWS} rows were imported")
    return ROWS / took


def _send(token: str, port: int, path: str, content: bytes, kind: str) -> dict[str, object]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": kind}
    with urlopen(Request(f"http://127.0.0.1:{port}{path}", content, headers, method="POST")) as answer:
        found: dict[str, object] = json.load(answer)
    return found


def _read(token: str, port: int, path: str) -> dict[str, object]:
    with urlopen(Request(f"http://127.0.0.1:{port}{path}", headers={"Authorization": f"Bearer {token}"})) as answer:
        found: dict[str, object] = json.load(answer)
    return found


async def _mirror_table(here: Stage) -> None:
    database = await asyncpg.connect(here.databases.url)
    await database.execute("create schema mirror")
    await database.execute("create table mirror.feedback (like survey.feedback including all)")
    await database.close()


async def _copied(here: Stage) -> float:
    """COPY what the import has just stored, then clear both sides for the next round."""
    database = await asyncpg.connect(here.databases.url)
    held = io.BytesIO()
    await database.copy_from_table("feedback", schema_name="survey", output=held)
    held.seek(0)
    started = time.perf_counter()
    await database.copy_to_table("feedback", schema_name="mirror", source=held)
    took = time.perf_counter() - started
    count: int = await database.fetchval("select count(*) from mirror.feedback")
    await database.execute(f"truncate {_CLEARED} cascade")
    await database.close()
    return count / took
