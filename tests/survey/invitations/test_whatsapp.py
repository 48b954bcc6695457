"""Asked by WhatsApp: with a template's buttons or, to whoever wrote a moment ago, with numbers; both are the answer.

Seen to fail: without each of the scale, the language, the 24 hours, what a button stands for, and the channel that an
answer came by.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.survey.hearing.canonical import Author, FeedbackItem
from shared.contracts.notifier import SurveyRequested
from shared.contracts.survey import InvitationCreated, InvitationReminded
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.asking import gate_of, invite, set_contact_policy, set_survey_policy
from tests.survey.building import know_customer, open_survey
from tests.survey.hearing.making import Sender, heard

PHONE = "+4930123456"
TWILIO = Sender(adapter="twilio")
ANY, GERMAN = (f"HX{digit * 32}" for digit in "12")


def said(survey: Harness, text: str, **fields: Any) -> FeedbackItem:
    defaults: dict[str, Any] = {
        "external_id": f"SM{new_id().hex}",
        "occurred_at": survey.clock.now(),
        "author": Author(phone=PHONE),
        "kind": "message",
        "channel": "whatsapp",
        "thread": PHONE,
    }
    return FeedbackItem(text=text, **defaults | fields)


async def connect(survey: Harness, account: UUID, *templates: dict[str, Any]) -> None:
    body = {
        "adapter": "twilio",
        "name": "WhatsApp",
        "settings": {"whatsapp_templates": list(templates)},
        "secrets": {"signing_secrets": ["auth token of ours"]},
    }
    answer = await survey.client(account=account).post("/v1/sources", json=body)
    assert answer.status_code == 201, answer.text


def template(sid: str = ANY, *, lowest: int = 1, highest: int = 5, locale: str | None = None) -> dict[str, Any]:
    return {"lowest": lowest, "highest": highest, "locale": locale, "content_sid": sid}


async def csat(survey: Harness, account: UUID, **customer: Any) -> tuple[dict[str, Any], UUID]:
    await set_contact_policy(survey, account, quiet_hours=[])
    live = await open_survey(survey.client(account=account), kind="csat")
    return live, await know_customer(survey, account, phone=PHONE, **customer)


async def told(survey: Harness, account: UUID) -> InvitationCreated:
    """The one invitation."""
    (data,) = [event.data for event in await survey.emitted(account) if isinstance(event.data, InvitationCreated)]
    return data


async def answers(survey: Harness, account: UUID, live: dict[str, Any]) -> list[tuple[str, Any]]:
    found = await survey.client(account=account).get("/v1/responses", params={"survey_id": live["id"]})
    return [(each["channel"], each["answers"][0]["value"]) for each in found.json()["data"]]


async def messages(survey: Harness, account: UUID) -> list[str]:
    found = (await survey.client(account=account).get("/v1/feedback")).json()["data"]
    return [each["text"] for each in found if each["kind"] == "message"]


@pytest.mark.parametrize(
    ("text", "tapped", "score"), [("Very good", "5", 5), ("4", None, 4), ("Good", "good", None), ("6", None, None)]
)
async def test_a_button_or_a_number_is_the_answer(
    survey: Harness, account: UUID, text: str, tapped: str | None, score: int | None
) -> None:
    await connect(survey, account, template())
    live, ana = await csat(survey, account)
    (result,) = await invite(survey, account, live, ana, channel="whatsapp")
    assert result["status"] == "queued", result
    invitation = await told(survey, account)
    assert (invitation.channel, invitation.medium, invitation.whatsapp_template) == ("link", "whatsapp", ANY)

    survey.clock.advance(timedelta(minutes=5))
    await heard(survey, account, TWILIO, said(survey, text, tapped=tapped))
    assert await answers(survey, account, live) == ([("whatsapp", score)] if score is not None else [])
    assert await messages(survey, account) == ([] if score is not None else [text])


async def test_whoever_was_asked_by_whatsapp_answers_there(survey: Harness, account: UUID) -> None:
    await connect(survey, account, template())
    live, ana = await csat(survey, account)
    await invite(survey, account, live, ana, channel="whatsapp")
    survey.clock.advance(timedelta(minutes=5))
    await heard(survey, account, TWILIO, said(survey, "4", channel="sms"))
    assert await answers(survey, account, live) == []


@pytest.mark.parametrize(
    ("templates", "chosen"),
    [
        ([template(), template(GERMAN, locale="de")], GERMAN),
        ([template(GERMAN, locale="pt"), template()], ANY),
        ([template(GERMAN, locale="pt")], None),
        ([template(highest=7)], None),
        ([], None),
    ],
)
async def test_the_template_is_of_the_scale_and_the_language(
    survey: Harness, account: UUID, templates: list[dict[str, Any]], chosen: str | None
) -> None:
    await connect(survey, account, *templates)
    live, ana = await csat(survey, account, locale="de-AT")
    (result,) = await invite(survey, account, live, ana, channel="whatsapp")
    if chosen is None:
        assert (result["status"], result["gate"]) == ("refused", "no_template")
    else:
        assert (await told(survey, account)).whatsapp_template == chosen


async def test_within_a_day_of_their_words_no_template_is_needed(survey: Harness, account: UUID) -> None:
    live, ana = await csat(survey, account)
    await set_survey_policy(survey, account, live, reminders={"most": 1, "days": 3})
    assert await gate_of(survey, account, live, ana, channel="whatsapp") == "no_template"
    await heard(survey, account, TWILIO, said(survey, "My parcel has not come"))
    survey.clock.advance(timedelta(hours=23, minutes=59))
    assert await gate_of(survey, account, live, ana, channel="whatsapp") is None
    await invite(survey, account, live, ana, channel="whatsapp")
    assert (await told(survey, account)).whatsapp_template is None

    # Three days later nothing may be sent any more.
    survey.clock.advance(timedelta(days=4))
    await survey.run_timers()
    assert not [each for each in await survey.emitted(account) if isinstance(each.data, InvitationReminded)]
    assert await gate_of(survey, account, live, ana, channel="whatsapp") == "no_template"


@pytest.mark.parametrize(("known", "medium"), [(True, "whatsapp"), (False, "email")])
async def test_who_wrote_by_whatsapp_is_asked_there_about_the_ticket(
    survey: Harness, account: UUID, known: bool, medium: str
) -> None:
    await set_contact_policy(survey, account, quiet_hours=[])
    ana = await know_customer(survey, account, phone=PHONE, email="ana@example.com")
    await connect(survey, account, *([template()] if known else []))
    (message,) = await heard(survey, account, TWILIO, said(survey, "My parcel has not come"))
    survey.clock.advance(timedelta(days=2))
    request = SurveyRequested(
        request_id=new_id(),
        rule_id=new_id(),
        run_id=new_id(),
        customer_id=ana,
        ticket_id=new_id(),
        kind="csat",
        touchpoint=None,
        feedback_id=message.feedback_id,
    )
    await survey.deliver(request, account=account)
    assert (await told(survey, account)).medium == medium
