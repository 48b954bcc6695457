"""What the templates show of a question, by its kind: words in one language, fields, and what was entered."""

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from services.survey.definition.questions import (
    CSI,
    NPS,
    Consent,
    Date,
    Email,
    File,
    LongText,
    Matrix,
    Multiple,
    Number,
    Option,
    Phone,
    Question,
    Ranking,
    ShortText,
    Single,
    bounds,
)
from services.survey.definition.texts import Text
from services.survey.pages.fields import NOT_APPLICABLE, OWN_WORDS, Fields, own_words_field
from services.survey.pages.words import Words
from shared.sniffing import FileKind

View = dict[str, Any]
ACCEPTED: Final[dict[FileKind, str]] = {
    "image": "image/*",
    "pdf": "application/pdf",
    "text": "text/plain,text/csv",
    "office": ".docx,.xlsx,.pptx,.odt,.ods,.odp",
    "audio": "audio/*",
    "video": "video/*",
}
_KINDS: Final = {
    "nps": "scale",
    "csat": "scale",
    "ces": "scale",
    "rating": "scale",
    "single": "choices",
    "multiple": "choices",
    "number": "line",
    "date": "line",
    "short_text": "line",
    "email": "line",
    "phone": "line",
}


@dataclass(frozen=True, slots=True)
class Teller:
    """How one page speaks: `say` puts a survey's text into the page's language and fills in what is piped.

    `files`: names of uploaded files by id. `order` is the attempt's own: options to be shuffled come in the same order
    on every page of it. `today` is the respondent's day.
    """

    words: Words
    say: Callable[[Text], str]
    files: Mapping[str, str]
    order: str
    today: date
    # Files belong to the filling-in they came with; afterwards they can only be left out.
    may_upload: bool


def view_of(question: Question, entered: Fields, problem: str | None, *, required: bool, tell: Teller) -> View:
    say = tell.say
    view: View = {
        "key": question.key,
        "kind": _KINDS.get(question.type, question.type),
        "title": say(question.title),
        "description": say(question.description) if question.description else None,
        "required": required,
        "optional": not required and question.type != "statement",
        "problem": problem,
        "hint": None,
    }
    view |= _DETAILS.get(question.type, _nothing)(question, entered, tell)
    notes = {"about": view["description"], "hint": view["hint"], "problem": problem}
    view["describes"] = " ".join(f"{question.key}-{name}" for name, text in notes.items() if text)
    return view


def _nothing(question: Question, entered: Fields, tell: Teller) -> View:
    return {}


def _scale(question: Any, entered: Fields, tell: Teller) -> View:
    low, high = bounds(question)
    ends = {low: question.low_label, high: question.high_label}
    scores = []
    for value in range(low, high + 1):
        end = ends.get(value)
        scores.append(
            {
                "value": str(value),
                "name": tell.words["of"].format(value=value, points=high),
                "end": tell.say(end) if end else None,
                # The depth of a face's mouth: from sad to glad.
                "smile": round(-4 + 8 * (value - low) / (high - low), 1),
            }
        )
    return {
        "name": question.key,
        "scores": scores,
        "style": "numbers" if isinstance(question, NPS | CSI) else getattr(question, "style", "numbers"),
        "low_label": tell.say(question.low_label) if question.low_label else None,
        "high_label": tell.say(question.high_label) if question.high_label else None,
        "not_applicable": None,
        "chosen": _first(entered, question.key),
    }


def _csi(question: CSI, entered: Fields, tell: Teller) -> View:
    names = {item.id: f"{question.key}.{item.id}" for item in question.items}
    none = {"value": NOT_APPLICABLE, "label": tell.words["not_applicable"]}
    return _scale(question, entered, tell) | {
        "rows": [
            {"name": names[item.id], "label": tell.say(item.label), "chosen": _first(entered, names[item.id])}
            for item in question.items
        ],
        "not_applicable": none if question.allow_not_applicable else None,
    }


def _choices(question: Single | Multiple, entered: Fields, tell: Teller) -> View:
    chosen = set(entered.get(question.key, ()))
    options = [_option(option, chosen, tell) for option in _ordered(question, question.shuffle, tell)]
    other = None
    if question.other:
        own = {"id": OWN_WORDS, "label": tell.words["other"], "exclusive": False, "chosen": OWN_WORDS in chosen}
        options.append(own)
        name = own_words_field(question.key)
        other = {"name": name, "text": _first(entered, name)}
    return {
        "options": options,
        "other": other,
        "control": "radio" if isinstance(question, Single) else "checkbox",
        "hint": _how_many(question, tell.words) if isinstance(question, Multiple) else None,
    }


def _ranking(question: Ranking, entered: Fields, tell: Teller) -> View:
    places = question.places or len(question.options)
    name_of = "rank" if question.places is None else "rank_some"
    options = []
    for option in _ordered(question, question.shuffle, tell):
        name = f"{question.key}.{option.id}"
        options.append({"name": name, "label": tell.say(option.label), "place": _first(entered, name)})
    return {
        "options": options,
        "places": [str(place) for place in range(1, places + 1)],
        "hint": tell.words[name_of].format(places=places),
    }


