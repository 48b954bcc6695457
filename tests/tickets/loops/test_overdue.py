"""Loops that do not move are told of once, and listed; loops that people move by hand say why.

Seen to fail: the alarm that looks at the loop again, telling once (in the alarm, and where its time starts), the living
ticket, time that runs from the news instead of the stage or by the stage of old news, the wait for a fix.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from services.tickets.loops import overdue
from shared.contracts.tickets import LoopAdvanced, LoopOverdue
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import answered, get, hear_themselves, open_ticket, post, requested

HOUR = timedelta(hours=1)
POLICY = {
    "required_at_resolve": [],
    "allowances": {
        "needs_follow_up_seconds": 3_600,
        "contacted_seconds": 7_200,
        "fixed_seconds": None,
        "confirmed_seconds": 3_600,
    },
}


async def put_policy(client: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    return await client.put("/v1/loops/policy", json=POLICY | changes)


async def followed_up(tickets: Harness, account: UUID) -> str:
    """The id of a ticket that came from feedback, in an account that allows an hour."""
    client = tickets.client(account=account)
    assert (await put_policy(client)).status_code == 200
    await tickets.deliver(requested(), account=account)
    await hear_themselves(tickets, account, LoopAdvanced)
    [ticket] = (await get(client, "/v1/tickets"))["data"]
    return str(ticket["id"])


async def ring(tickets: Harness, account: UUID, ticket_id: str) -> None:
    """The loop's alarm once more, as when one that was given up is tried again by hand. It must not fail."""
    async with tickets.work(account) as work:
        await work.schedule(overdue.TIMER, key=ticket_id, due_at=work.now)
    await tickets.run_timers()
    async with tickets.work(account) as work:
        timers = work.tables.timers
        still = select(timers.c.key).where(timers.c.kind == overdue.TIMER, timers.c.key == ticket_id)
        assert (await work.session.scalars(still)).all() == []


async def told(tickets: Harness, account: UUID) -> list[str]:
    events = [event.data for event in await tickets.emitted(account, LoopOverdue)]
    return [event.stage for event in events if isinstance(event, LoopOverdue)]


