"""Ready templates: complete in every language, and good to be published as they are."""

from typing import Any
from uuid import UUID

import orjson
import pytest

from services.survey.definition.faults.finding import faults_in
from services.survey.templates import catalogue
from services.survey.templates.catalogue import JOURNEY, languages, template, templates, texts
from shared.testing.harness import Harness

LANGUAGES = {"en", "de", "fr", "es", "pt", "it", "nl", "ar"}
PATH = "/v1/survey-templates"


def used_texts() -> set[str]:
    """Every key of a text that a template has."""

    def walk(node: Any) -> set[str]:
        if isinstance(node, list):
            return set().union(*map(walk, node))
        if not isinstance(node, dict):
            return set()
        own = {value for name, value in node.items() if name in catalogue._WORDS}
        return own.union(*map(walk, node.values()))

    folder = (catalogue._HERE / "definitions").glob("*.json")
    return set().union(*(walk(read["definition"]) | {read["name"]} for read in map(orjson.loads, map(_bytes, folder))))


def _bytes(path: Any) -> bytes:
    return bytes(path.read_bytes())


class TestTexts:
    def test_are_in_the_languages_promised(self) -> None:
        assert set(languages()) == LANGUAGES
        assert languages()[0] == "en"

    @pytest.mark.parametrize("locale", sorted(LANGUAGES))
    def test_of_each_language_are_complete_and_none_is_left_over(self, locale: str) -> None:
        assert set(texts(locale)) == used_texts()
        assert all(words.strip() for words in texts(locale).values())

    def test_of_a_language_are_its_own(self) -> None:
        for locale in LANGUAGES - {"en"}:
            same = [key for key, words in texts(locale).items() if words == texts("en")[key]]
            assert len(same) <= 5, (locale, same)


class TestTemplates:
    def test_there_is_one_for_each_metric_and_scale(self) -> None:
        scales = {
            (each.definition().score.type, getattr(each.definition().score, "points", None))  # type: ignore[union-attr]
            for each in templates().values()
            if each.journey_stage is None
        }
        assert scales >= {("csat", points) for points in (2, 3, 4, 5, 7, 10)}
        assert scales >= {("nps", None), ("ces", 5), ("ces", 7), ("csi", 10), ("rating", 5)}

    def test_there_is_one_for_each_stage_of_the_journey(self) -> None:
        assert [each.journey_stage for each in templates().values() if each.journey_stage] == list(JOURNEY)

    @pytest.mark.parametrize("key", templates())
    def test_each_has_no_fault_in_any_language(self, key: str) -> None:
        assert faults_in(template(key).definition()) == []
        assert faults_in(template(key).definition(["ar"])) == []


class TestAccess:
    @pytest.mark.parametrize("path", [PATH, f"{PATH}/nps"])
    async def test_needs_a_credential(self, survey: Harness, path: str) -> None:
        assert (await survey.anonymous().get(path)).status_code == 401


class TestChoosing:
    async def test_the_list_names_them_in_the_language_wanted(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        found = (await client.get(PATH, params={"locale": "de", "journey_stage": "delivery"})).json()["data"]
        assert [(each["key"], each["name"], each["kind"], each["scale"]) for each in found] == [
            ("delivery", "Nach einer Lieferung", "csat", [1, 5])
        ]

    async def test_one_is_shown_whole(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        found = (await client.get(f"{PATH}/nps", params={"locales": ["ar", "en"]})).json()
        assert found["definition"]["locales"] == ["ar", "en"]
        assert (await client.get(f"{PATH}/nobody")).status_code == 404
        refused = await client.get(f"{PATH}/nps", params={"locales": ["tlh"]})
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "unknown_locale")

    async def test_a_survey_of_one_can_be_published_at_once(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        body = {"name": "Parcel", "template": "delivery", "locales": ["it", "en"]}
        made = (await client.post("/v1/surveys", json=body)).json()
        assert (made["kind"], made["journey_stage"], made["locale"]) == ("csat", "delivery", "it")
        assert made["definition"]["locales"] == ["it", "en"]
        assert (await client.post(f"/v1/surveys/{made['id']}/publish")).status_code == 200
