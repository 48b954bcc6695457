"""Sums that are wrong are found, and said aloud.

Seen to fail: a cell, a ticket, a promise and a ticket without steps, each left out of the comparison.
"""

from datetime import timedelta
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from services.metrics.tickets.verifying import differing
from services.metrics.verification import nightly
from services.metrics.verification.comparing import differences
from services.metrics.verification.everywhere import verify_all
from shared.contracts.gateway import AccountCreated
from shared.contracts.metrics import NumbersDiffer
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.metrics.builders import feedback
from tests.metrics.comparisons.test_comparisons import tell
from tests.metrics.tickets.builders import Desk

DAY = timedelta(days=1)


async def live(metrics: Harness, account: UUID) -> UUID:
    """An account with answers and a ticket that has a life behind it."""
    await tell(metrics, account, feedback(), feedback())
    desk = await Desk(metrics, account, customer_id=new_id()).open()
    metrics.clock.advance(timedelta(hours=1))
    await desk.reply(seconds=60)
    await desk.resolve()
    await desk.reopen()
    await desk.resolve()
    await desk.miss("resolution", metrics.clock.now())
    return desk.ticket_id


async def spoil(metrics: Harness, account: UUID, statement: str) -> None:
    async with metrics.work(account) as work:
        await work.session.execute(text(statement), {"account": account})


async def told(metrics: Harness, account: UUID) -> list[NumbersDiffer]:
    return [each.data for each in await metrics.emitted(account) if isinstance(each.data, NumbersDiffer)]


SPOILT = {
    "a cell": ("update metrics.rollups set s9 = s9 + 1 where account_id = :account", (1, 0)),
    "a missing cell": ("delete from metrics.rollups where account_id = :account", (1, 0)),
    "a ticket": ("update metrics.ticket_facts set reopenings = 9 where account_id = :account", (0, 1)),
    "a spell": ("update metrics.ticket_facts set open_during = '{}' where account_id = :account", (0, 1)),
    "a promise": ("update metrics.ticket_targets set verdict = 'met' where account_id = :account", (0, 1)),
    "a missing ticket": ("delete from metrics.ticket_facts where account_id = :account", (0, 1)),
    "a ticket of no steps": ("delete from metrics.ticket_steps where account_id = :account", (0, 1)),
}


class TestVerifying:
    async def test_finds_nothing_where_nothing_is_wrong(self, metrics: Harness, account: UUID) -> None:
        await live(metrics, account)
        async with metrics.work(account) as work:
            assert await differences(work) == (0, 0)

    @pytest.mark.parametrize("what", SPOILT)
    async def test_finds(self, metrics: Harness, account: UUID, what: str) -> None:
        await live(metrics, account)
        statement, expected = SPOILT[what]
        await spoil(metrics, account, statement)
        async with metrics.work(account) as work:
            assert await differences(work) == expected

    async def test_goes_through_any_number_of_tickets(
        self, metrics: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("services.metrics.tickets.verifying.AT_ONCE", 2)
        for _ in range(5):
            await Desk(metrics, account).open()
        await spoil(metrics, account, "update metrics.ticket_facts set replies = 7 where account_id = :account")
        async with metrics.work(account) as work:
            assert len(await differing(work)) == 5


class TestEveryNight:
    async def test_all_is_verified_and_what_differs_is_told(self, metrics: Harness, account: UUID) -> None:
        created = AccountCreated(account_id=account, name="Deli", locale="en", timezone="UTC")
        await metrics.deliver(created, account=account, subject=account)
        await live(metrics, account)
        client = metrics.client(account=account)
        assert (await client.get("/v1/metrics/verification")).json() == dict.fromkeys(
            ("verified_at", "cells", "tickets")
        )
        await spoil(metrics, account, SPOILT["a cell"][0])
        metrics.clock.advance(DAY)
        await metrics.run_timers()
        found = (await client.get("/v1/metrics/verification")).json()
        assert (found["cells"], found["tickets"]) == (1, 0)
        assert [(each.cells, each.tickets) for each in await told(metrics, account)] == [(1, 0)]
        labels = {"account": str(account), "of": "cells"}
        assert REGISTRY.get_sample_value("heed_numbers_differing", labels) == 1

        await client.post("/v1/metrics/rebuild")
        await metrics.run_timers()
        metrics.clock.advance(DAY)
        await metrics.run_timers()
        assert (await client.get("/v1/metrics/verification")).json()["cells"] == 0
        assert len(await told(metrics, account)) == 1
        assert REGISTRY.get_sample_value("heed_numbers_differing", labels) is None

    async def test_operators_see_all_accounts(self, metrics: Harness, account: UUID) -> None:
        other = new_id()
        for each in (account, other):
            created = AccountCreated(account_id=each, name="Deli", locale="en", timezone="UTC")
            await metrics.deliver(created, account=each, subject=each)
            await live(metrics, each)
        await spoil(metrics, account, SPOILT["a promise"][0])
        found = {each: differences async for each, differences, _ in verify_all(metrics.runtime)}
        assert (found[account], found[other]) == ((0, 1), (0, 0))

    async def test_accounts_take_turns(self, metrics: Harness) -> None:
        turns = set()
        for _ in range(5):
            async with metrics.work(new_id()) as work:
                turns.add(nightly.next_turn(work))
        assert len(turns) > 1

    async def test_needs_a_credential_to_be_read(self, metrics: Harness, account: UUID) -> None:
        assert (await metrics.anonymous().get("/v1/metrics/verification")).status_code == 401
        refused = await metrics.client("tickets:read", account=account).get("/v1/metrics/verification")
        assert refused.status_code == 403
