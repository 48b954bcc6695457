"""Who hears that a customer waits for a person in vain."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from services.notifier.notices.models import Notice
from shared.contracts.conversations import HandoffEscalated
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.notifier.notices.test_unassigned import meet


async def told(notifier: Harness, account: UUID, assignee_id: UUID | None) -> dict[UUID, str]:
    due_at = notifier.clock.now() + timedelta(minutes=15) if assignee_id else None
    escalated = HandoffEscalated(
        conversation_id=new_id(), ticket_id=new_id(), step=1, assignee_id=assignee_id, due_at=due_at
    )
    await notifier.deliver(escalated, account=account, subject=escalated.conversation_id)
    async with notifier.work(account) as work:
        found = await work.session.scalars(select(Notice).where(Notice.account_id == account))
        return {notice.user_id: notice.text for notice in found}


class TestWhoHears:
    async def test_is_who_has_it_now(self, notifier: Harness, account: UUID) -> None:
        await meet(notifier, account, "owner")
        admin = await meet(notifier, account, "admin")
        notices = await told(notifier, account, admin)
        assert list(notices) == [admin]
        assert "Then somebody else gets it." in notices[admin]

    async def test_is_the_owner_when_nobody_is_left(self, notifier: Harness, account: UUID) -> None:
        owner = await meet(notifier, account, "owner")
        await meet(notifier, account, "agent")
        assert list(await told(notifier, account, None)) == [owner]
