"""Limits that no answer can keep."""

from collections.abc import Iterator
from datetime import date

from services.survey.definition.document import Definition
from services.survey.definition.faults.fault import Fault, error, warning
from services.survey.definition.faults.references import bad_pattern
from services.survey.definition.questions import (
    Consent,
    Date,
    Email,
    LongText,
    Multiple,
    Number,
    Phone,
    Question,
    Ranking,
    ShortText,
)
from shared.contracts.consent import ANALYTICS, MARKETING, SERVICE, SURVEYS

PURPOSES = (SURVEYS, MARKETING, SERVICE, ANALYTICS)


def faults(definition: Definition) -> Iterator[Fault]:
    for page_number, page in enumerate(definition.pages):
        for number, question in enumerate(page.questions):
            pointer = f"/pages/{page_number}/questions/{number}"
            yield from _limits(question, pointer)
            if definition.anonymous:
                yield from _anonymous(question, pointer)


def faults_on(definition: Definition, today: date) -> Iterator[Fault]:
    """What cannot be answered as long as it is this day, or from it on."""
    for page_number, page in enumerate(definition.pages):
        for number, question in enumerate(page.questions):
            if isinstance(question, Date):
                yield from _dates_on(question, today, f"/pages/{page_number}/questions/{number}")


def _dates_on(question: Date, today: date, pointer: str) -> Iterator[Fault]:
    earliest, latest = question.earliest, question.latest
    if earliest == "today" and isinstance(latest, date) and latest < today:
        detail = f"Today is {today} already, so no date can be from today on and at most {latest}."
        yield error(f"{pointer}/latest", "cannot_be_answered", detail)
    elif latest == "today" and isinstance(earliest, date) and earliest > today:
        detail = f"Nobody can answer this before {earliest}: until then today is too early a date."
        yield warning(f"{pointer}/earliest", "not_answerable_yet", detail)


def _limits(question: Question, pointer: str) -> Iterator[Fault]:
    if isinstance(question, Number):
        yield from _span(question.minimum, question.maximum, f"{pointer}/minimum")
    elif isinstance(question, ShortText | LongText):
        yield from _span(question.shortest, question.longest, f"{pointer}/shortest")
        if isinstance(question, ShortText) and question.pattern is not None:
            yield from bad_pattern(question.pattern, f"{pointer}/pattern")
    elif isinstance(question, Date):
        if question.earliest != "today" and question.latest != "today":
            yield from _span(question.earliest, question.latest, f"{pointer}/earliest")
    elif isinstance(question, Multiple):
        # An exclusive option is chosen alone, so it counts only where nothing else does.
        together = max(1, sum(not option.exclusive for option in question.options) + question.other)
        yield from _span(question.fewest, min(question.most or together, together), f"{pointer}/fewest")
    elif isinstance(question, Ranking):
        yield from _span(question.places, len(question.options), f"{pointer}/places")
    elif isinstance(question, Consent) and question.purpose is not None and question.purpose not in PURPOSES:
        detail = f"`{question.purpose}` is a purpose of your own; those known are {', '.join(PURPOSES)}."
        yield warning(f"{pointer}/purpose", "own_purpose", detail)


def _span(low: object, high: object, pointer: str) -> Iterator[Fault]:
    if low is not None and high is not None and low > high:  # type: ignore[operator]
        yield error(pointer, "cannot_be_answered", f"No answer can be at least {low} and at most {high}.")


def _anonymous(question: Question, pointer: str) -> Iterator[Fault]:
    if isinstance(question, Email | Phone):
        detail = "The survey promises not to know who answers, and then asks for an address."
        yield warning(pointer, "asks_who", detail)
    if isinstance(question, Consent) and question.purpose is not None:
        detail = "A consent is somebody's, but nobody knows whose it is here. Leave out `purpose`, or `anonymous`."
        yield error(f"{pointer}/purpose", "asks_who", detail)
