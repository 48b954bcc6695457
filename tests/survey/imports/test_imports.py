"""Importing feedback from exports of other tools."""

import asyncio
import csv
import io
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import openpyxl
import pytest

from services.survey.imports import running
from services.survey.imports import service as imports
from services.survey.imports.running import IMPORTING, go_on
from services.survey.subjects.part import HOLDINGS
from shared.contracts.customers import CustomerCreated
from shared.contracts.gateway import AccountCreated
from shared.contracts.survey import CustomerSighted
from shared.dispatch.queue import claim_due
from shared.ids import new_id
from shared.imports import Shelf
from shared.subjects.holdings import erase
from shared.testing.harness import Harness
from tests.profiles import profile_of
from tests.survey.imports.making import PATH, counts, heard, lines, run, upload

OWN = b"Nr;Stars;Said;Mail;When;Shop\n1;4,5;Good boots;ana@example.com;24.12.2025 18:00;Porto\n2;1;=HYPERLINK(1);;;\n"

TOPIC = {"key": "boots", "name": "Boots", "synonyms": {"en": ["boots"]}}


@pytest.fixture
def client(survey: Harness, account: UUID) -> httpx.AsyncClient:
    return survey.client(account=account)


def small_portions(survey: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two lines each. Settings are frozen, and those of the database outlive the test."""
    monkeypatch.setitem(survey.runtime.database.settings.__dict__, "survey_import_portion", 2)


class TestFiles:
    async def test_with_columns_of_ones_own_are_tried_first(
        self, survey: Harness, account: UUID, client: httpx.AsyncClient
    ) -> None:
        uploaded = await upload(client, OWN)
        assert uploaded["mapping"]["columns"] == {
            "Nr": "dimensions.nr",
            "Stars": "score",
            "Said": "dimensions.said",
            "Mail": "customer.email",
            "When": "dimensions.when",
            "Shop": "dimensions.shop",
        }
        mapping = uploaded["mapping"] | {
            "columns": uploaded["mapping"]["columns"] | {"Nr": "external_id", "Said": "text", "When": "occurred_at"},
            "times": ["%d.%m.%Y %H:%M"],
            "timezone": "Europe/Berlin",
            "kind": "review",
        }
        shown = (await client.post(f"{PATH}/{uploaded['id']}/preview", json={"mapping": mapping})).json()["lines"]
        assert (shown[0]["external_id"], shown[0]["feedback"]["occurred_at"]) == ("file:1", "2025-12-24T17:00:00Z")
        assert shown[0]["feedback"]["dimensions"] == {"shop": "Porto"}
        tried = await run(survey, client, uploaded["id"], mapping=mapping, dry_run=True)
        assert (tried["dry_run"], *counts(tried)) == (True, 2, 2, 0, 0, 0)
        assert await heard(client) == []
        assert await survey.emitted(account, CustomerSighted) == []
        done = await run(survey, client, uploaded["id"])
        assert (done["state"], *counts(done)) == ("finished", 2, 2, 0, 0, 0)
        found = {each["external_id"]: each for each in await heard(client)}
        assert (found["file:1"]["rating"]["raw"], found["file:1"]["kind"]) == (9, "review")
        [sighted] = await survey.emitted(account, CustomerSighted)
        assert isinstance(sighted.data, CustomerSighted)
        assert sighted.data.customer.email == "ana@example.com"
        again = await client.post(f"{PATH}/{uploaded['id']}/run", json={})
        assert (again.status_code, again.json()["code"]) == (409, "feedback_import_ended")

    async def test_that_say_something_else_of_the_same_id_edit_it(
        self, survey: Harness, client: httpx.AsyncClient
    ) -> None:
        await run(survey, client, (await upload(client, b"id,rating,comment\n1,4,Good\n2,1,Bad\n"))["id"])
        done = await run(survey, client, (await upload(client, b"id,rating,comment\n1,5,Very good\n2,1,Bad\n"))["id"])
        assert counts(done) == (2, 0, 1, 1, 0)
        assert {each["text"] for each in await heard(client)} == {"Very good", "Bad"}

    async def test_report_what_cannot_be_taken_by_its_line(self, survey: Harness, client: httpx.AsyncClient) -> None:
        rows = ("1,4,Good,,", "2,9,=1+1,,", "3,many,x,,", "4,,,,", "5,3", "6,3,x,nobody,", "7,3,x,,once")
        content = "\n".join(["id,rating,comment,email,date", *rows])
        uploaded = await upload(client, content)
        mapping = uploaded["mapping"]
        mapping["columns"] |= {"rating": "score", "email": "customer.email", "date": "occurred_at"}
        mapping["scale"] = {"kind": "csat"}
        done = await run(survey, client, uploaded["id"], mapping=mapping)
        assert counts(done) == (7, 1, 0, 0, 6)
        listed = (await client.get(f"{PATH}/{uploaded['id']}/rejections")).json()["data"]
        assert [(each["line"], each["errors"][0]["pointer"]) for each in listed] == [
            (3, "/score"), (4, "/score"), (5, ""), (6, ""), (7, "/customer/email"), (8, "/occurred_at"),
        ]  # fmt: skip
        report = await client.get(f"{PATH}/{uploaded['id']}/rejections.csv")
        shown = list(csv.reader(io.StringIO(report.text.removeprefix("\ufeff"))))
        assert shown[0] == ["line", "problems", "id", "rating", "comment", "email", "date"]
        assert shown[1][0] == "3"
        assert shown[1][2:] == ["2", "9", "'=1+1", "", ""]
        again = await upload(client, report.content)
        assert (again["mapping"]["columns"]["line"], again["mapping"]["columns"]["problems"]) == (None, None)

    @pytest.mark.parametrize(
        ("columns", "pointer"),
        [
            ({"rating": "score", "Nowhere": "text"}, "/mapping/columns/Nowhere"),
            ({"rating": "stars"}, "/mapping/columns/rating"),
            ({"rating": "score", "id": "score"}, "/mapping/columns"),
            ({"id": "external_id"}, "/mapping/columns"),
            ({"rating": "score", "id": "dimensions.No blanks"}, "/mapping/columns/id"),
        ],
    )
    async def test_with_a_mapping_that_cannot_be_are_refused(
        self, client: httpx.AsyncClient, columns: dict[str, str], pointer: str
    ) -> None:
        uploaded = await upload(client, lines(1))
        for what in ("preview", "run"):
            answer = await client.post(f"{PATH}/{uploaded['id']}/{what}", json={"mapping": {"columns": columns}})
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"times": ["%Y %Y"]},
            {"times": ["%"]},
            {"timezone": "../etc"},
            {"timezone": "Nowhere/Town"},
            {"scale": {"maximum": 1000}},
            {"origin": "A b"},
        ],
    )
    async def test_with_what_could_never_be_read_are_refused(
        self, client: httpx.AsyncClient, wrong: dict[str, Any]
    ) -> None:
        uploaded = await upload(client, lines(1))
        answer = await client.post(f"{PATH}/{uploaded['id']}/run", json={"mapping": uploaded["mapping"] | wrong})
        assert answer.status_code == 422

    async def test_of_others_are_not_there(self, survey: Harness, client: httpx.AsyncClient) -> None:
        path = f"{PATH}/{(await upload(client, lines(1)))['id']}"
        other = survey.client(account=new_id())
        assert (await other.get(PATH)).json()["data"] == []
        assert (await other.post(f"{path}/run", json={})).status_code == 404
        assert (await survey.client("feedback:read", account=new_id()).post(PATH, content=b"id\n")).status_code == 403
        assert (await client.post(PATH, content=b"id,rating\n")).json()["code"] == "unreadable_file"


class TestWorkbooks:
    async def test_are_imported_like_other_files(
        self, survey: Harness, account: UUID, client: httpx.AsyncClient
    ) -> None:
        await survey.deliver(
            AccountCreated(account_id=account, name="Shop", locale="pt", timezone="Europe/Lisbon"),
            account=account,
            subject=account,
        )
        book = openpyxl.Workbook()
        # In summer Lisbon is an hour ahead. Cells name no zone.
        moment = datetime(2025, 7, 1, 10, 0)  # noqa: DTZ001
        for row in (["id", "rating", "comment", "date"], [7, 4, "Good boots", moment], [8, "many", "=1+1", moment]):
            book.active.append(row)
        file = io.BytesIO()
        book.save(file)
        uploaded = await upload(client, file.getvalue())
        assert (uploaded["encoding"], uploaded["delimiter"], uploaded["rows"]) == ("xlsx", None, 2)
        assert uploaded["mapping"]["timezone"] == "Europe/Lisbon"
        done = await run(survey, client, uploaded["id"])
        assert counts(done) == (2, 1, 0, 0, 1)
        [found] = await heard(client)
        assert (found["text"], found["occurred_at"]) == ("Good boots", "2025-07-01T09:00:00Z")
        [rejected] = (await client.get(f"{PATH}/{uploaded['id']}/rejections")).json()["data"]
        assert (rejected["line"], rejected["cells"][:3]) == (3, ["8", "many", ""])

    async def test_that_are_none_are_refused(self, client: httpx.AsyncClient) -> None:
        answer = await client.post(PATH, content=b"PK\x03\x04 and nothing")
        assert (answer.status_code, answer.json()["code"]) == (422, "unreadable_file")
        assert (await client.get(PATH)).json()["data"] == []


class TestPortions:
    async def test_that_fail_in_between_go_on_where_they_were(
        self, survey: Harness, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        small_portions(survey, monkeypatch)
        import_id = (await upload(client, lines(6)))["id"]
        await client.post(f"{PATH}/{import_id}/run", json={})
        advance = Shelf.advance

        async def fail_once(shelf: Any, work: Any, row: Any, *done: Any) -> bool:
            if row.done == 2:
                monkeypatch.setattr(Shelf, "advance", advance)
                raise RuntimeError("the machine went off")
            return await advance(shelf, work, row, *done)

        monkeypatch.setattr(Shelf, "advance", fail_once)
        await IMPORTING.run_due(survey.runtime)
        half = (await client.get(f"{PATH}/{import_id}")).json()
        assert (half["state"], half["done"], len(await heard(client))) == ("running", 2, 2)
        survey.clock.advance(timedelta(hours=1))
        # A replica that had the same claim finds it void.
        await asyncio.gather(*(IMPORTING.run_due(survey.runtime) for _ in range(3)))
        await IMPORTING.run_due(survey.runtime)
        answer = (await client.get(f"{PATH}/{import_id}")).json()
        assert (answer["state"], *counts(answer)) == ("finished", 6, 6, 0, 0, 0)
        assert len(await heard(client)) == 6

    async def test_are_stored_once_though_two_attempts_are_made_at_once(
        self, survey: Harness, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        small_portions(survey, monkeypatch)
        import_id = (await upload(client, lines(8)))["id"]
        await client.post(f"{PATH}/{import_id}/run", json={})
        [claim] = await claim_due(survey.runtime, imports.QUEUE, limit=1, per_lane=1)
        await asyncio.gather(*(go_on(survey.runtime, claim) for _ in range(3)))
        answer = (await client.get(f"{PATH}/{import_id}")).json()
        assert (answer["state"], *counts(answer)) == ("finished", 8, 8, 0, 0, 0)

    async def test_are_not_stored_by_one_whose_import_was_taken_over(
        self, survey: Harness, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        small_portions(survey, monkeypatch)
        import_id = (await upload(client, lines(4)))["id"]
        await client.post(f"{PATH}/{import_id}/run", json={})
        [slow] = await claim_due(survey.runtime, imports.QUEUE, limit=1, per_lane=1)
        survey.clock.advance(timedelta(minutes=2))
        [other] = await claim_due(survey.runtime, imports.QUEUE, limit=1, per_lane=1)
        await go_on(survey.runtime, slow)
        assert (await client.get(f"{PATH}/{import_id}")).json()["done"] == 0
        assert await heard(client) == []
        await go_on(survey.runtime, other)
        answer = (await client.get(f"{PATH}/{import_id}")).json()
        assert (answer["state"], *counts(answer)) == ("finished", 4, 4, 0, 0, 0)

    async def test_are_read_in_processes_of_their_own_if_there_are_many(
        self, survey: Harness, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        small_portions(survey, monkeypatch)
        monkeypatch.setattr(running, "_PORTIONS_WORTH_A_PROCESS", 0)
        monkeypatch.setattr(running, "said_in", None)
        assert (await client.put("/v1/taxonomy", json={"topics": [TOPIC]})).status_code == 200
        uploaded = await upload(client, "id,rating,comment\n1,5,Good boots\n2,many,Bad\n3,1,The boots are late\n")
        done = await run(survey, client, uploaded["id"])
        assert counts(done) == (3, 2, 0, 0, 1)
        found = {each["external_id"]: each for each in await heard(client)}
        assert {topic["key"] for topic in found["file:1"]["topics"]} == {"boots"}
        assert found["file:3"]["sentiment"]["label"] == "negative"

    async def test_say_how_far_they_are(
        self, survey: Harness, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        small_portions(survey, monkeypatch)
        import_id = (await upload(client, lines(4)))["id"]
        begun = (await client.post(f"{PATH}/{import_id}/run", json={})).json()
        assert (begun["done"], begun["per_second"]) == (0, None)
        survey.clock.advance(timedelta(seconds=8))
        await IMPORTING.run_due(survey.runtime)
        answer = (await client.get(f"{PATH}/{import_id}")).json()
        assert (answer["done"], answer["rows"], answer["per_second"]) == (4, 4, 0.5)

    async def test_that_are_interrupted_again_and_again_fail_and_can_be_run_again(
        self, survey: Harness, client: httpx.AsyncClient
    ) -> None:
        import_id = (await upload(client, lines(4)))["id"]
        await client.post(f"{PATH}/{import_id}/run", json={})
        for _ in range(6):
            # As an attempt that was killed leaves it.
            await claim_due(survey.runtime, imports.QUEUE, limit=1, per_lane=1)
            survey.clock.advance(timedelta(minutes=2))
        await IMPORTING.run_due(survey.runtime)
        failed = (await client.get(f"{PATH}/{import_id}")).json()
        assert (failed["state"], failed["note"][:28]) == ("failed", "It was interrupted too often")
        done = await run(survey, client, import_id)
        assert (done["state"], done["note"], *counts(done)) == ("finished", None, 4, 4, 0, 0, 0)

    async def test_can_be_cancelled_and_deleted(self, survey: Harness, client: httpx.AsyncClient) -> None:
        path = f"{PATH}/{(await upload(client, lines(1)))['id']}"
        assert (await client.post(f"{path}/cancel")).status_code == 409
        await client.post(f"{path}/run", json={})
        assert (await client.post(f"{path}/run", json={})).json()["code"] == "feedback_import_running"
        assert (await client.delete(path)).status_code == 409
        assert (await client.post(f"{path}/cancel")).json()["state"] == "cancelled"
        await IMPORTING.run_due(survey.runtime)
        assert await heard(client) == []
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 404


class TestErasedPeople:
    async def test_are_gone_from_files_and_reports(
        self, survey: Harness, account: UUID, client: httpx.AsyncClient
    ) -> None:
        ana = new_id()
        news = CustomerCreated(customer_id=ana, profile=profile_of(email="ana@example.com"))
        await survey.deliver(news, account=account, subject=ana)
        content = "id,score,text,email\n1,99,x,ANA@example.com\n2,99,y,ben@example.com\n"
        ended, waiting = (await upload(client, content))["id"], (await upload(client, content))["id"]
        assert (await run(survey, client, ended))["rejected"] == 2
        async with survey.work(account) as work:
            await erase(work, HOLDINGS, [ana], "delete", new_id())
        [left] = (await client.get(f"{PATH}/{ended}/rejections")).json()["data"]
        assert left["cells"][3] == "ben@example.com"
        assert "ANA@example.com" not in (await client.get(f"{PATH}/{waiting}")).text
        assert counts(await run(survey, client, waiting)) == (2, 0, 0, 0, 2)

    async def test_do_not_come_back_with_what_was_read_ahead(
        self, survey: Harness, account: UUID, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        small_portions(survey, monkeypatch)
        ana = new_id()
        news = CustomerCreated(customer_id=ana, profile=profile_of(email="ana@example.com"))
        await survey.deliver(news, account=account, subject=ana)
        content = "id,score,text,email\n1,3,x,\n2,3,x,\n3,3,y,ana@example.com\n4,4,z,ben@example.com\n"
        import_id = (await upload(client, content))["id"]
        await client.post(f"{PATH}/{import_id}/run", json={})
        [claim] = await claim_due(survey.runtime, imports.QUEUE, limit=1, per_lane=1)
        async with survey.work(account) as work:
            row = await imports.SHELF.find(work, UUID(import_id))
        ahead = running._Ahead(survey.runtime, claim, row)
        portions = [await ahead.next() for _ in range(2)]
        async with survey.work(account) as work:
            await erase(work, HOLDINGS, [ana], "delete", new_id())
        for read, became in zip(portions, ("more", "changed"), strict=True):
            async with survey.work(account) as work:
                assert await imports.store(work, row.id, read) == became
        await ahead.close()
        survey.clock.advance(timedelta(minutes=2))
        await IMPORTING.run_due(survey.runtime)
        assert {each["text"] for each in await heard(client)} == {"x", "z"}
