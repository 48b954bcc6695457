"""Signs that a program filled it in."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from pydantic import SecretStr

from services.survey.responses import suspicion
from shared.ids import new_id
from shared.settings import ServiceSettings

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SURVEY = new_id()


@pytest.fixture
def settings() -> ServiceSettings:
    return ServiceSettings(secret=SecretStr("a secret of the tests, long enough"))


def solved(puzzle: dict[str, Any]) -> str:
    """What the respondent's device does."""
    for number in range(puzzle["maxNumber"] + 1):
        if hashlib.sha256(f"{puzzle['salt']}{number}".encode()).hexdigest() == puzzle["challenge"]:
            names = ("algorithm", "challenge", "salt", "signature")
            found = {name: puzzle[name] for name in names} | {"number": number}
            return base64.b64encode(orjson.dumps(found)).decode()
    raise AssertionError("the puzzle has no solution")


class TestStamp:
    def test_says_when_the_survey_was_shown(self, settings: ServiceSettings) -> None:
        text = suspicion.stamp(settings, SURVEY, NOW)
        assert suspicion.shown_at(settings, SURVEY, text) == NOW

    @pytest.mark.parametrize("text", ["", "x", "AAAA", "ä", "A" * 24])
    def test_what_we_did_not_sign_says_nothing(self, settings: ServiceSettings, text: str) -> None:
        assert suspicion.shown_at(settings, SURVEY, text) is None

    def test_is_of_one_survey(self, settings: ServiceSettings) -> None:
        assert suspicion.shown_at(settings, new_id(), suspicion.stamp(settings, SURVEY, NOW)) is None


class TestPuzzle:
    def test_a_solution_counts_for_its_submission_until_it_expires(self, settings: ServiceSettings) -> None:
        proof = solved(suspicion.puzzle(settings, "s-1", NOW))
        assert suspicion.is_solved(settings, "s-1", proof, NOW)
        assert not suspicion.is_solved(settings, "s-2", proof, NOW)
        assert not suspicion.is_solved(settings, "s-1", proof, NOW + timedelta(hours=3))

    @pytest.mark.parametrize("proof", ["", "x", base64.b64encode(b"[]").decode(), base64.b64encode(b"{}").decode()])
    def test_what_is_no_solution_is_none(self, settings: ServiceSettings, proof: str) -> None:
        assert not suspicion.is_solved(settings, "s-1", proof, NOW)


class TestSigns:
    def signs(self, settings: ServiceSettings, after: timedelta, **given: Any) -> list[str]:
        usual: dict[str, Any] = {"trap": "", "stamp": suspicion.stamp(settings, SURVEY, NOW), "proof": None}
        wanted = usual | {"wants_proof": False} | given
        return list(suspicion.signs(settings, SURVEY, "s-1", NOW + after, **wanted))

    def test_a_person_shows_none(self, settings: ServiceSettings) -> None:
        assert self.signs(settings, timedelta(seconds=5)) == []

    def test_each_has_its_name(self, settings: ServiceSettings) -> None:
        assert self.signs(settings, timedelta(seconds=5), trap="http://spam.example") == ["trapped"]
        assert self.signs(settings, timedelta(milliseconds=200)) == ["too_fast"]
        assert self.signs(settings, timedelta(seconds=5), stamp=None) == ["too_fast"]
        assert self.signs(settings, timedelta(seconds=5), wants_proof=True) == ["no_proof"]
