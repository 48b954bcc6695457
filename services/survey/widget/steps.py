"""What the widget shows next, as JSON in one language. All rules stay here; the script draws what it is told."""

import random
from collections.abc import Callable, Sequence
from typing import Any, Final

from services.survey.definition.document import Definition, Ending
from services.survey.definition.flow import Walk
from services.survey.definition.questions import (
    CES,
    CSAT,
    CSI,
    NPS,
    Consent,
    Date,
    File,
    LongText,
    Matrix,
    Multiple,
    Number,
    Option,
    Question,
    Ranking,
    Rating,
    ShortText,
    Single,
    bounds,
)
from services.survey.definition.texts import Text
from services.survey.pages.rendering import Sheet
from services.survey.pages.views import ACCEPTED
from services.survey.pages.words import words_in
from shared.colours import contrast, lightened
from shared.http.languages import direction

Json = dict[str, Any]
_WORDS: Final = ("next", "back", "send", "other", "not_applicable", "progress")
_OWN_WORDS: Final = ("close", "offline", "choose", "uploading", "uploaded")
_DARK: Final = "#171c1d"


def frame(sheet: Sheet, version: int) -> Json:
    """What stays the same on all pages of an attempt."""
    words = words_in(sheet.locale)
    shown = {name: words[name] for name in _WORDS} | {name: words[f"widget_{name}"] for name in _OWN_WORDS}
    return {
        "survey_version": version,
        "language": sheet.locale,
        "direction": direction(sheet.locale),
        "business": sheet.business,
        "words": shown | {"thanks": words["thanks"][0], "receipt": words["receipt"]},
        "theme": _theme(sheet.definition),
    }


def page_step(sheet: Sheet, way: Walk, submission_id: str, today: str) -> Json:
    page, say = way.page, sheet.teller(way.facts)
    assert page is not None
    asked = [question for question in page.questions if question.key in way.asked]
    is_last = page is sheet.definition.pages[-1] or all(jump.when is None and jump.to == "end" for jump in page.jumps)
    return {
        "state": "page",
        "progress": way.progress if len(sheet.definition.pages) > 1 else None,
        "is_last": is_last if page is sheet.definition.pages[-1] else is_last and bool(page.jumps),
        "page": {
            "key": page.key,
            "title": say(page.title) if page.title else None,
            "questions": [
                question_json(question, question.key in way.required, say, submission_id, today) for question in asked
            ],
        },
    }


def end_step(sheet: Sheet, way: Walk, ending: Ending | None, *, is_full: bool, receipt: str | None) -> Json:
    """The ending's own words, or ours. A public review is offered to everybody or to nobody."""
    say, words = sheet.teller(way.facts), words_in(sheet.locale)
    title, text = words["full" if is_full else "thanks"][0], None
    link = None
    if ending is not None:
        title, text = say(ending.title), say(ending.text) if ending.text else None
        link = {"url": ending.link.url, "label": say(ending.link.label)} if ending.link else None
    review = sheet.definition.review
    return {
        "state": "end",
        "ending": {"title": title, "text": text, "link": link},
        "review": {"url": review.url, "label": say(review.label)} if review else None,
        "receipt": receipt,
    }


def question_json(
    question: Question, required: bool, say: Callable[[Text], str], submission_id: str, today: str
) -> Json:
    shown: Json = {
        "key": question.key,
        "type": question.type,
        "title": say(question.title),
        "description": say(question.description) if question.description else None,
        "required": required,
    }
    if isinstance(question, NPS | CSAT | CES | Rating | CSI):
        low, high = bounds(question)
        ends = {"low": question.low_label, "high": question.high_label}
        shown["scores"] = list(range(low, high + 1))
        shown |= {name: say(label) for name, label in ends.items() if label}
        shown["style"] = getattr(question, "style", "numbers")
    return shown | _details(question, say, submission_id, today)


def _details(question: Question, say: Callable[[Text], str], submission_id: str, today: str) -> Json:
    match question:
        case CSI():
            items = [{"id": item.id, "label": say(item.label)} for item in question.items]
            return {"items": items, "allow_not_applicable": question.allow_not_applicable}
        case Single() | Multiple():
            options = _ordered(question.options, question.shuffle, f"{submission_id}/{question.key}")
            return {"options": _options(options, say), "other": question.other}
        case Ranking():
            options = _ordered(question.options, question.shuffle, f"{submission_id}/{question.key}")
            return {"options": _options(options, say), "places": question.places}
        case Matrix():
            tables = {"rows": _options(question.rows, say), "columns": _options(question.columns, say)}
            return tables | {"several": question.several}
        case Number():
            return {"unit": say(question.unit) if question.unit else None}
        case Date():
            ends = {"earliest": question.earliest, "latest": question.latest}
            return {name: today if day == "today" else str(day) for name, day in ends.items() if day}
        case ShortText() | LongText():
            placeholder = say(question.placeholder) if question.placeholder else None
            return {"longest": question.longest, "placeholder": placeholder}
        case Consent():
            return {"statement": say(question.statement)}
        case File():
            accept = ",".join(ACCEPTED[kind] for kind in question.kinds)
            return {"most": question.most, "megabytes": question.megabytes, "accept": accept}
    return {}


def _options(options: Sequence[Option], say: Callable[[Text], str]) -> list[Json]:
    return [{"id": option.id, "label": say(option.label), "exclusive": option.exclusive} for option in options]


def _ordered(options: Sequence[Option], shuffle: bool, seed: str) -> Sequence[Option]:
    """The same for all of an attempt; what can only be chosen alone stays at the end."""
    if not shuffle:
        return options
    free = [option for option in options if not option.exclusive]
    random.Random(seed).shuffle(free)
    return [*free, *(option for option in options if option.exclusive)]


def _theme(definition: Definition) -> Json:
    """Each colour with one that can be read on it."""
    light = definition.theme.accent
    dark = definition.theme.accent_dark or lightened(light, _DARK)
    return {"accent": light, "on_accent": _on(light), "accent_dark": dark, "on_accent_dark": _on(dark)}


def _on(accent: str) -> str:
    return max(("#ffffff", "#000000"), key=lambda colour: contrast(colour, accent))
