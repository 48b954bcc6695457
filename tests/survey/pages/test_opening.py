"""First pages that are rendered once, and still are each visitor's own."""

import re
from uuid import UUID

import httpx
import pytest

from shared.testing.harness import Harness
from tests.survey.building import open_survey
from tests.survey.definition.making import ABC


async def link(survey: Harness, account: UUID, live: dict[str, object]) -> str:
    return httpx.URL((await survey.client(account=account).get(f"/v1/surveys/{live['id']}/link")).json()["url"]).path


def submission(page: httpx.Response) -> str:
    found = re.search('name=".submission" value="([0-9a-f-]{36})"', page.text)
    assert found
    return found[1]


class TestTheFirstPage:
    async def test_has_a_submission_of_its_own_each_time(self, survey: Harness, account: UUID) -> None:
        path = await link(survey, account, await open_survey(survey.client(account=account)))
        pages = [await survey.anonymous().get(path) for _ in range(3)]
        assert len({submission(page) for page in pages}) == 3
        assert {page.headers["content-length"] for page in pages} == {str(len(pages[0].content))}

    async def test_is_in_each_visitors_language_with_each_visitors_score(self, survey: Harness, account: UUID) -> None:
        path = await link(survey, account, await open_survey(survey.client(account=account)))
        for lang, score in (("de", "3"), ("ar", "3"), ("de", "9"), ("de", "3")):
            page = await survey.anonymous().get(path, params={"lang": lang, "score": score})
            assert f'lang="{lang}"' in page.text
            assert re.findall('value="([0-9]+)"[^>]* checked', page.text) == [score]

    async def test_is_the_new_one_after_the_next_publish(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        path = await link(survey, account, live)
        await survey.anonymous().get(path)
        await client.patch(f"/v1/surveys/{live['id']}", json={"texts": {"en": {"question": "And now?"}}})
        await client.post(f"/v1/surveys/{live['id']}/publish")
        assert "And now?" in (await survey.anonymous().get(path)).text

    @pytest.mark.parametrize("shuffle", [True, False])
    async def test_shuffles_for_each_visitor_anew_and_the_same_on_each_of_their_pages(
        self, survey: Harness, account: UUID, shuffle: bool
    ) -> None:
        options = [{"id": f"{one['id']}{number}", "label": one["label"]} for one in ABC for number in range(4)]
        asked = {"key": "q", "type": "single", "title": {"en": "Q"}, "options": options, "shuffle": shuffle}
        definition = {"pages": [{"key": "p", "questions": [asked | {"required": True}]}]}
        live = await open_survey(survey.client(account=account), kind="custom", definition=definition)
        path = await link(survey, account, live)
        pages = [await survey.anonymous().get(path) for _ in range(4)]
        orders = [re.findall('type="radio" name="q" value="(\\w+)"', page.text) for page in pages]
        assert (len({tuple(order) for order in orders}) > 1) is shuffle
        again = await survey.anonymous().post(path, data={".submission": submission(pages[0])})
        assert re.findall('type="radio" name="q" value="(\\w+)"', again.text) == orders[0]
