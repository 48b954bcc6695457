"""What people and programs enter themselves: calls and conversations, and records in the shape of Formbricks Hub."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.contracts.customers import CustomerCreated
from shared.contracts.feedback import FeedbackReceived
from shared.contracts.survey import CustomerSighted
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.profiles import profile_of

CALL = {"channel": "phone", "text": "The boots came late, and nobody called me back.", "touchpoint": "hotline"}
RECORD = {
    "tenant_id": "acme",
    "submission_id": "s-1",
    "source_type": "survey",
    "field_id": "q-1",
    "field_label": "How likely are you to recommend us?",
    "field_type": "nps",
    "value_number": 3,
    "user_id": "ext-7",
    "language": "en",
    "metadata": {"country": "PT"},
    "collected_at": "2026-03-02T08:00:00Z",
}


@pytest.fixture
def client(survey: Harness, account: UUID) -> httpx.AsyncClient:
    return survey.client(account=account)


async def entered(client: httpx.AsyncClient, status: int = 201, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/v1/feedback", json=CALL | fields)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def recorded(client: httpx.AsyncClient, status: int = 201, **fields: Any) -> dict[str, Any]:
    answer = await client.post("/v1/feedback/records", json=RECORD | fields)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


class TestCalls:
    async def test_who_what_and_how_it_felt_in_one_call(
        self, survey: Harness, account: UUID, client: httpx.AsyncClient
    ) -> None:
        ana = new_id()
        news = CustomerCreated(customer_id=ana, profile=profile_of(email="ana@example.com"))
        await survey.deliver(news, account=account, subject=ana)
        score = {"kind": "csat", "value": 2}
        found = await entered(client, customer={"id": str(ana)}, score=score, order_ref="1017")
        assert (found["customer_id"], found["channel"], found["source"]) == (str(ana), "phone", "staff")
        assert (found["rating"]["scheme"], found["rating"]["raw"], found["sentiment"]["method"]) == (
            "csat",
            2,
            "rating",
        )
        assert "delivery" in {topic["key"] for topic in found["topics"]}
        [told] = await survey.emitted(account, FeedbackReceived)
        assert told.subject == UUID(found["id"])

    async def test_somebody_new_becomes_a_customer(
        self, survey: Harness, account: UUID, client: httpx.AsyncClient
    ) -> None:
        await entered(client, customer={"phone": "+351912345678", "name": "Rui"})
        [sighted] = await survey.emitted(account, CustomerSighted)
        assert isinstance(sighted.data, CustomerSighted)
        assert (sighted.data.customer.phone, sighted.data.customer.name) == ("+351912345678", "Rui")

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"text": " "}, ""),
            ({"score": {"kind": "nps", "value": 11}}, "/score"),
            ({"score": {"kind": "csat", "value": 1, "minimum": 5, "maximum": 1}}, "/score"),
            ({"score": {"kind": "csat", "value": 1, "maximum": 100_000}}, "/score/maximum"),
            ({"customer": {"id": "00000000-0000-7000-8000-000000000000"}}, "/customer/id"),
            ({"customer": {"name": "Somebody"}}, "/customer"),
            ({"channel": "By phone"}, "/channel"),
            ({"url": "javascript:alert(1)"}, "/url"),
            ({"account_id": str(new_id())}, "/account_id"),
        ],
    )
    async def test_what_is_wrong_is_named(self, client: httpx.AsyncClient, fields: Any, pointer: str) -> None:
        problem = await entered(client, 422, **fields)
        assert problem["errors"][0]["pointer"] == pointer


class TestRecords:
    async def test_are_taken_as_they_are(self, client: httpx.AsyncClient) -> None:
        found = await recorded(client)
        assert {name: found[name] for name in ("submission_id", "field_id", "user_id")} == {
            "submission_id": "s-1",
            "field_id": "q-1",
            "user_id": "ext-7",
        }
        assert found["sentiment"] == "negative"
        feedback = (await client.get(f"/v1/feedback/{found['id']}")).json()
        assert (feedback["rating"]["scheme"], feedback["rating"]["raw"]) == ("nps", 3)
        assert feedback["dimensions"]["country"] == "PT"
        assert feedback["dimensions"]["tenant"] == "acme"

    async def test_the_same_again_is_the_same_and_another_is_refused(self, client: httpx.AsyncClient) -> None:
        first = await recorded(client)
        assert first["value_number"] == 3
        assert (await recorded(client))["id"] == first["id"]
        large: dict[str, Any] = {"metadata": {"weight": 10**20}, "field_id": "q-3"}
        assert (await recorded(client, **large))["id"] == (await recorded(client, **large))["id"]
        assert (await recorded(client, 409, value_number=9))["code"] == "record_exists"
        assert (await recorded(client, field_id="q-2", value_number=9))["id"] != first["id"]

    async def test_values_that_are_no_scores_can_be_told_apart(self, client: httpx.AsyncClient) -> None:
        given: tuple[tuple[str, dict[str, Any], str | None], ...] = (
            ("text", {"value_text": "Great boots"}, None),
            ("categorical", {"value_text": "Green", "value_id": "g"}, "g"),
            ("boolean", {"value_boolean": False}, "no"),
            ("number", {"value_number": 12.5}, "12.5"),
            ("date", {"value_date": "2026-03-01T00:00:00Z"}, "2026-03-01"),
        )
        for number, (kind, value, answer) in enumerate(given):
            fields: dict[str, Any] = {"value_number": None, "field_type": kind, "field_id": f"f-{number}", **value}
            made = await recorded(client, **fields)
            feedback = (await client.get(f"/v1/feedback/{made['id']}")).json()
            assert feedback["rating"] is None
            assert feedback["dimensions"].get("answer") == answer

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"value_number": 11}, "/value_number"),
            ({"value_number": None}, ""),
            ({"field_type": "ces", "value_number": 6, "metadata": {"maximum": 5}}, "/value_number"),
            ({"metadata": {"minimum": "a"}}, "/metadata"),
            ({"metadata": {"maximum": 100_000}}, "/metadata"),
            ({"field_type": "stars"}, "/field_type"),
        ],
    )
    async def test_what_is_wrong_is_named(self, client: httpx.AsyncClient, fields: Any, pointer: str) -> None:
        assert (await recorded(client, 422, **fields))["errors"][0]["pointer"] == pointer
