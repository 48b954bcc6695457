"""Surveys, answers and customers with sensible defaults: a test states only what matters to it."""

from typing import Any
from uuid import UUID

import httpx

from shared.contracts.customers import CustomerCreated
from shared.contracts.survey import ResponseReceived
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.profiles import profile_of


async def make_survey(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    """A draft."""
    response = await client.post("/v1/surveys", json={"name": "After delivery", "kind": "nps"} | fields)
    assert response.status_code == 201, response.text
    survey: dict[str, Any] = response.json()
    return survey


async def open_survey(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    """Published, and ready for answers."""
    survey = await make_survey(client, **fields)
    response = await client.post(f"/v1/surveys/{survey['id']}/publish")
    assert response.status_code == 200, response.text
    published: dict[str, Any] = response.json()
    return published


def answers(score: Any = 9, comment: Any = None) -> list[dict[str, Any]]:
    given = [{"question": "score", "value": score}]
    return given if comment is None else [*given, {"question": "comment", "value": comment}]


def response_to(survey: dict[str, Any], submission: str = "s-1", **fields: Any) -> dict[str, Any]:
    """The body of `POST /v1/responses`."""
    return {"survey_id": survey["id"], "submission_id": submission, "answers": answers()} | fields


async def know_customer(survey: Harness, account: UUID, *, version: int = 1, **profile: Any) -> UUID:
    """As if the customers service had told of them."""
    customer_id: UUID = profile.pop("customer_id", None) or new_id()
    known = profile_of(**{"email": "ana@example.com"} | profile)
    created = CustomerCreated(customer_id=customer_id, profile=known)
    await survey.deliver(created, account=account, subject=customer_id, version=version)
    return customer_id


async def understand(survey: Harness, account: UUID) -> None:
    """Let the service hear of its own responses, as the bus would have it."""
    await survey.deliver_raw([event.raw for event in await survey.emitted(account, ResponseReceived)])
