"""Which colleagues get a mail about a ticket, and about what."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.notifier.notices.models import Notice
from shared.bus.events import Actor
from shared.contracts.base import ActorKind, Payload
from shared.contracts.gateway import UserRemoved
from shared.contracts.tickets import CustomerWrote, PeopleMentioned, TicketEscalated
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.notifier.notices.test_unassigned import meet

TICKET = new_id()


async def told(notifier: Harness, account: UUID, payload: Payload, author: UUID | None = None) -> dict[UUID, Notice]:
    """Who is, after the event came twice."""
    actor = Actor(ActorKind.HUMAN, str(author)) if author else Actor(ActorKind.SYSTEM, "tickets")
    raw = notifier.event(payload, account=account, subject=TICKET, actor=actor)
    await notifier.deliver_raw([raw])
    await notifier.deliver_raw([raw])
    async with notifier.work(account) as work:
        found = (await work.session.scalars(select(Notice).where(Notice.account_id == account))).all()
    notices = {notice.user_id: notice for notice in found}
    assert len(found) == len(notices), "somebody has two mails about one thing"
    return notices


def mention(*user_ids: UUID) -> PeopleMentioned:
    return PeopleMentioned(
        ticket_id=TICKET,
        number=7,
        subject="Late\r\nBcc: all@example.com",
        message_id=new_id(),
        author_name="Ana\r\nBcc: all@example.com",
        user_ids=user_ids,
    )


def escalation(**fields: Any) -> TicketEscalated:
    values: dict[str, Any] = {
        "ticket_id": TICKET,
        "number": 7,
        "subject": "Late",
        "reason": "She waits for a week",
        "level": 1,
        "priority": "urgent",
        "assignee_id": None,
        "customer_id": None,
        "author_name": "Ana",
    }
    return TicketEscalated(**values | fields)


def message(**fields: Any) -> CustomerWrote:
    values: dict[str, Any] = {
        "ticket_id": TICKET,
        "number": 7,
        "message_id": new_id(),
        "feedback_id": new_id(),
        "text": "My card is 4111 1111 1111 1111.",
        "author_name": "Bea Kunde",
        "customer_id": None,
        "automatic": None,
        "state": "open",
        "assignee_id": None,
        "subject": "Late",
    }
    return CustomerWrote(**values | fields)


class TestAMention:
    async def test_is_told_to_whom_it_names_but_its_author(self, notifier: Harness, account: UUID) -> None:
        ana, ben = await meet(notifier, account, "agent"), await meet(notifier, account, "agent")
        notices = await told(notifier, account, mention(ana, ben), author=ana)
        assert list(notices) == [ben]
        assert notices[ben].subject == "Ana Bcc: all@example.com mentioned you at #7"
        assert "\u201cLate Bcc: all@example.com\u201d" in notices[ben].text

    async def test_of_another_accounts_people_is_told_to_nobody(self, notifier: Harness, account: UUID) -> None:
        stranger = await meet(notifier, new_id(), "agent")
        assert await told(notifier, account, mention(stranger)) == {}


class TestAnEscalation:
    async def test_is_told_to_all_who_are_concerned_once(self, notifier: Harness, account: UUID) -> None:
        await meet(notifier, account, "owner")
        ana, ben, lead = [await meet(notifier, account, "agent") for _ in range(3)]
        concerned = escalation(assignee_id=ben, lead_id=lead, watcher_ids=(ana, lead))
        notices = await told(notifier, account, concerned, author=ana)
        assert notices.keys() == {ben, lead}
        assert notices[lead].subject == "#7 was escalated"
        assert "She waits for a week" in notices[lead].text
        assert "urgent" in notices[lead].text

    async def test_by_the_only_one_concerned_is_told_to_the_owner(self, notifier: Harness, account: UUID) -> None:
        owner, ana = await meet(notifier, account, "owner"), await meet(notifier, account, "agent")
        assert list(await told(notifier, account, escalation(assignee_id=ana), author=ana)) == [owner]

    async def test_is_told_to_the_owner_if_whom_it_concerns_has_left(self, notifier: Harness, account: UUID) -> None:
        owner, lead = await meet(notifier, account, "owner"), await meet(notifier, account, "agent")
        await notifier.deliver(UserRemoved(user_id=lead), account=account, subject=lead, version=2)
        assert list(await told(notifier, account, escalation(lead_id=lead))) == [owner]


class TestAMessageOfTheCustomer:
    async def test_is_told_to_who_watches_without_its_words(self, notifier: Harness, account: UUID) -> None:
        await meet(notifier, account, "owner")
        ana = await meet(notifier, account, "agent")
        notices = await told(notifier, account, message(watcher_ids=(ana,)))
        assert list(notices) == [ana]
        assert notices[ana].subject == "The customer wrote at #7"
        assert "4111" not in notices[ana].text
        assert "Bea" not in notices[ana].text

    async def test_is_no_news_if_a_machine_wrote_it(self, notifier: Harness, account: UUID) -> None:
        ana = await meet(notifier, account, "agent")
        assert await told(notifier, account, message(watcher_ids=(ana,), automatic="auto_reply")) == {}
