"""The ready-made surveys: one score and one follow-up text, worded in each language of `texts/`.

Scales and wording: NPS 0..10 (Reichheld 2003), CSAT 1..5, CES 2.0 1..7 (agreement with "made it easy", high is easy)
and CES 1.0 (effort, high is hard).
"""

from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

from services.survey.surveys.questions import Direction, Question, RatingQuestion, RatingTexts, TextQuestion, TextTexts
from services.survey.surveys.schemas import SurveyKind, Wording
from shared.contracts.ratings import RatingScheme

SCORE: Final = "score"
COMMENT: Final = "comment"
LONGEST_COMMENT: Final = 5_000
SCALES: Final[dict[RatingScheme, tuple[int, int]]] = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}

_TEXTS = Path(__file__).parent / "texts"


def ready_made(kind: SurveyKind, direction: Direction = "high_is_good") -> tuple[Question, ...]:
    """The questions of a survey of this kind, in all languages there are texts for."""
    name = "ces_effort" if direction == "high_is_bad" else kind
    minimum, maximum = SCALES[kind]
    score = RatingQuestion(
        type="rating",
        key=SCORE,
        required=True,
        scheme=kind,
        minimum=minimum,
        maximum=maximum,
        direction=direction,
        texts={locale: RatingTexts(**texts[name]) for locale, texts in _all_texts().items()},
    )
    comment = TextQuestion(
        type="text",
        key=COMMENT,
        required=False,
        longest=LONGEST_COMMENT,
        texts={locale: TextTexts(title=texts[COMMENT]) for locale, texts in _all_texts().items()},
    )
    return score, comment


def reworded(questions: tuple[Question, ...], wording: dict[str, Wording]) -> tuple[Question, ...]:
    """The same questions with the account's own words where it gave some."""
    return tuple(_reworded(question, wording) for question in questions)


def _reworded(question: Question, wording: dict[str, Wording]) -> Question:
    own: dict[str, Any] = {}
    for locale, words in wording.items():
        base = question.texts.get(locale) or question.texts["en"]
        given = words.for_comment() if isinstance(question, TextQuestion) else words.for_score()
        own[locale] = base.model_copy(update=given)
    return question.model_copy(update={"texts": {**question.texts, **own}})


@cache
def _all_texts() -> dict[str, Any]:
    return {path.stem: orjson.loads(path.read_bytes()) for path in sorted(_TEXTS.glob("*.json"))}
