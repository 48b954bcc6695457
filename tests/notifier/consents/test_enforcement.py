"""Nobody is written to for a purpose that they do not allow, at the moment it would go out.

Seen to fail with `_refusal` answering None: every test but the first.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from services.notifier.consents.service import statements_of
from services.notifier.db import MERGED_CUSTOMERS
from shared.contracts.consent import ConsentChanged
from shared.contracts.customers import CustomerDeleted
from shared.contracts.notifier import MessageFailed
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.notifier.builders import a_customer, an_account, invitation, messages_of, send_messages, ticket_opened


def said(customer_id: UUID, at: datetime, **changes: Any) -> ConsentChanged:
    values: dict[str, Any] = {
        "consent_id": new_id(),
        "customer_id": customer_id,
        "purpose": "surveys",
        "channel": "email",
        "granted": False,
        "basis": "consent",
        "source": "phone",
        "text_version": None,
        "effective_at": at,
        "recorded_at": at,
    }
    return ConsentChanged(**(values | changes))


async def invited(notifier: Harness, account: UUID, customer_id: UUID) -> dict[str, Any]:
    """What became of an invitation that came just now."""
    told = invitation(customer_id, notifier.clock.now())
    await notifier.deliver(told, account=account)
    await send_messages(notifier)
    return next(m for m in await messages_of(notifier, account) if m["invitation_id"] == str(told.invitation_id))


async def written(notifier: Harness, account: UUID, customer_id: UUID, purpose: str) -> dict[str, Any]:
    body = {"customer_id": str(customer_id), "subject": "Hello", "text": "Good morning.", "purpose": purpose}
    client = notifier.client(account=account)
    made = await client.post("/v1/messages", json=body)
    assert made.status_code == 201, made.text
    await send_messages(notifier)
    found: dict[str, Any] = (await client.get(f"/v1/messages/{made.json()['id']}")).json()
    return found


class TestSending:
    async def test_needs_no_word_for_surveys_and_says_on_what_ground(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        message = await invited(notifier, account, await a_customer(notifier, account))
        assert (message["state"], message["purpose"]) == ("sent", "surveys")
        assert (message["basis"], message["consent_id"]) == ("legitimate_interest", None)

    async def test_stops_with_a_withdrawal_and_the_log_says_why(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        withdrawal = said(ana, notifier.clock.now())
        await notifier.deliver(withdrawal, account=account, subject=ana)
        message = await invited(notifier, account, ana)
        assert (message["state"], message["reason"]) == (
            "suppressed", "the customer does not want surveys by email any more",
        )  # fmt: skip
        assert message["consent_id"] == str(withdrawal.consent_id)
        [failed] = await notifier.emitted(account, MessageFailed)
        assert isinstance(failed.data, MessageFailed)
        assert (failed.data.state, failed.data.reason) == ("suppressed", message["reason"])

    async def test_of_other_purposes_and_on_other_channels_goes_on(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        await notifier.deliver(said(ana, notifier.clock.now(), channel="sms"), account=account, subject=ana)
        await notifier.deliver(said(ana, notifier.clock.now(), purpose="marketing"), account=account, subject=ana)
        assert (await invited(notifier, account, ana))["state"] == "sent"
        assert (await written(notifier, account, ana, "service"))["state"] == "sent"

    async def test_of_what_needs_a_yes_waits_for_it(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        before = await written(notifier, account, ana, "marketing")
        assert (before["state"], before["reason"]) == (
            "suppressed", "the customer has not agreed to marketing by email",
        )  # fmt: skip
        yes = said(ana, notifier.clock.now(), purpose="marketing", granted=True)
        await notifier.deliver(yes, account=account, subject=ana)
        after = await written(notifier, account, ana, "marketing")
        assert (after["state"], after["basis"], after["consent_id"]) == ("sent", "consent", str(yes.consent_id))

    async def test_is_decided_when_it_goes_out_not_when_it_was_wanted(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        await notifier.deliver(invitation(ana, notifier.clock.now()), account=account)
        await notifier.deliver(said(ana, notifier.clock.now()), account=account, subject=ana)
        await send_messages(notifier)
        [message] = await messages_of(notifier, account)
        assert message["state"] == "suppressed"

    @pytest.mark.parametrize("of_merged", [True, False])
    async def test_stops_for_the_whole_person(self, notifier: Harness, account: UUID, of_merged: bool) -> None:
        await an_account(notifier, account)
        kept, merged = await a_customer(notifier, account), await a_customer(notifier, account, email="a2@example.com")
        told = said(kept, notifier.clock.now(), origin_customer_id=merged if of_merged else None)
        await notifier.deliver(told, account=account, subject=kept)
        async with notifier.work(account) as work:
            await MERGED_CUSTOMERS.point(work, merged, kept, version=2)
        assert (await invited(notifier, account, kept))["state"] == "suppressed"
        assert (await invited(notifier, account, merged))["state"] == "suppressed"
        async with notifier.work(account) as work:
            await MERGED_CUSTOMERS.point(work, merged, None, version=3)
        assert (await invited(notifier, account, merged))["state"] == ("suppressed" if of_merged else "sent")

    async def test_stops_for_the_restricted_even_in_their_own_matters(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account, restricted=True)
        await notifier.deliver(ticket_opened(ana, notifier.clock.now()), account=account)
        await send_messages(notifier)
        [message] = await messages_of(notifier, account)
        assert (message["state"], message["reason"]) == ("suppressed", "the customer's data may only be kept")

    async def test_remembers_nothing_of_the_deleted(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        await notifier.deliver(said(ana, notifier.clock.now()), account=account, subject=ana)
        await notifier.deliver(CustomerDeleted(customer_id=ana), account=account, subject=ana, version=9)
        async with notifier.work(account) as work:
            assert await statements_of(work, ana) == []
