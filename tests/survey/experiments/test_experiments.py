"""Which way of asking works better: drawn once, kept for good, told to the metrics."""

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.survey.experiments.schemas import HOLDOUT, Experiment
from services.survey.experiments.service import draw
from shared.contracts.customers import CustomerMerged
from shared.contracts.feedback import FeedbackReceived
from shared.contracts.survey import InvitationCreated, InvitationRefused, ResponseReceived, VariantAssigned
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.asking import gate_of, invite, set_contact_policy
from tests.survey.building import know_customer, make_survey, open_survey, understand

WORDS: dict[str, Any] = {
    "name": "Subjects",
    "of": "invitation",
    "variants": [{"key": "plain"}, {"key": "warm", "subject": "A word from you?", "text": "It would help us."}],
}
CALLS = ("POST {}/experiments", "GET {}/experiments", "GET {}/experiments/{}", "POST {}/experiments/{}/end")


class TestAccess:
    @pytest.mark.parametrize("call", CALLS)
    async def test_needs_a_credential(self, survey: Harness, call: str) -> None:
        method, _, path = call.format(f"/v1/surveys/{new_id()}", new_id()).partition(" ")
        assert (await survey.anonymous().request(method, path, json={})).status_code == 401

    @pytest.mark.parametrize("call", CALLS)
    async def test_another_accounts_survey_is_not_there(self, survey: Harness, account: UUID, call: str) -> None:
        live = await open_survey(survey.client(account=account))
        experiment = await start(survey, account, live, WORDS)
        method, _, path = call.format(f"/v1/surveys/{live['id']}", experiment["id"]).partition(" ")
        assert (await survey.client(account=new_id()).request(method, path, json=WORDS)).status_code == 404


