"""Owners are mailed once about a source in trouble; nobody else is, and nobody who has left. Of a loop that does not
move its assignee hears, too.

Seen to fail: the mail to everybody, the removal forgotten, the order of the news trusted.
"""

from collections.abc import Callable
from uuid import UUID

import pytest

from services.notifier.messages.mailers import Mail
from services.notifier.notices.delivery import NOTICES
from shared.contracts.base import Payload
from shared.contracts.gateway import UserAdded, UserRemoved, UserUpdated
from shared.contracts.sources import SourceTroubled
from shared.contracts.tickets import LoopOverdue
from shared.ids import new_id
from shared.testing.harness import Harness


class Post:
    """A mailer that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        self.mails.append(mail)


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    post = Post()
    monkeypatch.setattr("services.notifier.notices.delivery.mailer_of", lambda runtime: post)
    return post


def added(user_id: UUID, role: str = "owner", email: str | None = None) -> UserAdded:
    return UserAdded(user_id=user_id, name="Olga", email=email or f"{user_id}@example.com", role=role)


async def trouble(notifier: Harness, account: UUID, post: Post) -> list[Mail]:
    source_id = new_id()
    troubled = SourceTroubled(
        source_id=source_id,
        adapter="shopify",
        name="The shop\r\nBcc: all@example.com",
        trouble="failing",
        detail="The last 3 requests were refused.",
        remedy="Compare the secrets.",
        since=notifier.clock.now(),
    )
    raw = notifier.event(troubled, account=account, subject=source_id)
    await notifier.deliver_raw([raw])
    await notifier.deliver_raw([raw])
    await NOTICES.run_due(notifier.runtime)
    return post.mails


class TestOwners:
    async def test_are_mailed_once(self, notifier: Harness, account: UUID, post: Post) -> None:
        for role in ("owner", "agent"):
            user_id = new_id()
            await notifier.deliver(added(user_id, role, f"{role}.{account}@example.com"), account=account)
        [mail] = await trouble(notifier, account, post)
        assert mail.recipient == f"owner.{account}@example.com"
        assert mail.content["Subject"] == "The shop Bcc: all@example.com has problems"
        assert mail.content["Auto-Submitted"] == "auto-generated"
        assert "Compare the secrets." in mail.content.get_content()

    @pytest.mark.parametrize("backwards", [False, True])
    @pytest.mark.parametrize(
        ("later", "mailed"),
        [
            (lambda user_id: UserUpdated(user_id=user_id, name="Olga", email="o@example.com", role="agent"), 0),
            (lambda user_id: UserUpdated(user_id=user_id, name="Olga", email="o@example.com", role="owner"), 1),
            (lambda user_id: UserRemoved(user_id=user_id), 0),
        ],
    )
    async def test_are_those_of_now(
        self,
        notifier: Harness,
        account: UUID,
        post: Post,
        later: Callable[[UUID], Payload],
        mailed: int,
        backwards: bool,
    ) -> None:
        user_id = new_id()
        news = [(1, added(user_id)), (2, later(user_id))]
        for version, payload in reversed(news) if backwards else news:
            await notifier.deliver(payload, account=account, subject=user_id, version=version)
        assert len(await trouble(notifier, account, post)) == mailed


class TestALoopThatDoesNotMove:
    @pytest.mark.parametrize("lead", ["admin", None])
    async def test_is_told_to_its_assignee_and_who_is_in_charge(
        self, notifier: Harness, account: UUID, post: Post, lead: str | None
    ) -> None:
        people = {role: new_id() for role in ("owner", "admin", "agent", "viewer")}
        for role, user_id in people.items():
            await notifier.deliver(added(user_id, role, f"{role}@example.com"), account=account, subject=user_id)
        overdue = LoopOverdue(
            ticket_id=new_id(),
            number=41,
            subject="Delivery: 2 of 10",
            feedback_id=new_id(),
            customer_id=None,
            stage="contacted",
            since=notifier.clock.now(),
            due_at=notifier.clock.now(),
            assignee_id=people["agent"],
            before=20,
            lead_id=people[lead] if lead else None,
        )
        await notifier.deliver(overdue, account=account, subject=overdue.ticket_id)
        await NOTICES.run_due(notifier.runtime)
        expected = sorted(f"{role}@example.com" for role in ("agent", lead or "owner"))
        assert sorted(str(mail.content["To"]) for mail in post.mails) == expected
        assert post.mails[0].content["Subject"] == "#41 has waited to be fixed"
        assert "\u201cDelivery: 2 of 10\u201d" in post.mails[0].content.get_content()
