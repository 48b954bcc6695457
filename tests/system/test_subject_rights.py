"""What people may ask about their data, over all services: one call reaches each, and nothing of them is missed."""

import csv
import hashlib
import io
import secrets
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import asyncpg
import orjson
import pytest

if TYPE_CHECKING:
    import httpx

    from shared.testing.databases import Databases
    from tests.system.world import World

SCHEMAS = ("gateway", "customers", "survey", "tickets", "metrics", "notifier", "bus")
WINDOW = {"from": "2025-01-01", "to": "2028-01-01"}


@pytest.fixture
async def client(world: "World") -> "AsyncIterator[httpx.AsyncClient]":
    async with world.client() as opened:
        yield opened


@dataclass
class Person:
    """Somebody with a word of their own in everything that is known of them."""

    mark: str
    id: str = ""
    ticket_id: str = ""

    @property
    def email(self) -> str:
        return f"{self.mark}@example.com"

    @property
    def phone(self) -> str:
        return f"+49301{int(self.mark[1:], 16) % 10**7:07d}"

    @property
    def external_id(self) -> str:
        return f"crm-{self.mark}"

    @property
    def traces(self) -> list[str]:
        return [self.mark, self.phone, self.id]


async def made(client: "httpx.AsyncClient", path: str, body: Any, *statuses: int) -> Any:
    answer = await client.post(path, json=body)
    assert answer.status_code in (statuses or (201,)), f"POST {path}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


async def live(world: "World", client: "httpx.AsyncClient") -> Person:
    """A customer who bought, answered badly, complained, and was written to."""
    person = Person(f"x{secrets.token_hex(6)}")
    record = {"external_id": person.external_id, "email": person.email, "phone": person.phone}
    words = {"name": f"Ana {person.mark}", "attributes": {"nickname": person.mark}, "company": "Lima Ltd"}
    person.id = (await made(client, "/v1/customers", record | words))["id"]
    await world.settle()
    purchase = {"kind": "purchase", "customer": {"id": person.id}, "source": "shop", "source_id": f"o-{person.mark}"}
    details = {"amount": {"amount": "12.50", "currency": "EUR"}, "properties": {"note": person.mark}}
    await made(client, "/v1/activities", purchase | details, 200, 201)
    consent = {"purpose": "marketing", "granted": True, "proof": {"source": "form", "note": person.mark}}
    answer = await client.post(f"/v1/customers/{person.id}/consents", json=consent)
    assert answer.status_code in (200, 201), answer.text
    survey_id = (await made(client, "/v1/surveys", {"name": "After delivery", "kind": "nps"}))["id"]
    await made(client, f"/v1/surveys/{survey_id}/publish", None, 200)
    await world.settle()
    answers = [{"question": "score", "value": 2}, {"question": "comment", "value": f"=cmd {person.mark} was late"}]
    response = {"survey_id": survey_id, "submission_id": secrets.token_hex(8), "answers": answers}
    named = {"customer": {"email": person.email, "name": f"Ana {person.mark}"}, "dimensions": {"who": person.mark}}
    await made(client, "/v1/responses", response | named)
    await world.settle()
    ticket = {"subject": f"Late, {person.mark}", "description": person.mark, "customer_id": person.id}
    person.ticket_id = (await made(client, "/v1/tickets", ticket))["id"]
    await made(client, f"/v1/tickets/{person.ticket_id}/messages", {"text": f"Dear {person.mark}"})
    message = {"customer_id": person.id, "subject": f"Dear {person.mark}", "text": f"Sorry, {person.mark}"}
    await made(client, "/v1/messages", message, 201, 202)
    await world.settle()
    return person


async def asked(client: "httpx.AsyncClient", kind: str, person: Person, **more: str) -> str:
    request = await made(client, "/v1/subject-requests", {"kind": kind, "customer_id": person.id, **more}, 202)
    identifier: str = request["id"]
    return identifier


async def finished(world: "World", client: "httpx.AsyncClient", request_id: str) -> dict[str, Any]:
    """The request, once everybody has answered and all timers of today have fired."""
    for _ in range(4):
        await world.settle()
        world.advance(timedelta(minutes=20))
        for service in world.services.values():
            await service.run_timers()
    await world.settle()
    request: dict[str, Any] = (await client.get(f"/v1/subject-requests/{request_id}")).json()
    return request


