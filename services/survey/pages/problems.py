"""What is wrong with an answer, said to the person who gave it, in the language of the page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from services.survey.definition.answers import Problem
from services.survey.definition.questions import (
    CSI,
    NPS,
    SCORED,
    Consent,
    Date,
    File,
    Matrix,
    Multiple,
    Number,
    Question,
    Ranking,
    Single,
    bounds,
)
from services.survey.definition.texts import Text
from services.survey.pages.fields import Fields, names_of
from services.survey.pages.words import Words

SHARED_PLACES: Final = "shared_places"

# Rules' codes that have words of their own whatever the question's type; the others follow the type.
_SAID: Final = {
    SHARED_PLACES: "rank_twice",
    "too_many_places": "places",
    "not_a_date": "date",
    "too_early": "early",
    "too_late": "late",
    "too_short": "short",
    "too_long": "too_long",
    "wrong_form": "form",
    "not_a_line": "form",
    "not_an_email": "email",
    "not_a_phone": "phone",
    "must_agree": "consent",
    "no_words": "say_other",
    "too_many_files": "file_many",
    "file_too_large": "file_large",
    "file_kind": "file_kind",
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """A `Problem`, as far as people need it."""

    question: str
    code: str
    place: str = ""
    limits: Mapping[str, Any] = field(default_factory=dict)
    message: Text | None = None

    @classmethod
    def of(cls, problem: Problem) -> "Wrong":
        return cls(problem.question, problem.code, problem.place, problem.limits, problem.message)


def told(wrong: Wrong, question: Question, entered: Fields, words: Words, say: Callable[[Text], str]) -> str:
    if wrong.message is not None:
        return say(wrong.message)
    name, values = _name_and_values(wrong, question, entered, say)
    kinds = ", ".join(words["kinds"][kind] for kind in question.kinds) if isinstance(question, File) else ""
    text: str = words[name].format(**{**wrong.limits, **values, "kinds": kinds})
    return text


def field_of(wrong: Wrong, question: Question) -> str:
    """The id of the control to go to."""
    item = wrong.place.lstrip("/").split("/")[0]
    names = names_of(question)
    name = f"{question.key}.{item}"
    if isinstance(question, CSI | Matrix):
        return name if name in names else names[0]
    return question.key


def _name_and_values(
    wrong: Wrong, question: Question, entered: Fields, say: Callable[[Text], str]
) -> tuple[str, dict[str, Any]]:
    """The words' name and what they speak of."""
    code = wrong.code
    if code in _SAID:
        return _name_of_places(wrong) if code == "too_many_places" else _SAID[code], dict(_of(question))
    if code == "missing_answer" and isinstance(question, CSI | Matrix):
        rows = question.items if isinstance(question, CSI) else question.rows
        open_rows = [say(row.label) for row in rows if not any(entered.get(f"{question.key}.{row.id}", ()))]
        return "choose_row", {"rows": ", ".join(open_rows)}
    if isinstance(question, SCORED):
        low, high = bounds(question)
        return "choose", {"minimum": low, "maximum": high}
    if code == "chosen_alone":
        alone = next((option for option in getattr(question, "options", ()) if option.exclusive), None)
        return ("exclusive", {"label": say(alone.label)}) if alone else ("wrong", {})
    if isinstance(question, Number) and code != "missing_answer":
        return _number(wrong, question, entered)
    if code == "wrong_count":
        return _count(question, entered)
    return _MISSING.get(type(question), "write") if code == "missing_answer" else "wrong", dict(_of(question))


def _number(wrong: Wrong, question: Number, entered: Fields) -> tuple[str, dict[str, Any]]:
    if wrong.code != "out_of_range":
        return "number", {}
    low, high = question.minimum, question.maximum
    text = next(iter(entered.get(question.key, ())), "").strip().replace(",", ".")
    is_low = low is not None and (high is None or float(text) < low)
    return ("low", {"minimum": low}) if is_low else ("high", {"maximum": high})


def _count(question: Question, entered: Fields) -> tuple[str, dict[str, Any]]:
    if isinstance(question, Ranking):
        return "rank_missing", dict(_of(question))
    assert isinstance(question, Multiple)
    few = len(entered.get(question.key, ())) < question.fewest
    return "fewest" if few else "most", dict(_of(question))


def _name_of_places(wrong: Wrong) -> str:
    return "places" if wrong.limits.get("places") else "whole"


def _of(question: Question) -> Mapping[str, Any]:
    """The numbers that its rules have."""
    values = {name: getattr(question, name) for name in _LIMITS if hasattr(question, name)}
    if isinstance(question, Ranking):
        values["places"] = question.places or len(question.options)
    return values


_LIMITS: Final = ("shortest", "longest", "places", "fewest", "most", "megabytes", "minimum", "maximum")
_MISSING: Final[Mapping[type, str]] = {
    NPS: "choose",
    Single: "choose_one",
    Multiple: "choose_one",
    Ranking: "rank_missing",
    Number: "number",
    Date: "date",
    Consent: "consent",
    File: "file_missing",
}
