"""What tests of the tickets service say in one line."""

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx

from shared.contracts.base import Payload
from shared.contracts.customers import CustomerCreated, CustomerProfile
from shared.contracts.feedback import FeedbackReceived
from shared.contracts.gateway import UserAdded
from shared.contracts.notifier import TicketRequested
from shared.contracts.ratings import Rating
from shared.contracts.taxonomy import TaxonomyChanged, TaxonomyTopic
from shared.ids import new_id
from shared.testing.harness import Harness


async def post(client: httpx.AsyncClient, path: str, status: int = 200, **body: Any) -> dict[str, Any]:
    response = await client.post(path, json=body)
    assert response.status_code == status, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def patch(client: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    response = await client.patch(path, json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def get(client: httpx.AsyncClient, path: str, **query: Any) -> dict[str, Any]:
    response = await client.get(path, params=query or None)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def open_ticket(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    return await post(client, "/v1/tickets", 201, **{"subject": "The parcel came late"} | fields)


async def add_person(tickets: Harness, account: UUID, name: str, role: str = "agent") -> UUID:
    person_id = new_id()
    added = UserAdded(user_id=person_id, name=name, email=f"{name.lower()}@example.com", role=role)
    await tickets.deliver(added, account=account, subject=person_id)
    return person_id


def requested(**fields: Any) -> TicketRequested:
    values: dict[str, Any] = {
        "request_id": new_id(),
        "rule_id": new_id(),
        "run_id": new_id(),
        "customer_id": new_id(),
        "feedback_id": new_id(),
        "rating_normalised": 20,
        "subject": "Unhappy about delivery",
        "description": "It came four days late.",
        "priority": "high",
        "channel": "email",
        "tags": ("delivery",),
    }
    return TicketRequested(**values | fields)


def answered(ticket_id: UUID, occurred_at: datetime, *, score: int | None = 5, **fields: Any) -> FeedbackReceived:
    """A CSAT answer about a ticket: `score` from 1 to 5, or words only."""
    values: dict[str, Any] = {
        "feedback_id": new_id(),
        "kind": "survey",
        "channel": "email",
        "source": "survey",
        "survey_id": new_id(),
        "survey_name": "After a ticket",
        "response_id": new_id(),
        "customer_id": new_id(),
        "ticket_id": ticket_id,
        "rating": csat(score) if score is not None else None,
        "text": None,
        "language": None,
        "sentiment": None,
        "topics": (),
        "touchpoint": None,
        "journey_stage": None,
        "dimensions": {},
        "completed": True,
        "occurred_at": occurred_at,
        "received_at": occurred_at,
    }
    return FeedbackReceived(**values | fields)


def unhappy(now: datetime, **fields: Any) -> FeedbackReceived:
    """The lowest rating, about no ticket."""
    return answered(new_id(), now, score=1).model_copy(update={"ticket_id": None} | fields)


def csat(score: int) -> Rating:
    band: Any = "positive" if score >= 4 else "neutral" if score == 3 else "negative"
    return Rating(scheme="csat", value=score, minimum=1, maximum=5, normalised=(score - 1) * 25, band=band)


async def add_customer(tickets: Harness, account: UUID, name: str = "Ana", *, customer_id: UUID | None = None) -> UUID:
    """A customer of the account, known here as customers says it."""
    customer_id = customer_id or new_id()
    profile = CustomerProfile(
        external_id=None, email=None, phone=None, name=name, locale=None, timezone=None, company=None
    )
    await tickets.deliver(CustomerCreated(customer_id=customer_id, profile=profile), account=account)
    return customer_id


async def learn_topics(tickets: Harness, account: UUID) -> None:
    """Delivery with its part late, into which slow was merged; and gone, which is retired."""
    known = [
        ("delivery", "Delivery", None, False, None),
        ("late", "Late", "delivery", False, None),
        ("slow", "Slow", "delivery", True, "late"),
        ("gone", "Gone", None, True, None),
    ]
    names = ("key", "name", "parent", "retired", "merged_into")
    topics = tuple(TaxonomyTopic.model_validate(dict(zip(names, topic, strict=True))) for topic in known)
    await tickets.deliver(TaxonomyChanged(topics=topics), account=account, subject=account, version=2)


async def hear_themselves(tickets: Harness, account: UUID, *types: type[Payload]) -> None:
    """What the service told so far comes back to it, as it does to everybody else; to hear it again changes nothing."""
    bodies = []
    for told in await tickets.emitted(account, *types):
        bodies.append(told.raw)
    await tickets.deliver_raw(bodies)


async def make_team(client: httpx.AsyncClient, *members: UUID, name: str = "Deliveries", **fields: Any) -> str:
    """A team with these members; its id."""
    team = await post(client, "/v1/teams", 201, name=name, **fields)
    for member in members:
        response = await client.put(f"/v1/teams/{team['id']}/members/{member}")
        assert response.status_code == 204, response.text
    return str(team["id"])


async def make_rule(client: httpx.AsyncClient, team_id: str, condition: str = "", **fields: Any) -> dict[str, Any]:
    return await post(
        client, "/v1/routing-rules", 201, **{"name": "Late", "condition": condition, "team_id": team_id} | fields
    )


async def know(client: httpx.AsyncClient, agent: UUID, **fields: Any) -> dict[str, Any]:
    """Write down what somebody can do."""
    response = await client.put(f"/v1/agents/{agent}", json=fields)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer
