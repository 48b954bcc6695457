"""A merge of customers, as the notifier hears of it: an answer goes to the address the question came from."""

from uuid import UUID

from shared.contracts.customers import CustomerMerged, CustomerUnmerged
from shared.contracts.notifier import MessageSent
from shared.testing.harness import Harness
from tests.notifier.builders import a_customer, an_account, messages_of, send_messages, ticket_opened, ticket_replied


async def merge(notifier: Harness, account: UUID, merged: UUID, kept: UUID) -> None:
    told = CustomerMerged(customer_id=kept, merged_customer_id=merged, merged_version=2, automatic=False)
    await notifier.deliver(told, account=account, subject=kept)


async def recipients(notifier: Harness, account: UUID) -> list[str | None]:
    await send_messages(notifier)
    return [message["to"] for message in await messages_of(notifier, account)]


class TestAnswersAfterAMerge:
    async def test_go_to_the_identity_they_answer(self, notifier: Harness, account: UUID) -> None:
        """Chatwoot #15359: after a merge, replies went to the other address."""
        await an_account(notifier, account)
        ana = await a_customer(notifier, account, email="ana@work.example.com")
        home = await a_customer(notifier, account, email="ana@home.example.com")
        await merge(notifier, account, home, ana)
        await notifier.deliver(ticket_replied(ana, origin_customer_id=home), account=account)
        assert await recipients(notifier, account) == ["ana@home.example.com"]
        [message] = await messages_of(notifier, account, customer_id=str(ana))
        assert message["customer_id"] == str(ana)
        [sent] = await notifier.emitted(account, MessageSent)
        assert isinstance(sent.data, MessageSent)
        assert (sent.data.customer_id, sent.data.origin_customer_id) == (ana, home)

    async def test_go_to_the_kept_record_if_that_identity_cannot_be_written_to(
        self, notifier: Harness, account: UUID
    ) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account, email="ana@example.com")
        phone = await a_customer(notifier, account, email=None)
        await merge(notifier, account, phone, ana)
        await notifier.deliver(ticket_replied(ana, origin_customer_id=phone), account=account)
        assert await recipients(notifier, account) == ["ana@example.com"]

    async def test_that_wait_already_go_where_they_would_have_gone(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account, email="ana@work.example.com")
        home = await a_customer(notifier, account, email="ana@home.example.com")
        await notifier.deliver(ticket_replied(home), account=account)
        await merge(notifier, account, home, ana)
        assert await recipients(notifier, account) == ["ana@home.example.com"]

    async def test_and_messages_go_back_when_it_is_taken_back(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account, email="ana@work.example.com")
        home = await a_customer(notifier, account, email="ana@home.example.com")
        await merge(notifier, account, home, ana)
        await notifier.deliver(ticket_replied(ana, origin_customer_id=home), account=account)
        await notifier.deliver(ticket_replied(ana), account=account)
        restored = CustomerUnmerged(customer_id=ana, restored_customer_id=home, restored_version=3)
        await notifier.deliver(restored, account=account, subject=ana)
        for customer in (ana, home):
            assert len(await messages_of(notifier, account, customer_id=str(customer))) == 1

    async def test_of_rules_go_to_the_identity_that_spoke(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account, email="ana@work.example.com")
        home = await a_customer(notifier, account, email="ana@home.example.com")
        await merge(notifier, account, home, ana)
        opened = ticket_opened(ana, notifier.clock.now(), origin_customer_id=home)
        await notifier.deliver(opened, account=account)
        assert await recipients(notifier, account) == ["ana@home.example.com"]
