"""Many calls about one person at the same time."""

import asyncio
from uuid import UUID

import httpx

from shared.testing.harness import Harness


class TestAddingAtTheSameTime:
    async def test_one_email_many_times_makes_one_customer(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        answers = await asyncio.gather(
            *(client.post("/v1/customers", json={"email": "ana@example.com", "name": f"Ana {n}"}) for n in range(8))
        )
        assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
        assert len({answer.json()["id"] for answer in answers}) == 1
        assert sorted(answer.json()["version"] for answer in answers) == list(range(1, 9))

    async def test_overlapping_identities_make_one_customer(self, customers: Harness, account: UUID) -> None:
        client = customers.client(account=account)
        bodies = [
            {"email": "ana@example.com", "external_id": "crm-1"},
            {"external_id": "crm-1", "phone": "+351912345678"},
        ]
        answers = await asyncio.gather(*(client.post("/v1/customers", json=body) for body in bodies * 3))
        assert len({answer.json()["id"] for answer in answers}) == 1

    async def test_fifty_calls_about_one_person_make_one_record(self, customers: Harness, account: UUID) -> None:
        """Seen to fail without the locks of `records/loading.py`: some of them answer 500, by the unique index."""
        client = customers.client(account=account)
        kinds = [
            {"email": "ana@example.com", "external_id": "crm-1"},
            {"external_id": "crm-1", "phone": "+351912345678"},
            {"email": "ana@example.com", "external_id": "crm-1", "phone": "+351912345678", "name": "Ana"},
            {"external_id": "crm-1"},
            {"email": "ana@example.com", "external_id": "crm-1", "locale": "pt"},
        ]

        async def put(body: dict[str, str]) -> httpx.Response:
            # A slow machine may answer that it is busy; then the caller asks again.
            while (answer := await client.post("/v1/customers", json=body)).status_code == 503:
                continue
            return answer

        async with asyncio.timeout(120):
            answers = await asyncio.gather(*(put(body) for body in kinds * 10))
        assert {answer.status_code for answer in answers} == {200, 201}
        assert len({answer.json()["id"] for answer in answers}) == 1
        [only] = (await client.get("/v1/customers")).json()["data"]
        assert (only["email"], only["phone"], only["name"]) == ("ana@example.com", "+351912345678", "Ana")

    async def test_does_not_wait_for_somebody_elses_record(self, customers: Harness, account: UUID) -> None:
        """Seen to fail with one lock for the account: the second call waits for the first, which waits for it."""
        from services.customers.records.directory import Directory
        from services.customers.records.identities import IdentityKind

        client = customers.client(account=account)
        async with customers.work(account) as work, asyncio.timeout(20):
            await Directory.open(work, [(IdentityKind.EMAIL, "ana@example.com")])
            assert (await client.post("/v1/customers", json={"email": "ben@example.com"})).status_code == 201
