"""What people ask for again and again about making surveys, each shown to be there."""

from uuid import UUID

from shared.contracts.feedback import FeedbackReceived
from shared.testing.harness import Harness
from tests.survey.building import make_survey, open_survey, response_to, understand
from tests.survey.definition.making import page, question, when


class TestComparableWaves:
    """Recurring surveys must be comparable, although their words change (PostHog #22099, #20076)."""

    async def test_a_reworded_question_is_still_the_same_one(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        await client.post("/v1/responses", json=response_to(live, "spring"))
        await client.patch(
            f"/v1/surveys/{live['id']}", json={"texts": {"en": {"question": "Would you tell a friend?"}}}
        )
        await client.post(f"/v1/surveys/{live['id']}/publish")
        await client.post("/v1/responses", json=response_to(live, "autumn"))
        versions = [item["survey_version"] for item in (await client.get("/v1/responses")).json()["data"]]
        await understand(survey, account)
        told = [event.data for event in await survey.emitted(account, FeedbackReceived)]
        assert sorted(versions) == [1, 2]
        assert [each.ratings[0].question for each in told if isinstance(each, FeedbackReceived)] == ["score", "score"]


class TestLimitsForAnOption:
    """Limit how many may choose an option (Formbricks #4677)."""

    async def test_a_quota_speaks_of_an_option_that_there_is(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        asked = {"pages": [page("p", question("seat", "single"))]}
        for option, status in (("yes", 200), ("maybe", 422)):
            quota = {"key": "seats", "limit": 20, "when": when("question.seat", "equals", option)}
            draft = await make_survey(client, kind="custom", definition=asked | {"quotas": [quota]})
            published = await client.post(f"/v1/surveys/{draft['id']}/publish")
            assert published.status_code == status
            if status == 422:
                assert published.json()["errors"][0]["pointer"] == "/definition/quotas/0/when/value"


class TestWhatAScoreIs:
    """A question from 0 to 10 is no NPS because of that (PostHog #19500); more than one question (Chatwoot #6506)."""

    async def test_is_said_by_its_type_and_never_guessed(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        asked = {
            "pages": [page("p", question("stars", "rating", points=10), question("again", "nps"), question("why"))]
        }
        live = await open_survey(client, kind="custom", definition=asked)
        given = [{"question": "stars", "value": 9}, {"question": "again", "value": 3}]
        await client.post("/v1/responses", json=response_to(live, answers=given))
        await understand(survey, account)
        [event] = await survey.emitted(account, FeedbackReceived)
        assert isinstance(event.data, FeedbackReceived)
        assert [(each.question, each.rating.scheme) for each in event.data.ratings] == [
            ("stars", "rating"),
            ("again", "nps"),
        ]
