"""Customers hear that what they asked for is done: once, unless they do not want it. The tickets service hears back.

Seen to fail: a key that is the telling's own, a purpose that cannot be refused, a verdict without the telling.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from shared.contracts.consent import ConsentChanged
from shared.contracts.notifier import MessageFailed, MessageSent
from shared.contracts.problems import ImprovementTold
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.notifier.builders import a_customer, an_account, messages_of, send_messages


def told(customer_id: UUID, at: datetime, **changes: Any) -> ImprovementTold:
    values: dict[str, Any] = {
        "telling_id": new_id(),
        "improvement_id": new_id(),
        "you_said": "Parcels take two weeks.\n\nThat is <long>.",
        "we_did": "They take three days now.",
        "shipped_at": at,
        "customer_id": customer_id,
    }
    return ImprovementTold(**values | changes)


async def test_is_mailed_once_with_a_way_to_end_it(notifier: Harness, account: UUID) -> None:
    await an_account(notifier, account)
    event = told(await a_customer(notifier, account), notifier.clock.now())
    # Told again under another id, as by a service that was set back to an older copy of its data.
    for each in (event, event.model_copy(update={"telling_id": new_id()})):
        await notifier.deliver(each, account=account, subject=each.telling_id)
    await send_messages(notifier)
    [message] = await messages_of(notifier, account, template="improvement")
    assert (message["state"], message["purpose"]) == ("sent", "surveys")
    assert message["subject"] == "You told us, and Lindenhof has changed something"
    assert "They take three days now." in message["text"]
    assert "That is <long>." in message["text"]
    assert "Choose what we send you" in message["text"]
    [sent] = [event.data for event in await notifier.emitted(account, MessageSent)]
    assert isinstance(sent, MessageSent)
    assert sent.telling_id == event.telling_id


async def test_is_held_back_from_who_does_not_want_it(notifier: Harness, account: UUID) -> None:
    await an_account(notifier, account)
    now = notifier.clock.now()
    ana, ben = await a_customer(notifier, account), await a_customer(notifier, account, email=None)
    refused: dict[str, Any] = {"purpose": "surveys", "channel": "any", "granted": False, "basis": "consent"}
    said = {"source": "page", "text_version": None, "effective_at": now, "recorded_at": now}
    withdrawn = ConsentChanged(consent_id=new_id(), customer_id=ana, **refused | said)
    await notifier.deliver(withdrawn, account=account, subject=ana)
    events = [told(customer, now) for customer in (ana, ben)]
    for event in events:
        await notifier.deliver(event, account=account, subject=event.telling_id)
    await send_messages(notifier)
    failures = [event.data for event in await notifier.emitted(account, MessageFailed)]
    verdicts = {failure.telling_id: failure.reason for failure in failures if isinstance(failure, MessageFailed)}
    assert verdicts == {
        events[0].telling_id: "the customer does not want surveys by email any more",
        events[1].telling_id: "the customer has no e-mail address",
    }
