"""A customer says by the link in their mail whether it is solved. Opening the link says nothing.

Seen to fail: with looking that confirms, with a token that is not checked, with a confirmation of what is open again or
of another resolution; with a reopening for each click, with the limit of reopenings left out.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest

from shared.contracts.gateway import AccountCreated
from shared.contracts.tickets import LoopAdvanced, TicketReopened, TicketResolved
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_customer, add_person, get, open_ticket, patch, post

FORM = {"content-type": "application/x-www-form-urlencoded"}


async def resolved(tickets: Harness, account: UUID, **fields: Any) -> tuple[str, str]:
    """The id of a ticket of Ana's that is resolved, and the path of the link in the mail about it."""
    created = AccountCreated(account_id=account, name="Corner Bakery", locale="en", timezone="UTC")
    await tickets.deliver(created, account=account, subject=account)
    customer = await add_customer(tickets, account)
    client = tickets.client(account=account)
    ticket = await open_ticket(client, **{"customer_id": str(customer), "feedback_id": str(new_id())} | fields)
    return str(ticket["id"]), await resolve(tickets, account, ticket["id"])


async def resolve(tickets: Harness, account: UUID, ticket_id: str) -> str:
    await post(tickets.client(account=account), f"/v1/tickets/{ticket_id}/resolve")
    told = [event.data for event in await tickets.emitted(account, TicketResolved)][-1]
    assert isinstance(told, TicketResolved)
    assert told.confirmation_url is not None
    return urlsplit(told.confirmation_url).path


async def send(tickets: Harness, path: str, body: str) -> httpx.Response:
    return await tickets.anonymous().post(path, content=body, headers=FORM)


