"""The life of a survey, from a name and a kind to its archive."""

from typing import Any
from uuid import UUID

import pytest

from shared.contracts.survey import SurveyPublished
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.building import make_survey, open_survey, response_to

OF_ONE = ["GET {0}", "PATCH {0}", *(f"POST {{0}}/{verb}" for verb in ("publish", "pause", "archive", "duplicate"))]
EVERY = ["GET /v1/surveys", "POST /v1/surveys", *OF_ONE]


OWN = {"pages": [{"key": "p", "questions": [{"key": "q", "type": "email", "title": {"en": "Mail?"}}]}]}


def changed_question(**fields: Any) -> dict[str, Any]:
    """A definition with this in its one question."""
    question = OWN["pages"][0]["questions"][0] | fields  # type: ignore[operator]
    return {"pages": [{"key": "p", "questions": [question]}]}


def asked(made: dict[str, Any]) -> list[dict[str, Any]]:
    """Its questions, in order."""
    return [question for page in made["definition"]["pages"] for question in page["questions"]]


class TestAccess:
    @pytest.mark.parametrize("call", EVERY)
    async def test_needs_a_credential(self, survey: Harness, call: str) -> None:
        method, _, path = call.format(f"/v1/surveys/{new_id()}").partition(" ")
        assert (await survey.anonymous().request(method, path, json={})).status_code == 401

    @pytest.mark.parametrize("call", OF_ONE)
    async def test_another_accounts_survey_is_not_there(self, survey: Harness, account: UUID, call: str) -> None:
        mine = await make_survey(survey.client(account=account))
        method, _, path = call.format(f"/v1/surveys/{mine['id']}").partition(" ")
        answer = await survey.client(account=new_id()).request(method, path, json={})
        assert (answer.status_code, answer.json()["code"]) == (404, "survey_not_found")

    async def test_the_list_shows_only_ones_own(self, survey: Harness, account: UUID) -> None:
        await make_survey(survey.client(account=account))
        assert (await survey.client(account=new_id()).get("/v1/surveys")).json()["data"] == []

    async def test_reading_does_not_allow_writing(self, survey: Harness, account: UUID) -> None:
        reader = survey.client("surveys:read", account=account)
        answer = await reader.post("/v1/surveys", json={"name": "x", "kind": "nps"})
        assert answer.status_code == 403


class TestMakingASurvey:
    @pytest.mark.parametrize(("kind", "points"), [("nps", None), ("csat", 5), ("ces", 7)])
    async def test_a_name_and_a_kind_suffice(
        self, survey: Harness, account: UUID, kind: str, points: int | None
    ) -> None:
        made = await make_survey(survey.client(account=account), kind=kind)
        score, comment = asked(made)
        assert (made["state"], made["version"], made["published_version"]) == ("draft", 1, None)
        assert (score["key"], score["type"], score["required"]) == ("score", kind, True)
        assert score.get("points") == points
        assert (comment["key"], comment["type"], comment["required"]) == ("comment", "long_text", False)
        assert {"en", "de"} <= set(score["title"]) == set(comment["title"]) == set(made["definition"]["locales"])

    async def test_own_words_stand_in_for_the_ready_made(self, survey: Harness, account: UUID) -> None:
        texts = {"en": {"question": "Would you send a friend to our shop?"}, "pt": {"comment": "Porquê?"}}
        made = await make_survey(survey.client(account=account), texts=texts)
        score, comment = asked(made)
        assert score["title"]["en"] == "Would you send a friend to our shop?"
        assert score["low_label"]["en"] == "Not at all likely"
        assert score["title"]["de"].startswith("Wie wahrscheinlich")
        assert comment["title"]["pt"] == "Porquê?"
        assert "pt" in made["definition"]["locales"]

    async def test_an_effort_question_may_say_that_high_is_hard(self, survey: Harness, account: UUID) -> None:
        made = await make_survey(survey.client(account=account), kind="ces", direction="high_is_bad")
        assert asked(made)[0]["high_label"]["en"] == "Very much effort"

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"name": "x", "kind": "stars"}, "/kind"),
            ({"name": " ", "kind": "nps"}, "/name"),
            ({"kind": "nps"}, "/name"),
            ({"name": "x", "kind": "nps", "colour": "red"}, "/colour"),
            ({"name": "x", "kind": "nps", "locale": "german!"}, "/locale"),
            ({"name": "x", "kind": "nps", "touchpoint": "At the door"}, "/touchpoint"),
            ({"name": "x", "kind": "nps", "direction": "high_is_bad"}, ""),
            ({"name": "x", "kind": "nps", "texts": {"en": {"question": ""}}}, "/texts/en/question"),
            ({"name": "x", "kind": "nps", "locale": "tlh"}, "/locale"),
            ({"name": "x", "kind": "custom"}, ""),
            ({"name": "x", "kind": "custom", "definition": OWN, "locale": "de"}, ""),
            ({"name": "x", "kind": "custom", "definition": {"pages": []}}, "/definition/pages"),
            (
                {"name": "x", "kind": "custom", "definition": changed_question(type="nps", colour="red")},
                "/definition/pages/0/questions/0/colour",
            ),
            (
                {"name": "x", "kind": "custom", "definition": changed_question(show_when={"all": [{"subject": "x"}]})},
                "/definition/pages/0/questions/0/show_when/all/0/operator",
            ),
        ],
    )
    async def test_what_is_wrong_is_named(
        self, survey: Harness, account: UUID, body: dict[str, object], pointer: str
    ) -> None:
        answer = await survey.client(account=account).post("/v1/surveys", json=body)
        assert answer.status_code == 422
        assert pointer in [error["pointer"] for error in answer.json()["errors"]]

    async def test_a_definition_of_ones_own_is_kept_as_it_is(self, survey: Harness, account: UUID) -> None:
        made = await make_survey(survey.client(account=account), kind="custom", definition=OWN)
        assert (made["kind"], [question["key"] for question in asked(made)]) == ("custom", ["q"])
        again = await make_survey(survey.client(account=account), kind="custom", definition=made["definition"])
        assert again["definition"] == made["definition"]


