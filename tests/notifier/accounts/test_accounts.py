"""The local copy of the account: the newest version wins, whatever the order."""

from uuid import UUID

from services.notifier.accounts.service import account_of
from shared.contracts.gateway import AccountUpdated
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.notifier.builders import a_customer, an_account, messages_of, send_messages, ticket_replied


async def renamed(notifier: Harness, account: UUID, name: str, version: int) -> None:
    updated = AccountUpdated(account_id=account, name=name, locale="en", timezone="Asia/Tokyo")
    await notifier.deliver(updated, account=account, subject=account, version=version)


class TestAChangedAccount:
    async def test_speaks_under_its_new_name(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        await renamed(notifier, account, "Rosengarten", 2)
        await notifier.deliver(ticket_replied(await a_customer(notifier, account)), account=account)
        await send_messages(notifier)
        [message] = await messages_of(notifier, account)
        assert "Rosengarten" in message["text"]
        assert "Lindenhof" not in message["text"]

    async def test_keeps_the_newest_name_and_gets_its_rules_when_the_news_arrives_in_another_order(
        self, notifier: Harness, account: UUID
    ) -> None:
        await renamed(notifier, account, "Third", 3)
        await renamed(notifier, account, "Second", 2)
        await an_account(notifier, account)
        async with notifier.work(account) as work:
            known = await account_of(work)
            assert (known.name, known.timezone, known.version) == ("Third", "Asia/Tokyo", 3)
        assert len((await notifier.client(account=account).get("/v1/rules")).json()["data"]) == 5

    async def test_is_nobody_elses(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        other = await an_account(notifier, new_id(), name="Nordlicht")
        await renamed(notifier, account, "Rosengarten", 2)
        async with notifier.work(other) as work:
            assert (await account_of(work)).name == "Nordlicht"