class TestTheLink:
    async def test_changes_nothing_by_being_opened(self, tickets: Harness, account: UUID) -> None:
        """Mail scanners follow every link of a mail, and each with both answers."""
        ticket_id, path = await resolved(tickets, account)
        before = await get(tickets.client(account=account), f"/v1/tickets/{ticket_id}")
        for address in (path, f"{path}?solved=yes", f"{path}?solved=no"):
            page = await tickets.anonymous().get(address)
            assert (page.status_code, "Is it solved?" in page.text, "Corner Bakery" in page.text) == (200, True, True)
            assert page.headers["cache-control"] == "no-store"
            assert page.headers["referrer-policy"] == "no-referrer"
        assert await get(tickets.client(account=account), f"/v1/tickets/{ticket_id}") == before

    async def test_cannot_be_made_up(self, tickets: Harness, account: UUID) -> None:
        _, path = await resolved(tickets, account)
        forged = path[:-1] + ("A" if path[-1] != "A" else "B")
        for address in (forged, "/solved/x", "/solved/%00"):
            assert (await tickets.anonymous().get(address)).status_code == 404
            assert (await send(tickets, address, "solved=yes")).status_code == 404

    async def test_speaks_the_readers_language(self, tickets: Harness, account: UUID) -> None:
        _, path = await resolved(tickets, account)
        page = await tickets.anonymous().get(path, headers={"accept-language": "de-AT,en;q=0.5"})
        assert "Ist es erledigt?" in page.text

    async def test_is_sent_where_somebody_asked(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await post(client, f"/v1/tickets/{(await open_ticket(client))['id']}/resolve")
        [told] = [event.data for event in await tickets.emitted(account, TicketResolved)]
        assert isinstance(told, TicketResolved)
        assert told.confirmation_url is None


class TestYes:
    async def test_confirms_the_loop_once(self, tickets: Harness, account: UUID) -> None:
        ticket_id, path = await resolved(tickets, account)
        tickets.clock.advance(timedelta(hours=1))
        for _ in range(2):
            assert "We are glad" in (await send(tickets, path, "solved=yes")).text
        loop = await get(tickets.client(account=account), f"/v1/loops/{ticket_id}")
        assert (loop["stage"], loop["confirmed_by"], loop["confirmed_at"]) == (
            "confirmed",
            "link",
            "2026-03-02T10:00:00Z",
        )
        stages = [event.data.stage for event in await tickets.emitted(account, LoopAdvanced)]  # type: ignore[attr-defined]
        assert stages == ["needs_follow_up", "fixed", "confirmed"]
        await patch(tickets.client(account=account), f"/v1/tickets/{ticket_id}", priority="low")

    async def test_is_kept_of_a_ticket_without_a_loop(self, tickets: Harness, account: UUID) -> None:
        ticket_id, path = await resolved(tickets, account, feedback_id=None)
        for _ in range(2):
            await send(tickets, path, "solved=yes")
        history = (await get(tickets.client(account=account), f"/v1/tickets/{ticket_id}/history"))["data"]
        assert [change["action"] for change in history] == ["opened", "resolved", "confirmed"]
        assert history[-1]["actor"] == "human:customer"

    async def test_is_said_of_each_resolution(self, tickets: Harness, account: UUID) -> None:
        ticket_id, path = await resolved(tickets, account, feedback_id=None)
        client = tickets.client(account=account)
        await send(tickets, path, "solved=yes")
        tickets.clock.advance(timedelta(hours=1))
        await post(client, f"/v1/tickets/{ticket_id}/reopen", reason="It came back")
        await resolve(tickets, account, ticket_id)
        await send(tickets, path, "solved=yes")
        history = (await get(client, f"/v1/tickets/{ticket_id}/history"))["data"]
        assert [change["action"] for change in history if change["action"] != "reopened"][1:] == [
            "resolved",
            "confirmed",
        ] * 2

    async def test_means_nothing_of_what_is_open_again(self, tickets: Harness, account: UUID) -> None:
        ticket_id, path = await resolved(tickets, account)
        client = tickets.client(account=account)
        await post(client, f"/v1/tickets/{ticket_id}/reopen", reason="It came back")
        assert "still on it" in (await tickets.anonymous().get(path)).text
        assert "still on it" in (await send(tickets, path, "solved=yes")).text
        assert (await get(client, f"/v1/loops/{ticket_id}"))["stage"] == "needs_follow_up"
        history = (await get(client, f"/v1/tickets/{ticket_id}/history"))["data"]
        assert "confirmed" not in {change["action"] for change in history}


class TestNo:
    async def test_opens_the_ticket_again_with_what_is_missing(self, tickets: Harness, account: UUID) -> None:
        ticket_id, path = await resolved(tickets, account)
        for words in ("The+lid+is+still+broken", "And+it+leaks"):
            assert "on it again" in (await send(tickets, path, f"solved=no&missing={words}")).text
        client = tickets.client(account=account)
        assert (await get(client, f"/v1/tickets/{ticket_id}"))["state"] == "open"
        said = (await get(client, f"/v1/tickets/{ticket_id}/messages"))["data"]
        assert [(message["author_name"], message["text"]) for message in said] == [
            ("Ana", "The lid is still broken"),
            ("Ana", "And it leaks"),
        ]
        [told] = [event.data for event in await tickets.emitted(account, TicketReopened)]
        assert isinstance(told, TicketReopened)
        assert told.reason == "The customer says that it is not solved yet"
        assert (await get(client, f"/v1/loops/{ticket_id}"))["round"] == 2

    async def test_takes_it_from_nobody_who_has_it_since(self, tickets: Harness, account: UUID) -> None:
        ticket_id, path = await resolved(tickets, account)
        client, olga = tickets.client(account=account), await add_person(tickets, account, "Olga")
        policy = {"new_ticket_after_days": None, "keep_assignee": False}
        assert (await client.put("/v1/tickets/follow-up-policy", json=policy)).status_code == 200
        await send(tickets, path, "solved=no")
        assert (await patch(client, f"/v1/tickets/{ticket_id}", assignee_id=str(olga)))["state"] == "open"
        await send(tickets, path, "solved=no")
        assert (await get(client, f"/v1/tickets/{ticket_id}"))["assignee_id"] == str(olga)

    async def test_is_heard_where_it_is_the_customers_turn(self, tickets: Harness, account: UUID) -> None:
        ticket_id, path = await resolved(tickets, account)
        client = tickets.client(account=account)
        await post(client, f"/v1/tickets/{ticket_id}/reopen", reason="It came back")
        await patch(client, f"/v1/tickets/{ticket_id}", state="pending")
        await send(tickets, path, "solved=no&missing=Still+broken")
        assert (await get(client, f"/v1/tickets/{ticket_id}"))["state"] == "open"

    async def test_holds_for_the_next_resolution_too(self, tickets: Harness, account: UUID) -> None:
        """An old mail says something about the ticket as it is now."""
        ticket_id, path = await resolved(tickets, account)
        await send(tickets, path, "solved=no")
        assert await resolve(tickets, account, ticket_id) == path
        await send(tickets, path, "solved=yes")
        loop = await get(tickets.client(account=account), f"/v1/loops/{ticket_id}")
        assert (loop["stage"], loop["round"]) == ("confirmed", 2)

    async def test_begins_another_ticket_where_the_account_wants_that(self, tickets: Harness, account: UUID) -> None:
        ticket_id, path = await resolved(tickets, account)
        client = tickets.client(account=account)
        policy = {"new_ticket_after_days": 1, "keep_assignee": True}
        assert (await client.put("/v1/tickets/follow-up-policy", json=policy)).status_code == 200
        tickets.clock.advance(timedelta(days=2))
        for _ in range(2):
            await send(tickets, path, "solved=no&missing=Still+broken")
        newest, old = (await get(client, "/v1/tickets"))["data"]
        assert (old["id"], old["state"], newest["state"] in ("new", "open")) == (ticket_id, "resolved", True)
        said = (await get(client, f"/v1/tickets/{newest['id']}/messages"))["data"]
        assert [message["text"] for message in said] == ["Still broken", "Still broken"]

    async def test_does_not_go_round_and_round(self, tickets: Harness, account: UUID) -> None:
        ticket_id, path = await resolved(tickets, account)
        for _ in range(7):
            await send(tickets, path, "solved=no")
            await resolve(tickets, account, ticket_id)
        assert len(await tickets.emitted(account, TicketReopened)) == 5

    @pytest.mark.parametrize("body", ["", "solved=perhaps", "solved=%00", "missing=" + "x" * 9_000])
    async def test_anything_else_asks_again(self, tickets: Harness, account: UUID, body: str) -> None:
        ticket_id, path = await resolved(tickets, account)
        assert "Is it solved?" in (await send(tickets, path, body)).text
        assert (await get(tickets.client(account=account), f"/v1/tickets/{ticket_id}"))["version"] == 2