class TestChanging:
    async def test_replaces_the_whole_definition_or_its_first_language(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        made = await make_survey(client)
        path = f"/v1/surveys/{made['id']}"
        german = (await client.patch(path, json={"locale": "de"})).json()
        assert (german["locale"], german["definition"]["locales"][0]) == ("de", "de")
        assert set(german["definition"]["locales"]) == set(made["definition"]["locales"])
        own = (await client.patch(path, json={"definition": OWN})).json()
        assert [question["key"] for question in asked(own)] == ["q"]
        refused = await client.patch(path, json={"locale": "de"})
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/locale")

    async def test_changes_only_what_is_given(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        made = await make_survey(client, touchpoint="delivery", journey_stage="use")
        answer = await client.patch(f"/v1/surveys/{made['id']}", json={"name": "Later", "journey_stage": None})
        changed = answer.json()
        assert (changed["name"], changed["touchpoint"], changed["journey_stage"]) == ("Later", "delivery", None)
        assert answer.headers["etag"] == '"2"'

    async def test_refuses_to_overwrite_somebody_elses_change(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        made = await make_survey(client)
        path = f"/v1/surveys/{made['id']}"
        assert (await client.patch(path, json={"name": "A"}, headers={"If-Match": '"1"'})).status_code == 200
        assert (await client.patch(path, json={"name": "B"}, headers={"If-Match": '"1"'})).status_code == 412
        assert (await client.get(path)).json()["name"] == "A"

    async def test_reaches_respondents_with_the_next_publish(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        path = f"/v1/surveys/{live['id']}"
        changed = await client.patch(path, json={"texts": {"en": {"question": "Better?"}}})
        assert changed.json()["published_version"] == 1
        assert (await client.post(f"{path}/publish")).json()["published_version"] == 2


class TestPublishing:
    async def test_tells_the_others_which_version_is_open(self, survey: Harness, account: UUID) -> None:
        live = await open_survey(survey.client(account=account))
        [event] = await survey.emitted(account, SurveyPublished)
        assert isinstance(event.data, SurveyPublished)
        assert (str(event.data.survey_id), event.data.survey_version) == (live["id"], 1)

    async def test_twice_without_a_change_is_once(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        again = await client.post(f"/v1/surveys/{live['id']}/publish")
        assert (again.json()["published_version"], again.json()["version"]) == (1, live["version"])
        assert len(await survey.emitted(account, SurveyPublished)) == 1

    async def test_answers_stay_with_the_version_they_were_given_to(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        await client.post("/v1/responses", json=response_to(live, "before"))
        await client.patch(f"/v1/surveys/{live['id']}", json={"name": "Newer"})
        await client.post(f"/v1/surveys/{live['id']}/publish")
        await client.post("/v1/responses", json=response_to(live, "after"))
        found = (await client.get("/v1/responses")).json()["data"]
        assert {item["submission_id"]: item["survey_version"] for item in found} == {"before": 1, "after": 2}


class TestClosing:
    async def test_a_paused_survey_takes_no_answers_until_it_is_published_again(
        self, survey: Harness, account: UUID
    ) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        await client.post("/v1/responses", json=response_to(live, "before"))
        assert (await client.post(f"/v1/surveys/{live['id']}/pause")).json()["state"] == "paused"
        refused = await client.post("/v1/responses", json=response_to(live, "while"))
        assert (refused.status_code, refused.json()["code"]) == (409, "survey_closed")
        await client.post(f"/v1/surveys/{live['id']}/publish")
        assert (await client.post("/v1/responses", json=response_to(live, "after"))).status_code == 201

    async def test_a_draft_cannot_be_paused(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        made = await make_survey(client)
        assert (await client.post(f"/v1/surveys/{made['id']}/pause")).status_code == 409

    async def test_an_archived_survey_is_final_but_can_be_copied(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client, texts={"en": {"question": "Mine?"}})
        path = f"/v1/surveys/{live['id']}"
        await client.post(f"{path}/archive")
        refused = await client.post(f"{path}/publish")
        assert (refused.status_code, refused.json()["code"]) == (409, "survey_archived")
        copy = (await client.post(f"{path}/duplicate")).json()
        assert (copy["state"], copy["definition"]) == ("draft", live["definition"])
        assert copy["id"] != live["id"]


class TestListing:
    async def test_newest_first_page_by_page_and_filtered(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        names = [f"Survey {number}" for number in range(5)]
        for name in names:
            await make_survey(client, name=name)
        await open_survey(client, name="Live", kind="csat")
        first = (await client.get("/v1/surveys", params={"limit": 4, "state": "draft"})).json()
        rest = (
            await client.get("/v1/surveys", params={"limit": 4, "state": "draft", "cursor": first["next_cursor"]})
        ).json()
        assert [item["name"] for item in first["data"] + rest["data"]] == names[::-1]
        assert rest["next_cursor"] is None
        live = (await client.get("/v1/surveys", params={"kind": "csat"})).json()["data"]
        assert [item["name"] for item in live] == ["Live"]