async def found_in_tables(databases: "Databases", traces: list[str]) -> dict[str, str]:
    """Every table of every schema that holds one of the words in any row, with the first such row."""
    connection = await asyncpg.connect(databases.url)
    try:
        tables = await connection.fetch(
            "select schemaname, tablename from pg_tables where schemaname = any($1::text[])", list(SCHEMAS)
        )
        found = {}
        for schema, table in tables:
            # Bytes are shown as text where they are any; `escape` leaves ASCII readable.
            columns = await connection.fetch(
                "select column_name, data_type from information_schema.columns "
                "where table_schema = $1 and table_name = $2",
                schema,
                table,
            )
            shown = " || ' ' || ".join(
                f"coalesce(encode({name}, 'escape'), '')" if kind == "bytea" else f"coalesce({name}::text, '')"
                for name, kind in ((f'"{column}"', kind) for column, kind in columns)
            )
            statement = f'select {shown} as row from "{schema}"."{table}"'
            for (row,) in await connection.fetch(statement):
                if any(trace in row for trace in traces):
                    found[f"{schema}.{table}"] = row[:600]
                    break
        return found
    finally:
        await connection.close()


async def score_of(client: "httpx.AsyncClient") -> tuple[float, int]:
    answer = (await client.get("/v1/metrics/nps", params=WINDOW)).json()
    return answer["value"], answer["n"]


class TestAnExport:
    async def test_is_one_bundle_of_all_services_with_digests_that_the_receipt_names(
        self, world: "World", client: "httpx.AsyncClient"
    ) -> None:
        person = await live(world, client)
        request = await finished(world, client, request_id := await asked(client, "export", person))
        assert (request["state"], request["waiting_for"]) == ("done", [])
        answer = await client.get(f"/v1/subject-requests/{request_id}/bundle")
        assert answer.status_code == 200, answer.text
        receipt = (await client.get(f"/v1/subject-requests/{request_id}/receipt")).json()["statement"]
        digests = {part["service"]: part["digest"] for part in receipt["parts"] if part["digest"]}
        with zipfile.ZipFile(io.BytesIO(answer.content)) as bundle:
            for service in ("customers", "survey", "tickets", "metrics", "notifier"):
                lines = bundle.read(f"{service}/records.jsonl")
                assert hashlib.sha256(lines).hexdigest() == digests[service]
                assert all(orjson.loads(line)["kind"] for line in lines.splitlines())
            assert person.email.encode() in bundle.read("customers/records.jsonl")
            assert b"was late" in bundle.read("survey/records.jsonl")
            assert person.mark.encode() in bundle.read("tickets/messages.csv")
            assert b"12.5" in bundle.read("customers/activities.csv")

    async def test_shows_spreadsheets_no_formula(self, world: "World", client: "httpx.AsyncClient") -> None:
        person = await live(world, client)
        await finished(world, client, request_id := await asked(client, "export", person))
        answer = await client.get(f"/v1/subject-requests/{request_id}/bundle")
        with zipfile.ZipFile(io.BytesIO(answer.content)) as bundle:
            tables = [name for name in bundle.namelist() if name.endswith(".csv")]
            cells = [
                cell
                for name in tables
                for row in csv.reader(io.StringIO(bundle.read(name).decode(), newline=""))
                for cell in row
            ]
        assert f"'=cmd {person.mark} was late" in cells
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]

    async def test_is_gone_after_its_time_and_from_every_table(
        self, world: "World", client: "httpx.AsyncClient", databases: "Databases"
    ) -> None:
        person = await live(world, client)
        await finished(world, client, request_id := await asked(client, "export", person))
        assert "survey.subject_exports" in await found_in_tables(databases, [person.mark])
        world.advance(timedelta(days=8))
        for service in world.services.values():
            await service.run_timers()
        assert (await client.get(f"/v1/subject-requests/{request_id}/bundle")).status_code == 410
        assert not [name for name in await found_in_tables(databases, [person.mark]) if "subject_exports" in name]


