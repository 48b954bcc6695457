"""Who is asked by text message may answer by one: the number counts, and everything else stays a message.

Seen to fail: each of these guards taken out: what was written before, anonymous and paused surveys, pictures, edits,
other channels and kinds, invitations that are over or went by mail.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.survey.hearing.canonical import Author, FeedbackItem, Media
from services.survey.invitations.scores_in_text import comment_in, score_in
from shared.testing.harness import Harness
from tests.survey.asking import invite, set_contact_policy
from tests.survey.building import know_customer, open_survey
from tests.survey.hearing.making import Sender, heard

PHONE = "+4930123456"


@pytest.fixture
def twilio() -> Sender:
    return Sender(adapter="twilio")


def text(survey: Harness, said: str, number: int = 1, **fields: Any) -> FeedbackItem:
    defaults: dict[str, Any] = {
        "external_id": f"SM{number}",
        "occurred_at": survey.clock.now(),
        "author": Author(phone=PHONE),
        "kind": "message",
        "channel": "sms",
        "thread": PHONE,
    }
    return FeedbackItem(text=said, **defaults | fields)


async def asked(survey: Harness, account: UUID, **fields: Any) -> dict[str, Any]:
    """A survey, and its invitation by text message an hour ago."""
    client = survey.client(account=account)
    live = await open_survey(client, **fields)
    await set_contact_policy(survey, account, quiet_hours=[])
    customer = await know_customer(survey, account, phone=PHONE)
    (result,) = await invite(survey, account, live, customer, channel="sms")
    assert result["status"] == "queued", result
    survey.clock.advance(timedelta(hours=1))
    return live | {"customer_id": str(customer), "invitation_id": result["invitation_id"]}


async def responses(survey: Harness, account: UUID, live: dict[str, Any]) -> list[dict[str, Any]]:
    found = await survey.client(account=account).get("/v1/responses", params={"survey_id": live["id"]})
    data: list[dict[str, Any]] = found.json()["data"]
    return data


async def messages(survey: Harness, account: UUID) -> list[str]:
    found = (await survey.client(account=account).get("/v1/feedback")).json()["data"]
    return [each["text"] for each in found if each["kind"] == "message"]


async def state_of(survey: Harness, account: UUID, live: dict[str, Any]) -> str:
    path = f"/v1/surveys/{live['id']}/invitations"
    (invitation,) = (await survey.client(account=account).get(path)).json()["data"]
    return str(invitation["state"])


async def test_a_number_is_the_answer_and_spends_the_invitation(survey: Harness, account: UUID, twilio: Sender) -> None:
    live = await asked(survey, account)
    (first,) = await heard(survey, account, twilio, text(survey, "9"))
    (again,) = await heard(survey, account, twilio, text(survey, "9"))

    assert (first.outcome, again.outcome) == ("new", "same")
    (response,) = await responses(survey, account, live)
    assert (response["channel"], response["completed"]) == ("sms", True)
    assert response["answers"] == [{"question": "score", "value": 9}]
    assert await state_of(survey, account, live) == "answered"
    assert await messages(survey, account) == []


async def test_words_to_it_are_its_comment(survey: Harness, account: UUID, twilio: Sender) -> None:
    live = await asked(survey, account)
    await heard(survey, account, twilio, text(survey, "4. Nobody answered my mails"))

    (response,) = await responses(survey, account, live)
    values = {answer["question"]: answer["value"] for answer in response["answers"]}
    assert values == {"score": 4, "comment": "4. Nobody answered my mails"}
    assert await messages(survey, account) == []


async def test_the_second_number_is_a_message(survey: Harness, account: UUID, twilio: Sender) -> None:
    live = await asked(survey, account)
    items = [text(survey, "9"), text(survey, "2", number=2)]
    await heard(survey, account, twilio, *items)

    (response,) = await responses(survey, account, live)
    assert response["answers"][0]["value"] == 9
    assert await messages(survey, account) == ["2"]


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        ("thanks!", {}),
        ("11", {}),
        ("9", {"author": Author(phone="+4930999999")}),
        ("9", {"channel": "whatsapp"}),
        ("9", {"kind": "review"}),
        ("9", {"op": "update"}),
        ("9", {"media": (Media(url="https://api.twilio.com/1"),)}),
    ],
)
async def test_what_is_no_answer_stays_what_it_is(
    survey: Harness, account: UUID, twilio: Sender, said: str, fields: dict[str, Any]
) -> None:
    live = await asked(survey, account)
    await heard(survey, account, twilio, text(survey, said, **fields))
    assert await responses(survey, account, live) == []
    assert await state_of(survey, account, live) == "open"


async def test_what_was_written_before_answers_nothing(survey: Harness, account: UUID, twilio: Sender) -> None:
    live = await asked(survey, account)
    before = survey.clock.now() - timedelta(hours=2)
    await heard(survey, account, twilio, text(survey, "9", occurred_at=before))
    assert await responses(survey, account, live) == []


async def test_the_second_number_is_a_message_also_when_it_comes_later(
    survey: Harness, account: UUID, twilio: Sender
) -> None:
    live = await asked(survey, account)
    await heard(survey, account, twilio, text(survey, "9"))
    survey.clock.advance(timedelta(minutes=1))
    await heard(survey, account, twilio, text(survey, "2", number=2))

    (response,) = await responses(survey, account, live)
    assert response["answers"][0]["value"] == 9
    assert await messages(survey, account) == ["2"]


async def test_a_paused_survey_takes_no_answers_by_number(survey: Harness, account: UUID, twilio: Sender) -> None:
    live = await asked(survey, account)
    paused = await survey.client(account=account).post(f"/v1/surveys/{live['id']}/pause")
    assert paused.status_code == 200, paused.text
    await heard(survey, account, twilio, text(survey, "9"))
    assert await responses(survey, account, live) == []
    assert await messages(survey, account) == ["9"]


async def test_an_invitation_that_is_over_takes_no_answers(survey: Harness, account: UUID, twilio: Sender) -> None:
    live = await asked(survey, account)
    survey.clock.advance(timedelta(days=31))
    await heard(survey, account, twilio, text(survey, "9"))
    assert await responses(survey, account, live) == []
    assert await messages(survey, account) == ["9"]


async def test_an_invitation_that_was_revoked_takes_no_answers(survey: Harness, account: UUID, twilio: Sender) -> None:
    live = await asked(survey, account)
    path = f"/v1/surveys/{live['id']}/invitations/{live['invitation_id']}/revoke"
    assert (await survey.client(account=account).post(path)).status_code == 200
    await heard(survey, account, twilio, text(survey, "9"))
    assert await responses(survey, account, live) == []
    assert await messages(survey, account) == ["9"]


async def test_who_was_asked_by_mail_is_not_answering_by_text(survey: Harness, account: UUID, twilio: Sender) -> None:
    live = await open_survey(survey.client(account=account))
    await set_contact_policy(survey, account, quiet_hours=[])
    customer = await know_customer(survey, account, phone=PHONE, email="ana@example.com")
    await invite(survey, account, live, customer, channel="email")
    survey.clock.advance(timedelta(hours=1))
    await heard(survey, account, twilio, text(survey, "9"))
    assert await responses(survey, account, live) == []
    assert await messages(survey, account) == ["9"]


async def test_of_two_questions_the_newest_is_answered(survey: Harness, account: UUID, twilio: Sender) -> None:
    before = await asked(survey, account)
    survey.clock.advance(timedelta(days=20))
    client = survey.client(account=account)
    now = await open_survey(client, name="The second one")
    (result,) = await invite(survey, account, now, UUID(before["customer_id"]), channel="sms")
    assert result["status"] == "queued", result
    survey.clock.advance(timedelta(hours=1))
    await heard(survey, account, twilio, text(survey, "9"))
    assert (len(await responses(survey, account, now)), await responses(survey, account, before)) == (1, [])


async def test_an_anonymous_survey_takes_no_answers_by_number(survey: Harness, account: UUID, twilio: Sender) -> None:
    page = {"key": "p", "questions": [{"key": "score", "type": "nps", "title": {"en": "How likely?"}}]}
    live = await asked(survey, account, kind=None, definition={"pages": [page], "anonymous": True})
    await heard(survey, account, twilio, text(survey, "9"))
    assert await responses(survey, account, live) == []


async def test_a_survey_that_wants_more_keeps_the_score(survey: Harness, account: UUID, twilio: Sender) -> None:
    questions = [
        {"key": "score", "type": "nps", "title": {"en": "How likely?"}},
        {"key": "again", "type": "number", "title": {"en": "How often?"}, "required": True},
    ]
    page = {"key": "p", "questions": questions}
    live = await asked(survey, account, kind=None, definition={"pages": [page]})
    await heard(survey, account, twilio, text(survey, "9"))

    (response,) = await responses(survey, account, live)
    assert (response["completed"], response["answers"][0]["value"]) == (False, 9)
    assert await state_of(survey, account, live) == "open"


@pytest.mark.parametrize(
    ("said", "scale", "score"),
    [
        ("9", (0, 10), 9),
        ("10/10", (0, 10), 10),
        ("I give you a 7, thanks", (0, 10), 7),
        ("9 because it took 45 minutes", (0, 10), 9),
        ("45 minutes, so 3", (1, 5), 3),
        ("٩", (0, 10), 9),
        ("Neun", (0, 10), 9),
        ("cinq !", (1, 5), 5),
        ("⭐⭐⭐⭐", (1, 5), 4),
        ("👍", (1, 2), 2),
        ("nein", (1, 2), 1),
        ("👍", (0, 10), None),
        ("great", (0, 10), None),
        ("11", (0, 10), None),
        ("8.5", (0, 10), None),
        ("5%", (0, 10), None),
        ("€5 too much", (0, 10), 5),
        ("order #7", (0, 10), None),
        ("at 9:30", (0, 10), None),
        ("-1", (0, 10), None),
        ("B2B", (0, 10), None),
    ],
)
def test_scores_in_texts(said: str, scale: tuple[int, int], score: int | None) -> None:
    assert score_in(said, *scale) == score


@pytest.mark.parametrize(
    ("said", "comment"), [("9", None), ("10/10", None), ("neun", None), ("👍", None), (" 9, quick! ", "9, quick!")]
)
def test_what_is_said_besides(said: str, comment: str | None) -> None:
    assert comment_in(said) == comment