def _matrix(question: Matrix, entered: Fields, tell: Teller) -> View:
    rows = []
    for row in question.rows:
        name = f"{question.key}.{row.id}"
        chosen = set(entered.get(name, ()))
        options = [_option(column, chosen, tell) for column in question.columns]
        rows.append({"name": name, "label": tell.say(row.label), "options": options})
    return {"rows": rows, "control": "checkbox" if question.several else "radio"}


def _line(question: Any, entered: Fields, tell: Teller) -> View:
    attributes, hint = _LINES[question.type](question, tell)
    unit = tell.say(question.unit) if isinstance(question, Number) and question.unit else None
    return {"value": _first(entered, question.key), "attributes": attributes, "unit": unit, "hint": hint}


def _long_text(question: LongText, entered: Fields, tell: Teller) -> View:
    placeholder = tell.say(question.placeholder) if question.placeholder else None
    return {"value": _first(entered, question.key), "longest": question.longest, "placeholder": placeholder}


def _consent(question: Consent, entered: Fields, tell: Teller) -> View:
    return {"statement": tell.say(question.statement), "given": "true" in entered.get(question.key, ())}


def _file(question: File, entered: Fields, tell: Teller) -> View:
    kept = [{"id": each, "name": tell.files[each]} for each in entered.get(question.key, ()) if each in tell.files]
    kinds = ", ".join(tell.words["kinds"][kind] for kind in question.kinds)
    hints = [tell.words["files"].format(megabytes=question.megabytes, kinds=kinds)]
    if question.most > 1:
        hints.append(tell.words["file_most"].format(most=question.most))
    accept = ",".join(ACCEPTED[kind] for kind in question.kinds)
    return {"kept": kept, "most": question.most if tell.may_upload else 0, "accept": accept, "hint": " ".join(hints)}


def _number_line(question: Number, tell: Teller) -> tuple[View, None]:
    attributes = {"inputmode": "numeric" if question.places == 0 else "decimal", "autocomplete": "off"}
    if question.minimum is None or question.minimum < 0:
        # Telephones' number pads have no minus sign.
        attributes["inputmode"] = "text"
    if question.unit:
        attributes["aria-details"] = f"{question.key}-unit"
    return attributes, None


def _date_line(question: Date, tell: Teller) -> tuple[View, None]:
    ends = {"min": question.earliest, "max": question.latest}
    days = {name: tell.today if day == "today" else day for name, day in ends.items() if day}
    return {"type": "date"} | {name: str(day) for name, day in days.items()}, None


def _short_line(question: ShortText, tell: Teller) -> tuple[View, None]:
    attributes = {"maxlength": str(question.longest), "dir": "auto"}
    if question.placeholder:
        attributes["placeholder"] = tell.say(question.placeholder)
    return attributes, None


def _email_line(question: Email, tell: Teller) -> tuple[View, None]:
    return {"type": "email", "autocomplete": "email", "maxlength": "254", "dir": "ltr"}, None


def _phone_line(question: Phone, tell: Teller) -> tuple[View, str | None]:
    attributes = {"type": "tel", "autocomplete": "tel", "maxlength": "40", "dir": "ltr"}
    return attributes, None if question.country else tell.words["phone_hint"]


def _how_many(question: Multiple, words: Words) -> str | None:
    numbers = {"fewest": question.fewest, "most": question.most}
    if question.fewest > 1 and question.most:
        return str(words["choose_some"].format(**numbers))
    if question.most:
        return str(words["choose_most"].format(**numbers))
    return str(words["choose_fewest"].format(**numbers)) if question.fewest > 1 else None


def _ordered(question: Single | Multiple | Ranking, shuffle: bool, tell: Teller) -> Sequence[Option]:
    """What can only be chosen alone stays at the end."""
    if not shuffle:
        return question.options
    free = [option for option in question.options if not option.exclusive]
    seed = hashlib.sha256(f"{tell.order}/{question.key}".encode()).digest()
    random.Random(seed).shuffle(free)
    return [*free, *(option for option in question.options if option.exclusive)]


def _option(option: Option, chosen: set[str], tell: Teller) -> View:
    return {
        "id": option.id,
        "label": tell.say(option.label),
        "exclusive": option.exclusive,
        "chosen": option.id in chosen,
    }


def _first(entered: Fields, name: str) -> str:
    return next(iter(entered.get(name, ())), "")


_DETAILS: Final[dict[str, Callable[[Any, Fields, Teller], View]]] = {
    **dict.fromkeys(("nps", "csat", "ces", "rating"), _scale),
    "csi": _csi,
    **dict.fromkeys(("single", "multiple"), _choices),
    "ranking": _ranking,
    "matrix": _matrix,
    **dict.fromkeys(("number", "date", "short_text", "email", "phone"), _line),
    "long_text": _long_text,
    "consent": _consent,
    "file": _file,
}
_LINES: Final[dict[str, Callable[[Any, Teller], tuple[View, str | None]]]] = {
    "number": _number_line,
    "date": _date_line,
    "short_text": _short_line,
    "email": _email_line,
    "phone": _phone_line,
}
