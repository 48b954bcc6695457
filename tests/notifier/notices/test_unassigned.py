"""Who hears that nobody has a ticket."""

from uuid import UUID

from sqlalchemy import select

from services.notifier.notices.models import Notice
from shared.contracts.gateway import UserAdded, UserRemoved
from shared.contracts.tickets import TicketUnassignedTooLong
from shared.ids import new_id
from shared.testing.harness import Harness


async def meet(notifier: Harness, account: UUID, role: str) -> UUID:
    user_id = new_id()
    user = UserAdded(user_id=user_id, name="Olga", email=f"{user_id}@example.com", role=role)
    await notifier.deliver(user, account=account, subject=user_id)
    return user_id


async def told(notifier: Harness, account: UUID, lead_id: UUID | None) -> dict[UUID, Notice]:
    waits = TicketUnassignedTooLong(
        ticket_id=new_id(),
        number=7,
        subject="Late\r\nBcc: all@example.com",
        priority="high",
        team_id=new_id() if lead_id else None,
        team_name="Deliveries" if lead_id else None,
        lead_id=lead_id,
        queued_at=notifier.clock.now(),
        allowed_seconds=600,
        customer_id=None,
        origin_customer_id=None,
    )
    raw = notifier.event(waits, account=account, subject=waits.ticket_id)
    await notifier.deliver_raw([raw])
    await notifier.deliver_raw([raw])
    async with notifier.work(account) as work:
        found = await work.session.scalars(select(Notice).where(Notice.account_id == account))
        return {notice.user_id: notice for notice in found}


class TestWhoHears:
    async def test_is_the_lead_of_the_team_once(self, notifier: Harness, account: UUID) -> None:
        await meet(notifier, account, "owner")
        lead = await meet(notifier, account, "agent")
        notices = await told(notifier, account, lead)
        assert list(notices) == [lead]
        assert notices[lead].subject == "Nobody has ticket #7"
        assert "of the team “Deliveries”" in notices[lead].text
        assert "10 minutes" in notices[lead].text
        assert "Late Bcc" in notices[lead].text

    async def test_is_the_owner_without_a_team_or_a_lead_who_is_there(self, notifier: Harness, account: UUID) -> None:
        owner, lead = await meet(notifier, account, "owner"), await meet(notifier, account, "agent")
        await notifier.deliver(UserRemoved(user_id=lead), account=account, subject=lead, version=2)
        assert list(await told(notifier, account, lead)) == [owner]

    async def test_is_the_owner_where_there_is_no_team(self, notifier: Harness, account: UUID) -> None:
        owner = await meet(notifier, account, "owner")
        await meet(notifier, account, "agent")
        assert list(await told(notifier, account, None)) == [owner]
