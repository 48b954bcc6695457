"""Files that hold people who were erased at their own wish."""

from uuid import UUID

from services.customers.records import service
from services.customers.subjects import tombstones
from services.customers.subjects.part import empty_records
from shared.testing.harness import Harness
from tests.customers.imports.test_imports import PATH, counts, run, table, upload


class TestErasedPeople:
    async def test_do_not_come_back_by_an_import_until_they_are_readmitted(
        self, customers: Harness, account: UUID
    ) -> None:
        client = customers.client(account=account)
        ana = UUID((await client.post("/v1/customers", json={"email": "ana@example.com"})).json()["id"])
        async with customers.work(account) as work:
            await tombstones.bury(work, [ana])
            await service.remove(work, ana, None)
        content = b"email\nANA@example.com\nben@example.com\n"
        answer = await run(customers, client, (await upload(client, content))["id"])
        assert counts(answer) == (2, 1, 0, 1)
        [rejected] = (await client.get(f"{PATH}/{answer['id']}/rejections")).json()["data"]
        assert (rejected["line"], rejected["errors"][0]["code"]) == (2, "erased_identity")
        readmission = await client.post("/v1/customers/readmissions", json={"email": "ana@example.com"})
        assert readmission.status_code == 204
        again = await run(customers, client, (await upload(client, content))["id"])
        assert counts(again) == (2, 1, 1, 0)

    async def test_take_nobody_elses_line_with_them(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        ana = (await client.post("/v1/customers", json={"external_id": "7", "email": "ana@example.com"})).json()["id"]
        rows = ("7;ana@example.com;too;few", "17;ben@example.com;too;few")
        done = await run(customers, client, (await upload(client, table(*rows)))["id"])
        async with customers.work(account) as work:
            await empty_records(work, [UUID(ana)], "delete")
        [left] = (await client.get(f"{PATH}/{done['id']}/rejections")).json()["data"]
        assert left["cells"] == ["17", "ben@example.com", "too", "few"]
