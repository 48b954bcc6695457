"""Owners are mailed once about a source in trouble; nobody else is, and nobody who has left. Of a loop that does not
move its assignee hears, too.

Seen to fail: the mail to everybody, the removal forgotten, the order of the news trusted.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, get_args
from uuid import UUID

import pytest

from services.notifier.messages.mailers import Mail
from services.notifier.notices.delivery import NOTICES
from services.notifier.notices.sources import mail_about
from services.notifier.templates.texts import LOCALES
from shared.contracts.base import Payload
from shared.contracts.gateway import UserAdded, UserRemoved, UserUpdated
from shared.contracts.metrics import NumbersDiffer
from shared.contracts.sources import SourceEvidence, SourceTrouble, SourceTroubled
from shared.contracts.tickets import LoopOverdue
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.notifier.builders import an_account


class Post:
    """A mailer that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []

    async def send(self, mail: Mail) -> None:
        self.mails.append(mail)


@pytest.fixture
async def post(notifier: Harness, monkeypatch: pytest.MonkeyPatch) -> Post:
    post = Post()
    monkeypatch.setattr("services.notifier.notices.delivery.mailer_of", lambda runtime: post)
    # What tests before this one left in the queue is sent now, and forgotten.
    await NOTICES.run_due(notifier.runtime)
    post.mails.clear()
    return post


def added(user_id: UUID, role: str = "owner", email: str | None = None) -> UserAdded:
    return UserAdded(user_id=user_id, name="Olga", email=email or f"{user_id}@example.com", role=role)


def a_trouble(at: datetime, **changes: Any) -> SourceTroubled:
    values: dict[str, Any] = {
        "source_id": new_id(),
        "adapter": "shopify",
        "name": "The shop\r\nBcc: all@example.com",
        "trouble": "failing",
        "detail": "The last 3 requests were refused.",
        "remedy": "Compare the secrets.",
        "since": at,
    }
    return SourceTroubled(**values | changes)


async def trouble(notifier: Harness, account: UUID, post: Post, **changes: Any) -> list[Mail]:
    troubled = a_trouble(notifier.clock.now(), **changes)
    source_id = troubled.source_id
    raw = notifier.event(troubled, account=account, subject=source_id)
    await notifier.deliver_raw([raw])
    await notifier.deliver_raw([raw])
    await NOTICES.run_due(notifier.runtime)
    return post.mails


@pytest.mark.parametrize("language", LOCALES)
class TestEveryLanguage:
    """In which customers are written to, too."""

    @pytest.mark.parametrize("kind", get_args(SourceTrouble))
    def test_has_words_for_every_trouble(self, language: str, kind: SourceTrouble) -> None:
        troubled = a_trouble(datetime(2026, 3, 1, tzinfo=UTC), name="{shop}", trouble=kind)
        subject, text = mail_about(troubled, f"{language}-XX")
        assert subject.startswith("{shop} ")
        assert subject.removeprefix("{shop} ") in text
        assert ("Compare the" in text or "Look at" in text or "Enter fresh" in text) is (language == "en")
        assert (str(troubled.source_id) in text) is (kind == "denied")

    def test_has_words_for_all_that_is_seen(self, language: str) -> None:
        at = datetime(2026, 3, 1, 7, 5, tzinfo=UTC)
        for kind, shown in (("refused", "stale 2"), ("unreadable", "3"), ("unannounced", "07:05"), ("silent", "07:05")):
            seen = {"kind": kind, "count": 3, "reasons": {"stale": 2}, "since": at}
            _, text = mail_about(a_trouble(at, evidence=seen), language)
            assert shown in text
            assert "were refused." not in text


class TestOwners:
    async def test_are_mailed_once(self, notifier: Harness, account: UUID, post: Post) -> None:
        for role in ("owner", "agent"):
            user_id = new_id()
            await notifier.deliver(added(user_id, role, f"{role}.{account}@example.com"), account=account)
        [mail] = await trouble(notifier, account, post)
        assert mail.recipient == f"owner.{account}@example.com"
        assert mail.content["Subject"] == "The shop Bcc: all@example.com has problems"
        assert mail.content["Auto-Submitted"] == "auto-generated"
        assert "Compare the secrets here with those at the sender" in mail.content.get_content()
        # Here nobody but the sender said what was wrong.
        assert "What was seen: The last 3 requests were refused.\n" in mail.content.get_content()

    async def test_are_mailed_in_the_accounts_language(self, notifier: Harness, account: UUID, post: Post) -> None:
        await an_account(notifier, account, locale="de-AT")
        await notifier.deliver(added(new_id()), account=account)
        evidence = SourceEvidence(kind="silent", since=datetime(2026, 3, 1, 7, 5, tzinfo=UTC))
        [mail] = await trouble(notifier, account, post, name="Laden", trouble="silent", evidence=evidence)
        assert mail.content["Subject"] == "Laden sendet nichts mehr"
        text = mail.content.get_content()
        assert "Die Quelle „Laden“ (shopify) sendet nichts mehr." in text
        assert "Seit 2026-03-01 07:05 UTC ist nichts mehr gekommen." in text
        assert "Prüfen Sie beim Absender" in text

    async def test_hear_of_numbers_that_are_wrong(self, notifier: Harness, account: UUID, post: Post) -> None:
        await notifier.deliver(added(new_id()), account=account)
        differ = NumbersDiffer(cells=2, tickets=1, verified_at=notifier.clock.now())
        await notifier.deliver(differ, account=account, subject=account)
        await NOTICES.run_due(notifier.runtime)
        [mail] = post.mails
        assert "2 sums of scores and 1 tickets" in mail.content.get_content()

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
