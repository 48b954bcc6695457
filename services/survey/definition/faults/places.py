"""Where in a definition the conditions and the words are, and what is known there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from services.survey.definition.conditions import Condition
from services.survey.definition.document import Calculation, Definition, Ending, Jump, Quota
from services.survey.definition.facts import OTHER
from services.survey.definition.questions import (
    CSI,
    Consent,
    Date,
    File,
    Matrix,
    Multiple,
    Number,
    Question,
    Ranking,
    Scale,
    Single,
    Statement,
)
from services.survey.definition.texts import Text

MOST_LISTED: Final = 20
# `words`: a text that came with the link, which may say a number or a date just as well.
Kind = Literal["number", "text", "words", "date", "option", "options", "files", "table", "yes_or_no", "nothing"]


class Subject(NamedTuple):
    """What a reference leads to; `ids` are the options that its value can be."""

    kind: Kind
    ids: frozenset[str] = frozenset()


class ConditionPlace(NamedTuple):
    """`until`: how many of the survey's questions, in order, can have been asked by then."""

    pointer: str
    condition: Condition
    until: int


class TextPlace(NamedTuple):
    pointer: str
    text: Text
    until: int


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that a reference can lead to, and the place of each question among all."""

    questions: Mapping[str, Question]
    order: Mapping[str, int]
    variables: Mapping[str, Kind]
    hidden: frozenset[str]
    # For people, by the kind of reference.
    listed: Mapping[str, str]

    @classmethod
    def of(cls, definition: Definition) -> "Known":
        asked = list(definition.questions)
        questions = {question.key: question for question in reversed(asked)}
        variables: dict[str, Kind] = {
            each.key: "text" if isinstance(each.initial, str) else "number" for each in definition.variables
        }
        hidden = frozenset(each.key for each in definition.hidden_fields)
        names: dict[str, Iterable[str]] = {"question": questions, "variable": variables, "hidden": hidden}
        return cls(
            questions=questions,
            order={question.key: place for place, question in reversed(list(enumerate(asked)))},
            variables=variables,
            hidden=hidden,
            listed={kind: ", ".join(sorted(has)[:MOST_LISTED]) or "none" for kind, has in names.items()},
        )

    def subject(self, reference: str) -> Subject | None:
        """None if the reference leads nowhere."""
        kind, _, rest = reference.partition(".")
        name, _, item = rest.partition(".")
        if kind == "question" and name in self.questions:
            return _item(self.questions[name], item) if item else _whole(self.questions[name])
        if kind == "variable" and name in self.variables and not item:
            return Subject(self.variables[name])
        if kind == "hidden" and name in self.hidden and not item:
            return Subject("words")
        return Subject("text") if reference in ("response.language", "response.channel") else None


def condition_places(definition: Definition) -> Iterator[ConditionPlace]:
    asked = 0
    for number, page in enumerate(definition.pages):
        place = f"/pages/{number}"
        after = asked + len(page.questions)
        for index, question in enumerate(page.questions):
            own = f"{place}/questions/{index}"
            for name in ("show_when", "required_when"):
                condition = getattr(question, name)
                if condition is not None:
                    yield ConditionPlace(f"{own}/{name}", condition, asked + index)
            for which, check in enumerate(question.checks):
                yield ConditionPlace(f"{own}/checks/{which}/must", check.must, after)
        yield from _whens(f"{place}/calculations", page.calculations, after)
        yield from _whens(f"{place}/jumps", page.jumps, after)
        asked = after
    yield from _whens("/endings", definition.endings, asked)
    yield from _whens("/quotas", definition.quotas, asked)


def _whens(pointer: str, things: Sequence[Calculation | Jump | Ending | Quota], until: int) -> Iterator[ConditionPlace]:
    for index, thing in enumerate(things):
        if thing.when is not None:
            yield ConditionPlace(f"{pointer}/{index}/when", thing.when, until)


def text_places(definition: Definition) -> Iterator[TextPlace]:
    """Everything that a respondent reads."""
    asked = 0
    for number, page in enumerate(definition.pages):
        place = f"/pages/{number}"
        if page.title is not None:
            yield TextPlace(f"{place}/title", page.title, asked)
        for index, question in enumerate(page.questions):
            for pointer, text in _texts_of(question):
                yield TextPlace(f"{place}/questions/{index}{pointer}", text, asked + index)
        asked += len(page.questions)
    for index, ending in enumerate(definition.endings):
        yield TextPlace(f"/endings/{index}/title", ending.title, asked)
        if ending.text is not None:
            yield TextPlace(f"/endings/{index}/text", ending.text, asked)
        if ending.link is not None:
            yield TextPlace(f"/endings/{index}/link/label", ending.link.label, asked)
    if definition.review is not None:
        yield TextPlace("/review/label", definition.review.label, asked)
    if definition.theme.logo_alt is not None:
        yield TextPlace("/theme/logo_alt", definition.theme.logo_alt, 0)


def _texts_of(question: Question) -> Iterator[tuple[str, Text]]:
    for name in ("title", "description", "low_label", "high_label", "placeholder", "statement", "unit"):
        text = getattr(question, name, None)
        if text is not None:
            yield f"/{name}", text
    for name in ("options", "items", "rows", "columns"):
        for index, option in enumerate(getattr(question, name, ())):
            yield f"/{name}/{index}/label", option.label
    for index, check in enumerate(question.checks):
        yield f"/checks/{index}/message", check.message


def _ids(question: Single | Multiple | Ranking) -> frozenset[str]:
    has_other = isinstance(question, Single | Multiple) and question.other
    return frozenset(option.id for option in question.options) | ({OTHER} if has_other else set())


def _whole(question: Question) -> Subject:
    if isinstance(question, Single):
        return Subject("option", _ids(question))
    if isinstance(question, Multiple | Ranking):
        return Subject("options", _ids(question))
    if isinstance(question, CSI | Matrix):
        return Subject("table")
    if isinstance(question, Scale | Number):
        return Subject("number")
    kinds: dict[type, Kind] = {Date: "date", Consent: "yes_or_no", File: "files", Statement: "nothing"}
    return Subject(kinds.get(type(question), "text"))


def _item(question: Question, item: str) -> Subject | None:
    if isinstance(question, CSI):
        return Subject("number") if item in {each.id for each in question.items} else None
    if isinstance(question, Matrix) and item in {row.id for row in question.rows}:
        return Subject("options" if question.several else "option", frozenset(each.id for each in question.columns))
    if isinstance(question, Multiple | Ranking) and item in _ids(question):
        return Subject("number" if isinstance(question, Ranking) else "yes_or_no")
    return None