class TestInvitations:
    async def test_each_customer_has_one_way_for_good_and_it_is_told_once(self, survey: Harness, account: UUID) -> None:
        people = [await know_customer(survey, account, email=f"c{n}@example.com") for n in range(20)]
        live = await open_survey(survey.client(account=account), cooldown_days=0)
        await set_contact_policy(survey, account, budgets=[])
        experiment = await start(survey, account, live, WORDS)
        rounds = []
        for _ in range(2):
            await invite(survey, account, live, *people, expires_in_days=1)
            rounds.append({one.customer_id: one for one in (await created(survey, account))[-20:]})
            survey.clock.advance(timedelta(days=2))
        first, second = rounds
        assert {one: first[one].variant for one in people} == {one: second[one].variant for one in people}
        assert {(one.variant, one.subject, one.text) for one in first.values()} == {
            ("plain", None, None),
            ("warm", "A word from you?", "It would help us."),
        }
        told = [event.data for event in await survey.emitted(account, VariantAssigned)]
        assert {one.customer_id: one.variant for one in told if isinstance(one, VariantAssigned)} == {
            one: first[one].variant for one in people
        }
        shown = await survey.client(account=account).get(f"/v1/surveys/{live['id']}/experiments/{experiment['id']}")
        assert shown.json()["assigned"] == dict(Counter(one.variant for one in first.values()))

    async def test_the_answer_says_which_way_it_was_asked(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        live = await open_survey(survey.client(account=account))
        experiment = await start(survey, account, live, WORDS)
        [result] = await invite(survey, account, live, ana)
        await survey.anonymous().post(httpx.URL(result["url"]).path, data={"score": "9"})
        [received] = await survey.emitted(account, ResponseReceived)
        assert isinstance(received.data, ResponseReceived)
        [asked] = await created(survey, account)
        expected = {"experiment": experiment["id"], "variant": asked.variant}
        assert received.data.dimensions == expected
        await understand(survey, account)
        [feedback] = await survey.emitted(account, FeedbackReceived)
        assert isinstance(feedback.data, FeedbackReceived)
        assert feedback.data.dimensions == expected

    async def test_the_holdout_is_not_asked_and_that_is_written_down(self, survey: Harness, account: UUID) -> None:
        people = [await know_customer(survey, account, email=f"c{n}@example.com") for n in range(30)]
        live = await open_survey(survey.client(account=account))
        await start(survey, account, live, WORDS | {"holdout_percent": "50"})
        results = await invite(survey, account, live, *people)
        held_out = {one["customer_id"] for one in results if one["gate"] == "held_out"}
        assert 4 < len(held_out) < 26
        assert len(await created(survey, account)) == 30 - len(held_out)
        refused = [event.data for event in await survey.emitted(account, InvitationRefused)]
        assert {str(one.customer_id) for one in refused if isinstance(one, InvitationRefused)} == held_out

    async def test_who_turns_out_to_be_one_person_keeps_the_earlier_way(self, survey: Harness, account: UUID) -> None:
        people = [await know_customer(survey, account, email=f"c{n}@example.com") for n in range(12)]
        live = await open_survey(survey.client(account=account), cooldown_days=0)
        await set_contact_policy(survey, account, budgets=[])
        await start(survey, account, live, WORDS)
        await invite(survey, account, live, *people[:-1], expires_in_days=1)
        survey.clock.advance(timedelta(days=2))
        first = {one.customer_id: one.variant for one in await created(survey, account)}
        await invite(survey, account, live, people[-1], expires_in_days=1)
        [late] = (await created(survey, account))[-1:]
        other = next(one for one, variant in first.items() if variant != late.variant)
        merged = CustomerMerged(customer_id=people[-1], merged_customer_id=other, merged_version=2, automatic=False)
        await survey.deliver(merged, account=account, subject=people[-1], version=3)
        survey.clock.advance(timedelta(days=2))
        await invite(survey, account, live, people[-1])
        assert (await created(survey, account))[-1].variant == first[other]

    async def test_ends_and_everybody_is_asked_alike(self, survey: Harness, account: UUID) -> None:
        ana = await know_customer(survey, account)
        client = survey.client(account=account)
        live = await open_survey(client)
        experiment = await start(survey, account, live, WORDS)
        assert (await client.post(f"/v1/surveys/{live['id']}/experiments", json=WORDS)).status_code == 409
        ended = await client.post(f"/v1/surveys/{live['id']}/experiments/{experiment['id']}/end")
        assert ended.json()["ended_at"]
        await invite(survey, account, live, ana)
        [asked] = await created(survey, account)
        assert (asked.experiment_id, asked.variant) == (None, None)
        await start(survey, account, live, WORDS)


class TestSurveys:
    async def test_variants_are_surveys_that_share_one_clock(self, survey: Harness, account: UUID) -> None:
        people = [await know_customer(survey, account, email=f"c{n}@example.com") for n in range(12)]
        client = survey.client(account=account)
        live, other = await open_survey(client), await open_survey(client, kind="csat")
        variants = [{"key": "nps"}, {"key": "csat", "survey_id": other["id"]}]
        await start(survey, account, live, {"name": "Which", "of": "survey", "variants": variants})
        results = await invite(survey, account, live, *people)
        asked = await created(survey, account)
        assert {str(one.survey_id) for one in asked} == {live["id"], other["id"]}
        assert {(str(one.survey_id), one.kind, one.variant) for one in asked} == {
            (live["id"], "nps", "nps"),
            (other["id"], "csat", "csat"),
        }
        for result in results:
            page = await survey.anonymous().get(httpx.URL(result["url"]).path)
            assert page.status_code == 200
        for person in people:
            assert await gate_of(survey, account, live, person) == "open_invitation"

    @pytest.mark.parametrize(
        ("words", "pointer", "code"),
        [
            ({"subject": "Hi {{hidden.shop|you}}"}, "/variants/1/subject", "unknown_hidden"),
            ({"text": "You gave {{question.score|much}}"}, "/variants/1/text", "asked_later"),
            ({"text": "Dear {{ Name }}"}, "/variants/1/text", "bad_pipe"),
            ({"subject": "Hi\nBcc: all@example.com"}, "/variants/1/subject", "line_break"),
            ({"subject": "Hi\u2028there"}, "/variants/1/subject", "line_break"),
        ],
    )
    async def test_words_that_cannot_be_sent_are_refused(
        self, survey: Harness, account: UUID, words: dict[str, str], pointer: str, code: str
    ) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        body = {"name": "Words", "of": "invitation", "variants": [{"key": "a"}, {"key": "b"} | words]}
        answer = await client.post(f"/v1/surveys/{live['id']}/experiments", json=body)
        assert answer.status_code == 422
        [problem] = answer.json()["errors"]
        assert (problem["pointer"], problem["code"]) == (pointer, code)

    async def test_a_draft_cannot_be_a_variant(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live, draft = await open_survey(client), await make_survey(client)
        for survey_id in (draft["id"], live["id"], str(new_id())):
            variants = [{"key": "a"}, {"key": "b", "survey_id": survey_id}]
            body = {"name": "Which", "of": "survey", "variants": variants}
            answer = await client.post(f"/v1/surveys/{live['id']}/experiments", json=body)
            assert answer.status_code == 422
            assert answer.json()["errors"][0]["pointer"] == "/variants/1/survey_id"


class TestLots:
    def test_fall_by_weight_and_the_holdout_moves_nobody_else(self) -> None:
        weighted = [{"key": "a", "weight": 3}, {"key": "b", "weight": 1, "subject": "x"}]
        body = {"name": "x", "of": "invitation", "variants": weighted}
        experiment, identifier = Experiment.model_validate(body), new_id()
        held = experiment.model_copy(update={"holdout_percent": Decimal(20)})
        people = [new_id() for _ in range(4_000)]
        arms = [draw(experiment, identifier, one) for one in people]
        counts = Counter(arms)
        assert 2_850 < counts["a"] < 3_150
        with_holdout = [draw(held, identifier, one) for one in people]
        assert 700 < with_holdout.count(HOLDOUT) < 900
        assert all(now in (before, HOLDOUT) for before, now in zip(arms, with_holdout, strict=True))


class TestRefusing:
    @pytest.mark.parametrize(
        "fields",
        [
            {"variants": [{"key": "a"}]},
            {"variants": [{"key": "a"}, {"key": "a", "subject": "x"}]},
            {"variants": [{"key": "a"}, {"key": "holdout", "subject": "x"}]},
            {"variants": [{"key": "a"}, {"key": "b"}]},
            {"of": "survey"},
            {"holdout_percent": "101"},
        ],
    )
    async def test_what_compares_nothing(self, survey: Harness, account: UUID, fields: dict[str, Any]) -> None:
        live = await open_survey(survey.client(account=account))
        answer = await survey.client(account=account).post(f"/v1/surveys/{live['id']}/experiments", json=WORDS | fields)
        assert answer.status_code == 422


async def start(survey: Harness, account: UUID, live: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    answer = await survey.client(account=account).post(f"/v1/surveys/{live['id']}/experiments", json=body)
    assert answer.status_code == 201, answer.text
    experiment: dict[str, Any] = answer.json()
    return experiment


async def created(survey: Harness, account: UUID) -> list[InvitationCreated]:
    events = [event.data for event in await survey.emitted(account, InvitationCreated)]
    return [one for one in events if isinstance(one, InvitationCreated)]