class TestAnErasure:
    @pytest.mark.parametrize("mode", ["delete", "pseudonymise"])
    async def test_leaves_no_trace_in_any_table_of_any_service(
        self, world: "World", client: "httpx.AsyncClient", databases: "Databases", mode: str
    ) -> None:
        person, other = await live(world, client), await live(world, client)
        before = await score_of(client)
        # The test must be able to see: all services held something.
        held = await found_in_tables(databases, [person.mark, person.phone])
        assert {name.partition(".")[0] for name in held} >= {"customers", "survey", "tickets", "metrics", "notifier"}
        request = await finished(world, client, await asked(client, "erase", person, mode=mode))
        assert request["state"] == "done", request
        assert await found_in_tables(databases, [person.mark, person.phone]) == {}
        assert (await client.get(f"/v1/customers/{person.id}")).status_code == 404
        assert (await client.get(f"/v1/customers/{other.id}")).json()["email"] == other.email
        assert await score_of(client) == (before if mode == "pseudonymise" else (before[0], before[1] - 1))
        assert (await client.post("/v1/metrics/rebuild")).status_code == 202
        await world["metrics"].run_timers()
        assert (await client.get("/v1/metrics/rebuild")).json()["corrected"] == 0

    async def test_keeps_the_person_from_coming_back_by_an_import_until_readmitted(
        self, world: "World", client: "httpx.AsyncClient"
    ) -> None:
        person = await live(world, client)
        await finished(world, client, await asked(client, "erase", person))
        again = await client.post("/v1/customers", json={"email": person.email.upper(), "name": "Ana"})
        assert (again.status_code, again.json()["code"]) == (409, "erased_identity")
        bulk = await client.post("/v1/customers/bulk", json={"customers": [{"phone": person.phone}]})
        assert bulk.json()["failed"] == 1
        await made(client, "/v1/customers/readmissions", {"email": person.email}, 204)
        await made(client, "/v1/customers", {"email": person.email})

    async def test_is_told_on_the_stream_whose_numbers_stay(self, world: "World", client: "httpx.AsyncClient") -> None:
        person = await live(world, client)
        count = len((await client.get("/v1/events", params={"limit": 1000})).json()["data"])
        await finished(world, client, await asked(client, "erase", person))
        events = (await client.get("/v1/events", params={"limit": 1000})).json()["data"]
        assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
        assert len(events) > count
        assert person.id in [event["subject"] for event in events if event["type"].endswith("customer.erased.v1")]

    async def test_done_twice_changes_nothing_more(self, world: "World", client: "httpx.AsyncClient") -> None:
        person = await live(world, client)
        await finished(world, client, await asked(client, "erase", person))
        second = await finished(world, client, await asked(client, "erase", person))
        deleted = [record for part in second["parts"] for record in part["records"] if record["treatment"] == "deleted"]
        assert deleted == []


class TestARestriction:
    async def test_reaches_every_service_and_can_be_lifted(self, world: "World", client: "httpx.AsyncClient") -> None:
        person = await live(world, client)
        before = await score_of(client)
        request = await finished(world, client, await asked(client, "restrict", person))
        assert request["state"] == "done"
        assert (await client.get(f"/v1/customers/{person.id}")).json()["restricted"] is True
        assert (await score_of(client))[1] == before[1] - 1
        treated = {(part["service"], r["treatment"]) for part in request["parts"] for r in part["records"]}
        assert treated >= {(name, "restricted") for name in ("customers", "survey", "tickets", "metrics", "notifier")}
        await finished(world, client, await asked(client, "unrestrict", person))
        assert await score_of(client) == before


class TestADeadService:
    async def test_only_delays_a_request_which_says_whom_it_waits_for(
        self, world: "World", client: "httpx.AsyncClient"
    ) -> None:
        person = await live(world, client)
        dead = world.services.pop("tickets")
        try:
            request = await finished(world, client, request_id := await asked(client, "erase", person))
            assert (request["state"], request["waiting_for"]) == ("open", ["tickets"])
            assert (await client.get(f"/v1/subject-requests/{request_id}/receipt")).status_code == 409
        finally:
            world.services["tickets"] = dead
        request = await finished(world, client, request_id)
        assert (request["state"], request["waiting_for"]) == ("done", [])
