"""Asking, as tests do it: through the API, and through the events of the services that know the customers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts.consent import ConsentChanged
from shared.contracts.customers import SegmentMembershipChanged
from shared.contracts.notifier import MessageSent
from shared.ids import new_id
from shared.testing.harness import Harness


async def invite(
    survey: Harness, account: UUID, live: dict[str, Any], *customers: UUID, **fields: Any
) -> list[dict[str, Any]]:
    """One result for each customer."""
    body = {"customers": [str(customer) for customer in customers]} | fields
    answer = await survey.client(account=account).post(f"/v1/surveys/{live['id']}/invitations", json=body)
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["data"]
    return results


async def explain(
    survey: Harness, account: UUID, live: dict[str, Any], customer: UUID, *, channel: str = "email"
) -> dict[str, Any]:
    answer = await survey.client(account=account).get(
        f"/v1/surveys/{live['id']}/eligibility", params={"customer_id": str(customer), "channel": channel}
    )
    assert answer.status_code == 200, answer.text
    verdict: dict[str, Any] = answer.json()
    return verdict


async def gate_of(
    survey: Harness, account: UUID, live: dict[str, Any], customer: UUID, *, channel: str = "email"
) -> str | None:
    """The first closed gate."""
    verdict = await explain(survey, account, live, customer, channel=channel)
    return next((gate["gate"] for gate in verdict["gates"] if not gate["passed"]), None)


async def set_contact_policy(survey: Harness, account: UUID, **policy: Any) -> None:
    answer = await survey.client(account=account).put("/v1/contact-policy", json=policy)
    assert answer.status_code == 200, answer.text


async def set_survey_policy(survey: Harness, account: UUID, live: dict[str, Any], **policy: Any) -> None:
    answer = await survey.client(account=account).put(f"/v1/surveys/{live['id']}/asking", json=policy)
    assert answer.status_code == 200, answer.text


async def join(survey: Harness, account: UUID, segment: UUID, *customers: UUID, version: int = 1) -> None:
    change = SegmentMembershipChanged(segment_id=segment, segment_name="A segment", entered=customers)
    await survey.deliver(change, account=account, subject=segment, version=version)


async def say(
    survey: Harness,
    account: UUID,
    customer: UUID,
    *,
    granted: bool,
    channel: str = "any",
    purpose: str = "surveys",
    at: datetime | None = None,
) -> None:
    """A row of the consent ledger."""
    stated: dict[str, Any] = {
        "consent_id": new_id(),
        "customer_id": customer,
        "purpose": purpose,
        "channel": channel,
        "granted": granted,
        "basis": "consent",
        "source": "form",
        "text_version": None,
        "effective_at": at or survey.clock.now(),
        "recorded_at": survey.clock.now(),
    }
    await survey.deliver(ConsentChanged(**stated), account=account, subject=customer)


async def write(survey: Harness, account: UUID, customer_id: UUID, **fields: Any) -> None:
    """As if the notifier had sent them a message."""
    sent: dict[str, Any] = {
        "message_id": new_id(),
        "customer_id": customer_id,
        "ticket_id": None,
        "invitation_id": None,
        "rule_id": None,
        "channel": "email",
        "template": "message",
        "subject": "News",
        "sent_at": survey.clock.now(),
    }
    await survey.deliver(MessageSent(**(sent | fields)), account=account)
