"""What other services would have said, with sensible defaults; tests state only what matters to them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from services.notifier.messages.delivery import MESSAGES
from shared.contracts.base import Payload
from shared.contracts.customers import CustomerCreated
from shared.contracts.feedback import FeedbackReceived
from shared.contracts.gateway import AccountCreated
from shared.contracts.ratings import Rating
from shared.contracts.survey import InvitationCreated, ScoreLink, SurveyPublished
from shared.contracts.tickets import Origin, TicketOpened, TicketReopened, TicketReplied, TicketResolved
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.profiles import profile_of


async def an_account(notifier: Harness, account: UUID, **changes: Any) -> UUID:
    """Tell the notifier of a new account, so that it has texts and rules."""
    values: dict[str, Any] = {"account_id": account, "name": "Lindenhof", "locale": "en", "timezone": "Europe/Berlin"}
    await notifier.deliver(AccountCreated(**(values | changes)), account=account, subject=account)
    return account


async def a_customer(notifier: Harness, account: UUID, *, version: int = 1, **profile: Any) -> UUID:
    """Tell the notifier of a customer."""
    customer_id = profile.pop("customer_id", None) or new_id()
    known = profile_of(**{"email": "ana@example.com", "name": "Ana"} | profile)
    created = CustomerCreated(customer_id=customer_id, profile=known)
    await notifier.deliver(created, account=account, subject=customer_id, version=version)
    return UUID(str(customer_id))


def published(**changes: Any) -> SurveyPublished:
    values: dict[str, Any] = {"survey_id": new_id(), "survey_version": 1, "name": "After delivery", "kind": "nps"}
    return SurveyPublished(**(values | changes))


def invitation(customer_id: UUID, at: datetime, **changes: Any) -> InvitationCreated:
    url = "http://heed.test/s/token"
    values: dict[str, Any] = {
        "invitation_id": new_id(),
        "survey_id": new_id(),
        "survey_name": "After delivery",
        "kind": "nps",
        "customer_id": customer_id,
        "ticket_id": None,
        "channel": "email",
        "locale": "en",
        "question": "How likely are you to recommend us?",
        "low_label": "Not at all",
        "high_label": "Very",
        "url": url,
        "scores": tuple(ScoreLink(score=n, label=str(n), url=f"{url}?score={n}") for n in range(11)),
        "expires_at": at,
    }
    return InvitationCreated(**(values | changes))


def feedback(at: datetime, *, score: int = 2, **changes: Any) -> FeedbackReceived:
    band = "negative" if score <= 6 else "neutral" if score <= 8 else "positive"
    rating = Rating.model_validate(
        {"scheme": "nps", "value": score, "minimum": 0, "maximum": 10, "normalised": score * 10, "band": band}
    )
    values: dict[str, Any] = {
        "feedback_id": new_id(),
        "kind": "survey_response",
        "channel": "email",
        "source": "survey",
        "survey_id": new_id(),
        "survey_name": "After delivery",
        "response_id": new_id(),
        "customer_id": new_id(),
        "ticket_id": None,
        "rating": rating,
        "text": "It came late.",
        "language": "en",
        "sentiment": None,
        "topics": (),
        "touchpoint": None,
        "journey_stage": None,
        "dimensions": {},
        "completed": True,
        "occurred_at": at,
        "received_at": at,
    }
    return FeedbackReceived(**(values | changes))


def ticket_opened(customer_id: UUID | None, at: datetime, **changes: Any) -> TicketOpened:
    values: dict[str, Any] = {
        "ticket_id": new_id(),
        "number": 7,
        "subject": "Unhappy answer",
        "priority": "high",
        "assignee_id": None,
        "assignee_name": "Jonas",
        "customer_id": customer_id,
        "channel": "email",
        "origin": Origin(kind="rule", feedback_id=new_id(), rule_id=new_id(), request_id=new_id()),
        "first_response_due_at": at,
        "resolution_due_at": at,
        "opened_at": at,
    }
    return TicketOpened(**(values | changes))


def ticket_replied(customer_id: UUID | None, **changes: Any) -> TicketReplied:
    values: dict[str, Any] = {
        "ticket_id": new_id(),
        "number": 7,
        "message_id": new_id(),
        "subject": "Unhappy answer",
        "text": "Hello Ana,\n\nwe are sorry.",
        "author_name": "Jonas",
        "customer_id": customer_id,
        "first_response": True,
    }
    return TicketReplied(**(values | changes))


def ticket_resolved(customer_id: UUID | None, at: datetime, **changes: Any) -> TicketResolved:
    values: dict[str, Any] = {
        "ticket_id": new_id(),
        "number": 7,
        "subject": "Unhappy answer",
        "reason": "A new box is on its way.",
        "customer_id": customer_id,
        "feedback_id": new_id(),
        "assignee_id": None,
        "resolved_at": at,
        "resolution_seconds": 60,
        "reopened_before": 0,
    }
    return TicketResolved(**(values | changes))


def ticket_reopened(ticket_id: UUID, at: datetime) -> TicketReopened:
    return TicketReopened(ticket_id=ticket_id, number=7, reason=None, customer_id=None, resolution_due_at=at)


async def relay(notifier: Harness, account: UUID, *types: type[Payload]) -> None:
    """Bring the notifier's own events back to it, as the bus would."""
    await notifier.deliver_raw([event.raw for event in await notifier.emitted(account, *types)])


async def send_messages(notifier: Harness) -> int:
    """Make every attempt that is due by the frozen clock."""
    return await MESSAGES.run_due(notifier.runtime)


async def messages_of(notifier: Harness, account: UUID, **query: Any) -> list[dict[str, Any]]:
    answer = await notifier.client("messages:read", account=account).get("/v1/messages", params=query)
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = orjson.loads(answer.content)["data"]
    return data
