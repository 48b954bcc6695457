"""Importing customers from a file."""

import asyncio
import csv
import io
from typing import Any
from uuid import UUID

import httpx
import openpyxl
import pytest

from shared.bus.timers import run_due_timers
from shared.contracts.customers import CustomerCreated
from shared.ids import new_id
from shared.imports import Shelf
from shared.testing.harness import Harness

PATH = "/v1/imports"
FILE = "Kundennummer;E-Mail;Vorname;Nachname;Telefon;Stufe\n"


def table(*rows: str) -> bytes:
    return (FILE + "\n".join(rows)).encode()


async def upload(client: httpx.AsyncClient, content: bytes, **params: str) -> dict[str, Any]:
    response = await client.post(PATH, content=content, headers={"Content-Type": "text/csv"}, params=params)
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def run(customers: Harness, client: httpx.AsyncClient, import_id: str, **body: Any) -> dict[str, Any]:
    response = await client.post(f"{PATH}/{import_id}/run", json=body)
    assert response.status_code == 202, response.text
    await customers.run_timers()
    answer: dict[str, Any] = (await client.get(f"{PATH}/{import_id}")).json()
    return answer


def counts(answer: dict[str, Any]) -> tuple[int, ...]:
    return tuple(answer[name] for name in ("done", "created", "updated", "rejected"))


class TestUploading:
    async def test_needs_a_credential_and_the_scope(self, customers: Harness, account: UUID) -> None:
        assert (await customers.anonymous().post(PATH, content=b"email\n")).status_code == 401
        reader = customers.client("customers:read", account=account)
        assert (await reader.post(PATH, content=b"email\n")).status_code == 403

    async def test_takes_workbooks_too(self, customers: Harness, account: UUID) -> None:
        book = openpyxl.Workbook()
        for row in (["Kundennummer", "E-Mail"], [7, "ana@example.com"]):
            book.active.append(row)
        file = io.BytesIO()
        book.save(file)
        client = customers.client(account=account)
        uploaded = await upload(client, file.getvalue())
        assert (uploaded["encoding"], uploaded["delimiter"], uploaded["rows"]) == ("xlsx", None, 1)
        assert counts(await run(customers, client, uploaded["id"])) == (1, 1, 0, 0)

    async def test_says_how_the_file_was_understood_and_imports_nothing(
        self, customers: Harness, account: UUID
    ) -> None:
        client = customers.client(account=account)
        answer = await upload(client, table("7;ana@example.com;Ana;Sousa;912345678;gold"), name="people.csv")
        assert (answer["state"], answer["delimiter"], answer["encoding"], answer["rows"]) == (
            "uploaded", ";", "utf-8", 1,
        )  # fmt: skip
        assert {column["name"]: column["field"] for column in answer["columns"]} == {
            "Kundennummer": "external_id",
            "E-Mail": "email",
            "Vorname": "first_name",
            "Nachname": "last_name",
            "Telefon": "phone",
            "Stufe": "attributes.stufe",
        }
        assert answer["columns"][1]["samples"] == ["ana@example.com"]
        assert (await client.get("/v1/customers")).json()["data"] == []

    @pytest.mark.parametrize("content", [b"", b"email,name\n", b"a,a\n1,2\n", b'email\n"' + b"x" * 200_000])
    async def test_of_what_is_no_table_is_refused(self, customers: Harness, account: UUID, content: bytes) -> None:
        client = customers.client(account=account)
        response = await client.post(PATH, content=content)
        assert (response.status_code, response.json()["code"]) == (422, "unreadable_file")
        assert (await client.get(PATH)).json()["data"] == []


class TestImports:
    async def test_of_another_account_are_not_there(self, customers: Harness, account: UUID) -> None:
        client, other = customers.client(account=account), customers.client(account=new_id())
        path = f"{PATH}/{(await upload(client, table('7;;;;;')))['id']}"
        assert (await other.get(PATH)).json()["data"] == []
        for answer in (
            await other.get(path),
            await other.delete(path),
            await other.post(f"{path}/run", json={}),
            await other.post(f"{path}/cancel"),
            await other.get(f"{path}/rejections"),
            await other.get(f"{path}/rejections.csv"),
        ):
            assert answer.status_code == 404

    async def test_take_the_good_lines_and_report_the_others_by_number(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        await client.post("/v1/customers", json={"external_id": "8", "name": "Known"})
        content = table(
            "7;ana@example.com;Ana;Sousa;912 345 678;gold",
            "8;ben@example.com;;;;",
            "9;not an address;;;;",
            ";;Nobody;;;",
            "10;too;few",
            "11;ana@example.com;Impostor;;;",
        )
        answer = await run(customers, client, (await upload(client, content))["id"], country="PT")
        assert (answer["state"], *counts(answer)) == ("finished", 6, 1, 1, 4)
        [ana] = (await client.get("/v1/customers", params={"external_id": "7"})).json()["data"]
        assert (ana["name"], ana["phone"], ana["attributes"]) == ("Ana Sousa", "+351912345678", {"stufe": "gold"})
        rejections = (await client.get(f"{PATH}/{answer['id']}/rejections")).json()["data"]
        assert [(item["line"], item["errors"][0]["code"]) for item in rejections] == [
            (4, rejections[0]["errors"][0]["code"]),
            (5, rejections[1]["errors"][0]["code"]),
            (6, "cells"),
            (7, "identity_conflict"),
        ]
        assert rejections[0]["errors"][0]["pointer"] == "/email"
        assert rejections[0]["cells"][1] == "not an address"
        found = (await client.get(f"/v1/customers/{ana['id']}/identities")).json()["data"]
        assert {item["source"] for item in found} == {"import"}

    async def test_never_leave_two_records_with_one_phone(self, customers: Harness, account: UUID) -> None:
        """Complaint 37: an import leaves duplicates that cannot be used."""
        client = customers.client(account=account)
        content = b"id,phone\n1,+351912345678\n2,+351 912 345 678\n"
        answer = await run(customers, client, (await upload(client, content))["id"])
        assert counts(answer) == (2, 1, 0, 1)
        found = (await client.get("/v1/customers", params={"phone": "+351912345678"})).json()["data"]
        assert [item["external_id"] for item in found] == ["1"]

    async def test_can_bring_back_somebody_who_was_deleted(self, customers: Harness, account: UUID) -> None:
        """Complaint 37: a deleted contact blocks its re-creation."""
        client = customers.client(account=account)
        ana = (await client.post("/v1/customers", json={"email": "ana@example.com"})).json()["id"]
        assert (await client.delete(f"/v1/customers/{ana}")).status_code == 204
        answer = await run(customers, client, (await upload(client, b"email\nana@example.com\n"))["id"])
        assert counts(answer) == (1, 1, 0, 0)

    async def test_can_be_tried_first_without_keeping_anything(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        import_id = (await upload(client, table("7;ana@example.com;;;;", "8;nonsense;;;;")))["id"]
        tried = await run(customers, client, import_id, dry_run=True)
        assert (tried["state"], tried["dry_run"], *counts(tried)) == ("finished", True, 2, 1, 0, 1)
        assert (await client.get("/v1/customers")).json()["data"] == []
        assert await customers.emitted(account, CustomerCreated) == []
        done = await run(customers, client, import_id)
        assert (done["dry_run"], *counts(done)) == (False, 2, 1, 0, 1)
        assert len(await customers.emitted(account, CustomerCreated)) == 1
        assert len((await client.get(f"{PATH}/{import_id}/rejections")).json()["data"]) == 1
        again = await client.post(f"{PATH}/{import_id}/run", json={})
        assert (again.status_code, again.json()["code"]) == (409, "import_ended")

    async def test_go_on_portion_by_portion_and_count_no_line_twice(
        self, customers: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("services.customers.imports.service.PORTION", 3)
        client = customers.client(account=account)
        import_id = (await upload(client, table(*(f"{n};;;;;" for n in range(10)))))["id"]
        await client.post(f"{PATH}/{import_id}/run", json={})
        # A replica that had the same claim finds it void.
        await asyncio.gather(*(run_due_timers(customers.runtime) for _ in range(3)))
        await customers.run_timers()
        answer = (await client.get(f"{PATH}/{import_id}")).json()
        assert (answer["state"], *counts(answer)) == ("finished", 10, 10, 0, 0)

    async def test_that_fail_in_between_go_on_where_they_were(
        self, customers: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("services.customers.imports.service.PORTION", 2)
        client = customers.client(account=account)
        import_id = (await upload(client, table(*(f"{n};;;;;" for n in range(6)))))["id"]
        await client.post(f"{PATH}/{import_id}/run", json={})
        advance = Shelf.advance

        async def fail_once(shelf: Any, work: Any, row: Any, *done: Any) -> bool:
            if row.done == 2:
                monkeypatch.setattr(Shelf, "advance", advance)
                raise RuntimeError("the machine went off")
            return await advance(shelf, work, row, *done)

        monkeypatch.setattr(Shelf, "advance", fail_once)
        await customers.run_timers()
        half = (await client.get(f"{PATH}/{import_id}")).json()
        assert (half["state"], half["done"]) == ("running", 2)
        from datetime import timedelta

        customers.clock.advance(timedelta(hours=1))
        await customers.run_timers()
        answer = (await client.get(f"{PATH}/{import_id}")).json()
        assert (answer["state"], *counts(answer)) == ("finished", 6, 6, 0, 0)

    async def test_can_be_cancelled_in_between(
        self, customers: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = customers.client(account=account)
        import_id = (await upload(client, table("1;;;;;")))["id"]
        assert (await client.post(f"{PATH}/{import_id}/cancel")).status_code == 409
        await client.post(f"{PATH}/{import_id}/run", json={})
        assert (await client.post(f"{PATH}/{import_id}/run", json={})).json()["code"] == "import_running"
        assert (await client.delete(f"{PATH}/{import_id}")).status_code == 409
        assert (await client.post(f"{PATH}/{import_id}/cancel")).json()["state"] == "cancelled"
        await customers.run_timers()
        assert (await client.get("/v1/customers")).json()["data"] == []

    @pytest.mark.parametrize(
        ("mapping", "pointer"),
        [
            ({"E-Mail": "email", "Nowhere": "name"}, "/mapping/Nowhere"),
            ({"E-Mail": "mail"}, "/mapping/E-Mail"),
            ({"E-Mail": "email", "Stufe": "email"}, "/mapping"),
            ({"Vorname": "name"}, "/mapping"),
            ({"E-Mail": "email", "Stufe": "attributes.no blanks"}, "/mapping/Stufe"),
        ],
    )
    async def test_with_a_mapping_that_cannot_be_are_refused(
        self, customers: Harness, account: UUID, mapping: dict[str, str], pointer: str
    ) -> None:
        client = customers.client(account=account)
        import_id = (await upload(client, table("1;;;;;")))["id"]
        response = await client.post(f"{PATH}/{import_id}/run", json={"mapping": mapping})
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (422, pointer)

    async def test_read_defined_attributes_by_their_kind(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        for name, kind in (("orders", "number"), ("vip", "boolean"), ("since", "date")):
            await client.post("/v1/attributes", json={"name": name, "kind": kind})
        content = b"id,orders,vip,since\n1,17,Yes,2026-03-01\n2,many,maybe,yesterday\n"
        answer = await run(customers, client, (await upload(client, content))["id"])
        [found] = (await client.get("/v1/customers")).json()["data"]
        assert found["attributes"] == {"orders": 17, "vip": True, "since": "2026-03-01"}
        [rejected] = (await client.get(f"{PATH}/{answer['id']}/rejections")).json()["data"]
        pointers = {error["pointer"] for error in rejected["errors"]}
        assert pointers == {"/attributes/orders", "/attributes/vip", "/attributes/since"}

    async def test_report_as_a_file_that_computes_nothing_and_can_be_uploaded_again(
        self, customers: Harness, account: UUID
    ) -> None:
        client = customers.client(account=account)
        content = b'=id,email,phone\n1,"=HYPERLINK(""http://x"")",+351912345678\n'
        first = await upload(client, content)
        mapping = {"=id": "external_id", "email": "email", "phone": "phone"}
        answer = await run(customers, client, first["id"], mapping=mapping)
        response = await client.get(f"{PATH}/{answer['id']}/rejections.csv")
        assert response.headers["content-type"] == "text/csv; charset=utf-8"
        header, row = csv.reader(io.StringIO(response.text.removeprefix("\ufeff")))
        assert header == ["line", "problems", "'=id", "email", "phone"]
        assert row[0] == "2"
        assert row[2:] == ["1", '\'=HYPERLINK("http://x")', "'+351912345678"]
        corrected = response.content.replace(row[3].replace('"', '""').encode(), b"ana@example.com")
        second = await upload(client, corrected)
        mapping = {"'=id": "external_id", "email": "email", "phone": "phone"}
        assert counts(await run(customers, client, second["id"], mapping=mapping)) == (1, 1, 0, 0)
        [found] = (await client.get("/v1/customers")).json()["data"]
        assert found["phone"] == "+351912345678"

    async def test_go_on_with_a_corrected_report_as_they_began(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        mapping = {"Nummer": "external_id", "+Tel": "phone", "Grade": "attributes.tier"}
        first = await upload(client, b"Nummer,+Tel,Grade\n1,call me,gold\n2,912345679,gold\n")
        answer = await run(customers, client, first["id"], mapping=mapping, country="PT")
        assert counts(answer) == (2, 1, 0, 1)
        again = answer
        for _ in range(2):
            response = await client.get(f"{PATH}/{again['id']}/rejections.csv")
            assert response.text.splitlines()[0] == "\ufeffline,problems,Nummer,'+Tel,Grade"
            uploaded = await upload(client, response.content)
            fields = {column["name"]: column["field"] for column in uploaded["columns"]}
            wanted = {"Nummer": "external_id", "'+Tel": "phone", "Grade": "attributes.tier"}
            assert fields == {"line": None, "problems": None, **wanted}
            again = await run(customers, client, uploaded["id"])
            assert counts(again) == (1, 0, 0, 1)
        report = (await client.get(f"{PATH}/{again['id']}/rejections.csv")).content
        corrected = report.replace(b"call me", b"912345678")
        assert counts(await run(customers, client, (await upload(client, corrected))["id"])) == (1, 1, 0, 0)
        [found] = (await client.get("/v1/customers", params={"external_id": "1"})).json()["data"]
        assert (found["phone"], found["attributes"]) == ("+351912345678", {"tier": "gold"})

    async def test_of_a_report_nobody_knows_leave_our_columns_out(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        uploaded = await upload(client, b"line,problems,id,Stufe\n2,Bad.,1,gold\n")
        fields = {column["name"]: column["field"] for column in uploaded["columns"]}
        assert fields == {"line": None, "problems": None, "id": "external_id", "Stufe": "attributes.stufe"}

    async def test_never_make_a_person_of_an_emergency_number(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        uploaded = await upload(client, b"id,phone\n1,12\n2,110\n3,030 123456\n")
        answer = await run(customers, client, uploaded["id"], country="DE")
        assert counts(answer) == (3, 1, 0, 2)
        rejections = (await client.get(f"{PATH}/{answer['id']}/rejections")).json()["data"]
        assert [item["errors"][0]["pointer"] for item in rejections] == ["/phone", "/phone"]

    async def test_say_nothing_any_more_of_somebody_who_was_deleted(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = (await client.post("/v1/customers", json={"email": "ana@example.com"})).json()["id"]
        rows = ("7; ANA@example.com;too;few", "8;ben@example.com;too;few")
        done = await run(customers, client, (await upload(client, table(*rows)))["id"])
        waiting = await upload(client, table("9;Ana@Example.com;Ana;;;", "10;ben@example.com;Ben;;;"))
        assert (await client.delete(f"/v1/customers/{ana}")).status_code == 204
        assert "ana" not in (await client.get(f"{PATH}/{done['id']}/rejections.csv")).text.lower()
        answer = await run(customers, client, waiting["id"])
        assert counts(answer) == (2, 1, 0, 1)
        [rejected] = (await client.get(f"{PATH}/{answer['id']}/rejections")).json()["data"]
        assert (rejected["line"], rejected["cells"]) == (2, [])

    async def test_keep_no_file_once_they_are_done(self, customers: Harness, account: UUID) -> None:
        from datetime import timedelta

        from sqlalchemy import func, select

        from services.customers.imports.models import Import, ImportPortion

        client = customers.client(account=account)
        tried, done = [await upload(client, table("7;;;;;")) for _ in range(2)]
        await run(customers, client, tried["id"], dry_run=True)
        await run(customers, client, done["id"])
        async with customers.work(account) as work:
            assert await work.session.scalar(select(func.count()).select_from(ImportPortion)) == 1
        customers.clock.advance(timedelta(days=31))
        await customers.run_timers()
        async with customers.work(account) as work:
            assert await work.session.scalar(select(func.count()).select_from(ImportPortion)) == 0
            assert await work.session.scalar(select(func.count()).select_from(Import)) == 0
