"""Many tickets at once: what is left as it was read is not written."""

from uuid import UUID

from sqlalchemy import text

from services.tickets.cases.history import record
from services.tickets.cases.portions import lock_portion, write
from shared.testing.harness import Harness
from tests.tickets.builders import get, open_ticket, post

# Which transaction wrote each row last.
WRITTEN_BY = text("select id, xmin::text from tickets.tickets where account_id = :account_id")


async def written_by(tickets: Harness, account: UUID) -> dict[UUID, str]:
    async with tickets.work(account) as work:
        rows = await work.session.execute(WRITTEN_BY, {"account_id": account})
        return {UUID(str(ticket_id)): transaction for ticket_id, transaction in rows}


async def test_what_was_not_changed_is_not_written(tickets: Harness, account: UUID) -> None:
    client = tickets.client(account=account)
    changed, other = [UUID((await open_ticket(client))["id"]) for _ in range(2)]
    before = await written_by(tickets, account)
    async with tickets.work(account) as work:
        rows = {row.id: row for row in await lock_portion(work, None, 100)}
        rows[changed].warned = {"resolution": ["2026-03-02T09:00:00+00:00", 75]}
        record(work, rows[changed], "policy_reapplied")
        await write(work, rows.values())
    after = await written_by(tickets, account)
    assert after[changed] != before[changed]
    assert after[other] == before[other]
    async with tickets.work(account) as work:
        seen = {row.id: row for row in await lock_portion(work, None, 100)}
    assert (seen[changed].warned, seen[changed].version) == ({"resolution": ["2026-03-02T09:00:00+00:00", 75]}, 2)
    assert (seen[other].warned, seen[other].version) == ({}, 1)
    history = (await get(client, f"/v1/tickets/{changed}/history"))["data"]
    assert [change["action"] for change in history] == ["opened", "policy_reapplied"]


async def test_policies_that_are_the_same_write_nothing(tickets: Harness, account: UUID) -> None:
    client = tickets.client(account=account)
    await open_ticket(client)
    before = await written_by(tickets, account)
    [policy] = (await get(client, "/v1/sla-policies"))["data"]
    begun = await post(client, f"/v1/sla-policies/{policy['id']}/reapply", 202)
    await tickets.run_timers()
    done = await get(client, f"/v1/sla-policies/{policy['id']}/reapplications/{begun['id']}")
    assert (done["done"], done["changed"]) == (1, 0)
    assert await written_by(tickets, account) == before
