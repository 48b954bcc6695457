"""Finding tickets by their words."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.contracts.customers import CustomerProfile, CustomerUpdated
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_customer, get, open_ticket, patch, post

PATH = "/v1/tickets/search"


async def hear(tickets: Harness, account: UUID) -> None:
    """What the service has told, itself included."""
    await tickets.deliver_raw([event.raw for event in await tickets.emitted(account)])


async def found(client: httpx.AsyncClient, q: str) -> list[int]:
    return [ticket["number"] for ticket in (await get(client, PATH, q=q))["data"]]


class TestSearch:
    async def test_needs_a_credential(self, tickets: Harness) -> None:
        assert (await tickets.anonymous().get(PATH, params={"q": "x"})).status_code == 401

    async def test_finds_nothing_of_another_account(self, tickets: Harness, account: UUID) -> None:
        await open_ticket(tickets.client(account=account), subject="A zebra on the loose")
        await hear(tickets, account)
        other = tickets.client(account=new_id())
        for words in ("zebra", account.hex, f"zebra or {account.hex}", f"-{account.hex}", "-nothing"):
            assert await found(other, words) == [], words

    async def test_finds_words_wherever_they_stand(self, tickets: Harness, account: UUID) -> None:
        client, ana = tickets.client(account=account), await add_customer(tickets, account, "Ana Ferreira")
        await post(client, "/v1/ticket-fields", 201, key="order", kind="text")
        first = await open_ticket(
            client,
            subject="The parcel came late",
            description="Four days, and the corner was open.",
            tags=["delivery"],
            fields={"order": "BX-1017"},
            customer_id=str(ana),
        )
        await open_ticket(client, subject="A lamp is broken")
        path = f"/v1/tickets/{first['id']}/messages"
        await post(client, path, 201, text="A courier is on the way.")
        await post(client, path, 201, text="She is a wholesaler.", internal=True)
        await hear(tickets, account)
        for words in (
            *("parcel", "PARCEL late", "corner", "delivery", "bx-1017", "ferreira ana", "courier", "wholesaler"),
            *("parc", '"came late"', "parcel or unicorn", "parcel -lamp", "1", "#1"),
        ):
            assert await found(client, words) == [1], words
        for words in ("pa", '"late came"', "parcel lamp", "parcel -late", "unicorn", "-", '"', "'", "a' & b", "):*"):
            assert await found(client, words) == [], words

    @pytest.mark.parametrize(
        ("query", "numbers"),
        [
            ({"state": "resolved"}, [4, 2]),
            ({"tag": "late", "state": ["new", "open"]}, [1]),
            ({"priority": ["high", "urgent"]}, [3]),
            ({"opened_from": "2020-01-01T00:00:00Z", "unassigned": True}, [4, 3, 2, 1]),
            ({"opened_to": "2020-01-01T00:00:00Z"}, []),
        ],
    )
    async def test_is_narrowed_as_a_list_is(
        self, tickets: Harness, account: UUID, query: dict[str, Any], numbers: list[int]
    ) -> None:
        """Whatever the size of a page: what does not hold is no part of it."""
        client = tickets.client(account=account)
        for tags, priority in ((["late"], "low"), (["late"], "low"), ([], "high"), ([], "low"), ([], "low")):
            await open_ticket(client, subject="A parcel", tags=tags, priority=priority)
        await patch(client, f"/v1/tickets/{(await get(client, '/v1/tickets'))['data'][0]['id']}", subject="A lamp")
        for ticket in (await get(client, "/v1/tickets"))["data"]:
            if ticket["number"] in (2, 4):
                await post(client, f"/v1/tickets/{ticket['id']}/resolve")
        await hear(tickets, account)
        for limit in (1, 2, 50):
            seen: list[int] = []
            asked = {"q": "parcel", "limit": limit} | query
            while True:
                page = await get(client, PATH, **asked)
                seen += [ticket["number"] for ticket in page["data"]]
                if (cursor := page["next_cursor"]) is None:
                    break
                asked["cursor"] = cursor
            assert seen == numbers

    async def test_finds_what_it_says_now(self, tickets: Harness, account: UUID) -> None:
        client, ana = tickets.client(account=account), await add_customer(tickets, account, "Ana Ferreira")
        ticket = await open_ticket(client, subject="The parcel came late", customer_id=str(ana))
        await patch(client, f"/v1/tickets/{ticket['id']}", subject="The lamp came late")
        profile = CustomerProfile(
            external_id=None, email=None, phone=None, name="Ana Costa", locale=None, timezone=None, company=None
        )
        await hear(tickets, account)
        renamed = CustomerUpdated(customer_id=ana, profile=profile)
        await tickets.deliver(renamed, account=account, subject=ana, version=2)
        assert (await found(client, "lamp"), await found(client, "parcel")) == ([1], [])
        assert (await found(client, "costa"), await found(client, "ferreira")) == ([1], [])

    async def test_walks_from_the_newest_to_the_oldest(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        for _ in range(5):
            await open_ticket(client)
        await hear(tickets, account)
        seen: list[int] = []
        page = await get(client, PATH, q="parcel", limit=2)
        while True:
            seen += [ticket["number"] for ticket in page["data"]]
            if page["next_cursor"] is None:
                break
            page = await get(client, PATH, q="parcel", limit=2, cursor=page["next_cursor"])
        assert seen == [5, 4, 3, 2, 1]

    @pytest.mark.parametrize("query", ["", "q=", "q=x&cursor=abc", f"q={'x' * 201}", "q=%00"])
    async def test_refuses_what_it_does_not_understand(self, tickets: Harness, account: UUID, query: str) -> None:
        assert (await tickets.client(account=account).get(f"{PATH}?{query}")).status_code == 422

    async def test_takes_a_long_conversation(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        ticket = await open_ticket(client)
        for part in range(8):
            text = " ".join(f"w{part}x{n}" for n in range(2_000))
            await post(client, f"/v1/tickets/{ticket['id']}/messages", 201, text=text, internal=True)
        assert await found(client, "w7x1999") == [1]
