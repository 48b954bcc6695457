"""A merge of customers, as tickets hears of it."""

from uuid import UUID

from shared.contracts.customers import CustomerMerged, CustomerUnmerged
from shared.contracts.tickets import TicketOpened, TicketReplied
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import get, post, requested


async def merge(tickets: Harness, account: UUID, merged: UUID, kept: UUID, version: int = 2) -> None:
    told = CustomerMerged(customer_id=kept, merged_customer_id=merged, merged_version=version, automatic=False)
    await tickets.deliver(told, account=account, subject=kept)


async def numbers_of(tickets: Harness, account: UUID, customer_id: UUID) -> list[int]:
    client = tickets.client(account=account)
    found = await get(client, "/v1/tickets", customer_id=str(customer_id))
    loops = await get(client, "/v1/loops", customer_id=str(customer_id))
    numbers = sorted(ticket["number"] for ticket in found["data"])
    assert sorted(loop["number"] for loop in loops["data"]) == numbers
    return numbers


class TestAMerge:
    async def test_takes_tickets_along_and_gives_back_those_that_came_later_too(
        self, tickets: Harness, account: UUID
    ) -> None:
        ana, a_n_a = new_id(), new_id()
        await tickets.deliver(requested(customer_id=a_n_a), account=account)
        await merge(tickets, account, a_n_a, ana)
        await tickets.deliver(requested(customer_id=a_n_a), account=account)
        await tickets.deliver(requested(customer_id=ana), account=account)
        assert await numbers_of(tickets, account, ana) == [1, 2, 3]
        restored = CustomerUnmerged(customer_id=ana, restored_customer_id=a_n_a, restored_version=3)
        await tickets.deliver(restored, account=account, subject=ana)
        assert await numbers_of(tickets, account, a_n_a) == [1, 2]
        assert await numbers_of(tickets, account, ana) == [3]

    async def test_lets_a_reply_name_the_identity_it_answers(self, tickets: Harness, account: UUID) -> None:
        ana, a_n_a = new_id(), new_id()
        await merge(tickets, account, a_n_a, ana)
        await tickets.deliver(requested(customer_id=a_n_a), account=account)
        client = tickets.client(account=account)
        [ticket] = (await get(client, "/v1/tickets"))["data"]
        await post(client, f"/v1/tickets/{ticket['id']}/messages", 201, text="We are sorry.")
        [opened] = await tickets.emitted(account, TicketOpened)
        [replied] = await tickets.emitted(account, TicketReplied)
        for event in (opened, replied):
            assert isinstance(event.data, TicketOpened | TicketReplied)
            assert (event.data.customer_id, event.data.origin_customer_id) == (ana, a_n_a)
