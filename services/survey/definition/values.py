"""What a good answer to each type of question is."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

import phonenumbers
import re2
from email_validator import EmailNotValidError, validate_email

from services.survey.definition import questions
from services.survey.definition.facts import OTHER
from services.survey.definition.logic import TODAY, number, pattern
from services.survey.definition.questions import LONGEST_SHORT, Question, bounds

# Seventeen digits would differ between readers of JSON that use floats; fifteen never do.
MOST_DIGITS: Final = 15
# Of the ways ISO 8601 knows to write a day, the one that everybody does.
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class Refused(Exception):
    """`place` is a JSON Pointer into the value; `limits` are what the words speak of, by name."""

    def __init__(self, code: str, words: str, place: str = "", /, **limits: Any) -> None:
        super().__init__(words)
        self.code, self.words, self.place, self.limits = code, words, place, limits


def value_of(question: Question, value: Any, today: str) -> Any:
    """The answer in its one spelling. Raises `Refused`. `today` as ISO 8601."""
    return _READERS[type(question)](question, value, today)


def score(question: questions.NPS | questions.CSAT | questions.CES | questions.Rating, value: Any, today: str) -> int:
    return _score(value, *bounds(question))


def _score(value: Any, lowest: int, highest: int, place: str = "") -> int:
    # bool is an int to Python, not to people.
    if type(value) is int and lowest <= value <= highest:
        return value
    limits = {"lowest": lowest, "highest": highest}
    if type(value) is not int:
        raise Refused("not_a_number", f"A whole number from {lowest} to {highest} is needed.", place, **limits)
    # Python refuses to print integers of thousands of digits.
    shown = str(value) if abs(value) < 10**12 else "That number"
    raise Refused("out_of_range", f"{shown} is not between {lowest} and {highest}.", place, **limits)


def index(question: questions.CSI, value: Any, today: str) -> dict[str, int | None]:
    given = _table(value, [item.id for item in question.items], "An object with a score for each item is needed.")
    for item, each in given.items():
        if each is None and question.allow_not_applicable:
            continue
        _score(each, *bounds(question), f"/{item}")
    return given


def single(question: questions.Single, value: Any, today: str) -> Any:
    return _option(value, {option.id for option in question.options}, question.other)


def multiple(question: questions.Multiple, value: Any, today: str) -> list[Any]:
    chosen = _options(value, {option.id for option in question.options}, question.other)
    _alone(chosen, question.options)
    most = question.most or len(question.options) + question.other
    if chosen and not question.fewest <= len(chosen) <= most:
        words = f"Choose from {question.fewest} to {most} of them."
        raise Refused("wrong_count", words, fewest=question.fewest, most=most)
    return chosen


def ranking(question: questions.Ranking, value: Any, today: str) -> list[Any]:
    ranked = _options(value, {option.id for option in question.options}, takes_other=False)
    places = question.places or len(question.options)
    if ranked and len(ranked) != places:
        raise Refused("wrong_count", f"Put {places} of them in order.", fewest=places, most=places)
    return ranked


def matrix(question: questions.Matrix, value: Any, today: str) -> dict[str, Any]:
    columns = {column.id for column in question.columns}
    words = "An object with a column for each row is needed."
    given = _table(value, [row.id for row in question.rows], words)
    for row, cell in given.items():
        if question.several:
            _alone(_options(cell, columns, takes_other=False, place=f"/{row}"), question.columns, f"/{row}")
        else:
            _option(cell, columns, takes_other=False, place=f"/{row}")
    return given


def amount(question: questions.Number, value: Any, today: str) -> int | float:
    exact = None if isinstance(value, str) else number(value)
    if exact is None or not exact.is_finite():
        raise Refused("not_a_number", "A number is needed.")
    exact = exact.normalize()
    _, digits, exponent = exact.as_tuple()
    assert isinstance(exponent, int)
    if max(len(digits), len(digits) + exponent) > MOST_DIGITS:
        raise Refused("too_many_digits", f"At most {MOST_DIGITS} digits are accepted.", digits=MOST_DIGITS)
    if -exponent > question.places:
        needed = f"At most {question.places} digits after the point" if question.places else "A whole number"
        raise Refused("too_many_places", f"{needed} is needed.", places=question.places)
    low, high = question.minimum, question.maximum
    if (low is not None and exact < low) or (high is not None and exact > high):
        edges = " and ".join(
            f"{word} {edge:f}" for word, edge in (("at least", low), ("at most", high)) if edge is not None
        )
        raise Refused("out_of_range", f"A number of {edges} is needed.", lowest=low, highest=high)
    return int(exact) if exponent >= 0 else float(exact)


def day(question: questions.Date, value: Any, today: str) -> str:
    try:
        given = date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else None
    except ValueError:
        given = None
    if given is None:
        raise Refused("not_a_date", "A date such as 2026-03-31 is needed.")
    earliest, latest = _edge(question.earliest, today), _edge(question.latest, today)
    limits: dict[str, Any] = {"earliest": earliest, "latest": latest}
    if earliest and given < earliest:
        raise Refused("too_early", f"A date from {earliest} on is needed.", **limits)
    if latest and given > latest:
        raise Refused("too_late", f"A date until {latest} is needed.", **limits)
    return given.isoformat()


def text(question: questions.ShortText | questions.LongText, value: Any, today: str) -> str:
    words = _text(value, question.longest)
    if words.strip() and len(words) < question.shortest:
        needed = f"At least {question.shortest} characters are needed."
        raise Refused("too_short", needed, shortest=question.shortest, longest=question.longest)
    return words


def line(question: questions.ShortText, value: Any, today: str) -> str:
    words = text(question, value, today)
    if "\n" in words or "\r" in words:
        raise Refused("not_a_line", "This takes one line, without line breaks.")
    if words.strip() and question.pattern is not None:
        try:
            fits = pattern(question.pattern).fullmatch(words) is not None
        except re2.error:
            # Not published with one; a draft's is said to be wrong where it is checked.
            fits = True
        if not fits:
            raise Refused("wrong_form", "This does not have the form that is asked for.")
    return words


def email(question: questions.Email, value: Any, today: str) -> str:
    words = _text(value, 254).strip()
    try:
        return validate_email(words, check_deliverability=False).normalized if words else words
    except EmailNotValidError:
        raise Refused("not_an_email", "An e-mail address such as ana@example.com is needed.") from None


def phone(question: questions.Phone, value: Any, today: str) -> str:
    words = _text(value, 40).strip()
    try:
        parsed = phonenumbers.parse(words, question.country) if words else None
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is not None and phonenumbers.is_possible_number(parsed):
        return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164))
    if not words:
        return words
    raise Refused("not_a_phone", "A phone number with its country, such as +4930123456, is needed.")


def agreement(question: questions.Consent, value: Any, today: str) -> bool:
    if not isinstance(value, bool):
        raise Refused("not_a_choice", "true or false is needed.")
    return value


def files(question: questions.File, value: Any, today: str) -> list[str]:
    """Whether the files are there is for whoever keeps them to say."""
    ids = [_file_id(each, f"/{place}") for place, each in enumerate(_list(value))]
    if len(ids) > question.most:
        raise Refused("too_many_files", f"At most {question.most} files are accepted.", most=question.most)
    return list(dict.fromkeys(ids))


def nothing(question: questions.Statement, value: Any, today: str) -> Any:
    raise Refused("asks_nothing", f"`{question.key}` asks nothing; leave it out.")


def _file_id(value: Any, place: str) -> str:
    try:
        return str(UUID(value))
    except (ValueError, TypeError, AttributeError):
        raise Refused("not_a_file", "The id of an uploaded file is needed.", place) from None


def _text(value: Any, longest: int) -> str:
    if not isinstance(value, str):
        raise Refused("not_a_text", "A text is needed.")
    if len(value) > longest:
        raise Refused("too_long", f"At most {longest} characters are accepted.", longest=longest)
    return value


def _list(value: Any, place: str = "") -> list[Any]:
    if not isinstance(value, list):
        raise Refused("not_a_list", "A list is needed.", place)
    return value


def _option(value: Any, ids: Collection[str], takes_other: bool, place: str = "") -> Any:
    if isinstance(value, str) and value in ids:
        return value
    if takes_other and isinstance(value, dict) and value.keys() == {OTHER}:
        words = _text(value[OTHER], LONGEST_SHORT)
        if not words.strip():
            raise Refused("no_words", "Say it in a few words, or leave it out.", f"{place}/{OTHER}")
        return value
    known = ", ".join(sorted(ids)[:20])
    raise Refused("unknown_option", f"One of {known} is needed.", place)


def _options(value: Any, ids: Collection[str], takes_other: bool, place: str = "") -> list[Any]:
    chosen = [_option(each, ids, takes_other, f"{place}/{n}") for n, each in enumerate(_list(value, place))]
    if len({each if isinstance(each, str) else OTHER for each in chosen}) < len(chosen):
        raise Refused("chosen_twice", "Each can be chosen once.", place)
    return chosen


def _alone(chosen: list[Any], options: Collection[questions.Option], place: str = "") -> None:
    if len(chosen) > 1 and any(option.exclusive and option.id in chosen for option in options):
        raise Refused("chosen_alone", "One of these can only be chosen alone.", place)


def _table(value: Any, rows: Collection[str], words: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Refused("not_a_table", words)
    if not value.keys() <= set(rows):
        raise Refused("unknown_row", f"There is no row of this name; there are {', '.join(rows)}.")
    return {row: value[row] for row in rows if row in value}


def _edge(edge: date | str | None, today: str) -> date | None:
    return date.fromisoformat(today) if edge == TODAY else edge if isinstance(edge, date) else None


# By type rather than by a chain of tests: every answer of every response comes through here.
_READERS: Final[Mapping[type, Callable[[Any, Any, str], Any]]] = {
    questions.NPS: score,
    questions.CSAT: score,
    questions.CES: score,
    questions.CSI: index,
    questions.Rating: score,
    questions.Single: single,
    questions.Multiple: multiple,
    questions.Ranking: ranking,
    questions.Matrix: matrix,
    questions.Number: amount,
    questions.Date: day,
    questions.ShortText: line,
    questions.LongText: text,
    questions.Email: email,
    questions.Phone: phone,
    questions.Consent: agreement,
    questions.File: files,
    questions.Statement: nothing,
}