class TestPolicy:
    async def test_needs_a_credential(self, tickets: Harness) -> None:
        assert (await tickets.anonymous().get("/v1/loops/policy")).status_code == 401
        assert (await tickets.anonymous().put("/v1/loops/policy", json=POLICY)).status_code == 401

    async def test_is_each_accounts_own_and_has_a_default(self, tickets: Harness, account: UUID) -> None:
        assert (await put_policy(tickets.client(account=account))).json()["version"] == 1
        other = await get(tickets.client(account=new_id()), "/v1/loops/policy")
        assert (other["version"], other["allowances"]["needs_follow_up_seconds"]) == (0, 48 * 3_600)

    async def test_refuses_a_stale_change(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await put_policy(client)
        answer = await client.put("/v1/loops/policy", json=POLICY, headers={"If-Match": '"0"'})
        assert answer.status_code == 412

    @pytest.mark.parametrize("seconds", [0, -60, 59, 40_000_000, "soon"])
    async def test_refuses_times_that_make_no_sense(self, tickets: Harness, account: UUID, seconds: Any) -> None:
        allowances = POLICY["allowances"] | {"contacted_seconds": seconds}  # type: ignore[operator]
        answer = await put_policy(tickets.client(account=account), allowances=allowances)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/allowances/contacted_seconds"


class TestALoopThatDoesNotMove:
    async def test_is_listed_and_told_of_once(self, tickets: Harness, account: UUID) -> None:
        client, ticket_id = tickets.client(account=account), await followed_up(tickets, account)
        assert (await get(client, "/v1/loops", overdue=True))["data"] == []
        tickets.clock.advance(HOUR)
        for _ in range(2):
            await hear_themselves(tickets, account, LoopAdvanced)
            await tickets.run_timers()
        [loop] = (await get(client, "/v1/loops", overdue=True))["data"]
        assert (loop["ticket_id"], loop["overdue"], loop["due_at"]) == (ticket_id, True, "2026-03-02T10:00:00Z")
        assert (await get(client, "/v1/loops", overdue=False))["data"] == []
        [event] = await tickets.emitted(account, LoopOverdue)
        assert isinstance(event.data, LoopOverdue)
        assert (event.data.stage, event.data.subject) == ("needs_follow_up", "Unhappy about delivery")

    async def test_is_told_of_once_however_late_the_news_and_the_alarms_are(
        self, tickets: Harness, account: UUID
    ) -> None:
        """Time runs from when the stage was reached. What was told stays so, whatever the account allows since."""
        client, ticket_id = tickets.client(account=account), await followed_up(tickets, account)
        await post(client, f"/v1/tickets/{ticket_id}/messages", 201, text="Sorry")
        former, news = await tickets.emitted(account, LoopAdvanced)
        tickets.clock.advance(HOUR)
        await ring(tickets, account, ticket_id)
        await tickets.deliver(former.data, account=account)
        assert (await get(client, f"/v1/loops/{ticket_id}"))["due_at"] == "2026-03-02T11:00:00Z"
        await ring(tickets, account, ticket_id)
        assert await told(tickets, account) == []
        tickets.clock.advance(HOUR)
        await ring(tickets, account, ticket_id)
        await put_policy(client, allowances=POLICY["allowances"] | {"contacted_seconds": 36_000})  # type: ignore[operator]
        await tickets.deliver(news.data, account=account)
        await ring(tickets, account, ticket_id)
        assert await told(tickets, account) == ["contacted"]
        assert [loop["ticket_id"] for loop in (await get(client, "/v1/loops", overdue=True))["data"]] == [ticket_id]

    async def test_is_told_of_again_in_the_next_stage(self, tickets: Harness, account: UUID) -> None:
        client, ticket_id = tickets.client(account=account), await followed_up(tickets, account)
        tickets.clock.advance(HOUR)
        await tickets.run_timers()
        await post(client, f"/v1/tickets/{ticket_id}/messages", 201, text="Sorry")
        assert (await get(client, "/v1/loops", overdue=True))["data"] == []
        await hear_themselves(tickets, account, LoopAdvanced)
        tickets.clock.advance(2 * HOUR)
        await tickets.run_timers()
        assert await told(tickets, account) == ["needs_follow_up", "contacted"]

    async def test_is_not_late_once_it_has_moved(self, tickets: Harness, account: UUID) -> None:
        """The alarm of the old stage may still ring."""
        client, ticket_id = tickets.client(account=account), await followed_up(tickets, account)
        await post(client, f"/v1/tickets/{ticket_id}/resolve")
        tickets.clock.advance(100 * HOUR)
        await tickets.run_timers()
        await hear_themselves(tickets, account, LoopAdvanced)
        await tickets.run_timers()
        assert await told(tickets, account) == []
        assert (await get(client, f"/v1/loops/{ticket_id}"))["due_at"] is None

    async def test_is_told_of_with_the_ticket_in_which_it_goes_on(self, tickets: Harness, account: UUID) -> None:
        client, ticket_id = tickets.client(account=account), await followed_up(tickets, account)
        into = await open_ticket(client, subject="The lamp")
        merged = await client.post(f"/v1/tickets/{into['id']}/merge", json={"ticket_ids": [ticket_id]})
        assert merged.status_code == 200, merged.text
        tickets.clock.advance(HOUR)
        await tickets.run_timers()
        [event] = await tickets.emitted(account, LoopOverdue)
        assert isinstance(event.data, LoopOverdue)
        assert (str(event.data.ticket_id), event.data.subject) == (into["id"], "The lamp")

    async def test_comes_first_where_the_list_is_by_time(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        first = await followed_up(tickets, account)
        tickets.clock.advance(HOUR / 2)
        await tickets.deliver(requested(channel="chat"), account=account)
        await hear_themselves(tickets, account, LoopAdvanced)
        by_time = (await get(client, "/v1/loops", sort="due"))["data"]
        assert [loop["ticket_id"] == first for loop in by_time] == [True, False]
        assert [loop["channel"] for loop in (await get(client, "/v1/loops", channel="chat"))["data"]] == ["chat"]
        late = (await get(client, "/v1/loops", **{"from": "2026-03-02T09:30:00Z"}))["data"]
        early = (await get(client, "/v1/loops", to="2026-03-02T09:30:00Z"))["data"]
        assert ([loop["channel"] for loop in late], [loop["ticket_id"] for loop in early]) == (["chat"], [first])


class TestByHand:
    async def test_needs_a_credential_a_reason_and_a_loop_of_ones_own(self, tickets: Harness, account: UUID) -> None:
        path = f"/v1/loops/{await followed_up(tickets, account)}/contacted"
        assert (await tickets.anonymous().post(path, json={"reason": "Called"})).status_code == 401
        assert (await tickets.client(account=new_id()).post(path, json={"reason": "Called"})).status_code == 404
        assert (await tickets.client(account=account).post(path, json={"reason": " "})).status_code == 422

    async def test_contact_and_confirmation_say_why(self, tickets: Harness, account: UUID) -> None:
        client, ticket_id = tickets.client(account=account), await followed_up(tickets, account)
        path = f"/v1/loops/{ticket_id}"
        assert (await post(client, f"{path}/contacted", reason="Called her"))["stage"] == "contacted"
        early = await client.post(f"{path}/confirmed", json={"reason": "She is glad"})
        assert (early.status_code, early.json()["code"]) == (409, "not_fixed")
        await post(client, f"/v1/tickets/{ticket_id}/resolve")
        for _ in range(2):
            confirmed = await post(client, f"{path}/confirmed", reason="She is glad")
            assert (confirmed["stage"], confirmed["confirmed_by"]) == ("confirmed", "colleague")
        assert (await post(client, f"{path}/contacted", reason="Called her"))["stage"] == "confirmed"
        history = (await get(client, f"/v1/tickets/{ticket_id}/history"))["data"]
        reasons = [(change["action"], change["reason"]) for change in history if change["reason"]]
        assert reasons == [("advanced", "Called her"), ("confirmed", "She is glad")]

    async def test_confirmation_does_not_undo_the_measure(self, tickets: Harness, account: UUID) -> None:
        client, ticket_id = tickets.client(account=account), await followed_up(tickets, account)
        await post(client, f"/v1/tickets/{ticket_id}/resolve")
        await tickets.deliver(answered(UUID(ticket_id), tickets.clock.now(), score=1), account=account)
        loop = await post(client, f"/v1/loops/{ticket_id}/confirmed", reason="All is well now")
        assert (loop["stage"], loop["after"], loop["confirmed_by"]) == ("re_measured", 0, "colleague")
