"""What an alarm says in a mail, and who gets it. Seen to fail: the owners told although somebody has it."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from services.notifier.notices.alerts import mail_about
from services.notifier.notices.delivery import NOTICES
from services.notifier.templates.texts import LOCALES
from shared.contracts.gateway import UserAdded
from shared.contracts.metrics import AlertCause, AlertRaised
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.notifier.builders import an_account
from tests.notifier.notices.test_notices import Post, added


def an_alarm(**changes: Any) -> AlertRaised:
    values: dict[str, Any] = {
        "alarm_id": new_id(),
        "alert_id": new_id(),
        "name": "NPS falls\r\nBcc: all@example.com",
        "metric": "nps",
        "title": "Net Promoter Score",
        "unit": "points from -100 to 100",
        "direction": "down",
        "since": date(2026, 2, 16),
        "until": date(2026, 3, 2),
        "value": 18.5,
        "expected": 34.0,
        "change": -15.5,
        "low": -23.4,
        "high": -7.6,
        "n": 400,
        "groups": ("web",),
        "causes": (AlertCause(dimension="touchpoint", group="checkout", share=0.92),),
        "owner_id": None,
    }
    return AlertRaised(**values | changes)


@pytest.fixture
async def post(notifier: Harness, monkeypatch: pytest.MonkeyPatch) -> Post:
    post = Post()
    monkeypatch.setattr("services.notifier.notices.delivery.mailer_of", lambda runtime: post)
    # What tests before this one left in the queue is sent now, and forgotten.
    await NOTICES.run_due(notifier.runtime)
    post.mails.clear()
    return post


@pytest.mark.parametrize("language", LOCALES)
def test_says_it_in_every_language(language: str) -> None:
    alarm = an_alarm()
    subject, text = mail_about(alarm, language)
    assert alarm.title in subject
    said = ["18.5", "34", "-15.5", "-23.4", "-7.6", "400", "web", "checkout", "92%", "2026-03-01", str(alarm.alarm_id)]
    assert [each for each in said if each not in text] == []
    assert "{" not in text
    assert "\r" not in text


async def test_goes_to_whose_it_is_or_to_the_owners(notifier: Harness, account: UUID, post: Post) -> None:
    await an_account(notifier, account, locale="de-AT")
    owner, analyst = new_id(), new_id()
    told: list[UserAdded] = [added(owner, email="olga@example.com"), added(analyst, "manager", "ana@example.com")]
    for each in told:
        await notifier.deliver(each, account=account, subject=each.user_id)
    await notifier.deliver(an_alarm(owner_id=analyst), account=account)
    await notifier.deliver(an_alarm(direction="up"), account=account)
    await NOTICES.run_due(notifier.runtime)
    assert [
        (mail.recipient, mail.content["Subject"]) for mail in sorted(post.mails, key=lambda mail: mail.recipient)
    ] == [
        ("ana@example.com", "Net Promoter Score ist gefallen"),
        ("olga@example.com", "Net Promoter Score ist gestiegen"),
    ]
