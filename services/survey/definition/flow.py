"""The way of one attempt through a survey: what is asked, what comes next, how it ends. Pure: no clock, no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from services.survey.definition.document import Ending, Page
from services.survey.definition.questions import Question


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one filling-in knows so far. `answers` by question key, `hidden` by field."""

    answers: Mapping[str, Any]
    hidden: Mapping[str, str]
    language: str
    channel: str
    # For `before: today` and dates that must not lie in the future: the respondent's day, as ISO 8601.
    today: str


@dataclass(frozen=True, slots=True)
class Walk:
    """`pages`: those on the way, the one to be filled in now last. `asked`: the questions on them that are shown.

    `ending` is set, and `page` is None, once there is nothing left to fill in. Answers to questions that are not on the
    way are `off_path`: kept out of what is stored, whatever the page sent.
    """

    pages: Sequence[Page]
    page: Page | None
    asked: Mapping[str, Question]
    required: frozenset[str]
    off_path: frozenset[str]
    variables: Mapping[str, Decimal | str]
    ending: Ending | None
    # How far along, 0..100, never less on a later page.
    progress: int
