"""The cache of published surveys."""

import asyncio
from uuid import UUID

import pytest

from services.survey.surveys import published
from services.survey.surveys.published import PublishedSurveys, SurveyClosed
from shared.http.errors import Unacceptable
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.building import make_survey, open_survey


class TestPublishedSurveys:
    async def test_many_who_ask_at_once_share_one_query(self, survey: Harness, account: UUID) -> None:
        live = await open_survey(survey.client(account=account))
        surveys = PublishedSurveys(survey.runtime.database, survey.clock)
        found = await asyncio.gather(*(surveys.open(account, UUID(live["id"])) for _ in range(50)))
        assert len({id(one) for one in found}) == 1
        assert (found[0].version, list(found[0].questions)) == (1, ["score", "comment"])

    async def test_a_change_made_elsewhere_is_seen_when_the_entry_is_stale(
        self, survey: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(published, "FRESH_SECONDS", -1)
        client = survey.client(account=account)
        live = await open_survey(client)
        elsewhere = PublishedSurveys(survey.runtime.database, survey.clock)
        assert (await elsewhere.open(account, UUID(live["id"]))).is_open
        await client.post(f"/v1/surveys/{live['id']}/pause")
        with pytest.raises(SurveyClosed):
            await elsewhere.open(account, UUID(live["id"]))

    async def test_a_draft_is_closed_and_anothers_survey_unknown(self, survey: Harness, account: UUID) -> None:
        draft = await make_survey(survey.client(account=account))
        surveys = PublishedSurveys(survey.runtime.database, survey.clock)
        with pytest.raises(SurveyClosed):
            await surveys.open(account, UUID(draft["id"]))
        with pytest.raises(Unacceptable):
            await surveys.open(new_id(), UUID(draft["id"]))
