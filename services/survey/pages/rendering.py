"""The hosted page as HTML: one style sheet and one small script inside it, nothing from elsewhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import orjson
from fastapi import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from services.survey.definition.document import Definition, Ending
from services.survey.definition.facts import Attempt, Facts
from services.survey.definition.piping import filled
from services.survey.definition.texts import Text, in_locale
from services.survey.pages.fields import Fields
from services.survey.pages.filling import (
    CHOSEN_LANG,
    GO,
    LANG,
    LEFT,
    PROOF,
    SHOWN,
    SPENT,
    STAMP,
    SUBMISSION,
    TRAP,
    VERSION,
    Step,
)
from services.survey.pages.problems import field_of, told
from services.survey.pages.theme import colours_of
from services.survey.pages.views import Teller, view_of
from services.survey.pages.words import FALLBACK, language_name, words_in
from shared.http.languages import direction
from shared.http.pages import content_policy

Message = Literal["thanks", "used", "expired", "closed", "full", "saved", "unknown", "unavailable"]

_TEMPLATES: Final = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Sheet:
    """What every page of one survey has in common, in one language. `logo`: the path of the image, if it has one."""

    definition: Definition
    business: str | None
    locale: str
    logo: str | None = None

    def teller(self, facts: Facts) -> Callable[[Text], str]:
        """Says a survey's text in the page's language, or its own; always the same way, whoever asks."""
        languages = (self.locale, self.definition.locales[0], FALLBACK)
        return lambda text: filled(in_locale(text, *languages), facts, *languages)

    @property
    def brand(self) -> dict[str, str] | None:
        """The logo as the templates show it, in place of the business's name."""
        if self.logo is None:
            return None
        alt, nothing = self.definition.theme.logo_alt, Facts(Attempt({}, {}, self.locale, "", ""), {})
        return {"src": self.logo, "alt": self.teller(nothing)(alt) if alt else self.business or ""}


@dataclass(frozen=True, slots=True)
class Entered:
    """What somebody has filled in so far. `submission` tells one filling-in of an open link from the next.

    `order` is the same for all pages of one filling-in, and shuffles options; `stamp` says when it began.
    `files`: names by id. `puzzle`: for the respondent's device, if the survey wants one solved.
    """

    fields: Fields
    submission: str | None
    order: str
    today: date
    files: Mapping[str, str] = field(default_factory=dict)
    stamp: str = ""
    version: int | None = None
    puzzle: Mapping[str, Any] | None = None


def survey_page(sheet: Sheet, step: Step, entered: Entered) -> Response:
    words, say = words_in(sheet.locale), sheet.teller(step.walk.facts)
    by_key = {question.key: question for question in step.questions}
    problems: dict[str, dict[str, str]] = {}
    for wrong in step.wrong:
        question = by_key[wrong.question]
        text = told(wrong, question, entered.fields, words, say)
        problems.setdefault(wrong.question, {"field": field_of(wrong, question), "text": text})
    tell = Teller(words, say, entered.files, entered.order, entered.today, bool(entered.stamp))
    shown = [
        view_of(
            question,
            entered.fields,
            problems.get(question.key, {}).get("text"),
            required=question.key in step.required,
            tell=tell,
        )
        for question in step.questions
    ]
    context: dict[str, Any] = {
        "title": say(step.page.title) if step.page.title else None,
        "questions": shown,
        "problems": list(problems.values()),
        "grown": step.grown,
        "progress": step.walk.progress if len(sheet.definition.pages) > 1 else None,
        "carried": _carried(step, entered, sheet.locale),
        "is_first": step.is_first,
        "is_last": step.is_last,
        "takes_files": step.takes_files and bool(entered.stamp),
        "puzzle": orjson.dumps(entered.puzzle).decode() if entered.puzzle else None,
        "trap": TRAP,
        "go": GO,
        "choose": CHOSEN_LANG,
        # Where there is no beginning, as in a receipt, nobody watches how far somebody comes.
        "watched": bool(entered.stamp),
        # Only the server knows the rules; the script asks it, where an answer can change the page it is on.
        "live": any(question.show_when or question.required_when for question in step.page.questions),
        "languages": [(tag, language_name(tag)) for tag in sheet.definition.locales],
        "script": _text("script.js"),
    }
    # Not `no-store`: a browser that may keep no page cannot go back to one, only send its form again.
    kept = {"Cache-Control": "private, no-cache"}
    return _page("survey.html", sheet, sheet.locale, 422 if problems else 200, context, kept)


def ending_page(
    sheet: Sheet, ending: Ending | None, facts: Facts, *, message: Message = "thanks", receipt: str | None = None
) -> Response:
    """The last page: the ending's own words, or ours. A public review is offered to everybody or to nobody."""
    words, say = words_in(sheet.locale), sheet.teller(facts)
    title, text = words[message]
    if ending is not None:
        title, text = say(ending.title), say(ending.text) if ending.text else None
    offered = [link for link in (ending.link if ending else None, sheet.definition.review) if link]
    links = [{"url": link.url, "label": say(link.label), "look": "button"} for link in offered]
    if receipt is not None:
        links.append({"url": receipt, "label": words["receipt"], "look": "plain"})
    return _page("message.html", sheet, sheet.locale, 200, {"title": title, "text": text, "links": links})


def message_page(
    message: Message, status: int, locale: str, headers: Mapping[str, str] | None = None, sheet: Sheet | None = None
) -> Response:
    title, text = words_in(locale)[message]
    context: dict[str, Any] = {"title": title, "text": text, "links": ()}
    return _page("message.html", sheet, locale, status, context, headers)


def later_page(sheet: Sheet, address: str) -> Response:
    """Where to go on."""
    title, text = words_in(sheet.locale)["saved"]
    links = [{"url": address, "label": address, "look": "plain"}]
    return _page("message.html", sheet, sheet.locale, 200, {"title": title, "text": text, "links": links})


def receipt_sheet(sheet: Sheet | None, locale: str, status: int, context: Mapping[str, Any]) -> Response:
    """A respondent's own answers; see `receipts`."""
    return _page("receipt.html", sheet, locale, status, context)


def _carried(step: Step, entered: Entered, locale: str) -> list[tuple[str, str]]:
    carried = [*step.carried, (LANG, locale), (SHOWN, ",".join(question.key for question in step.questions))]
    if step.left:
        carried.append((LEFT, ",".join(step.left)))
    own = {SUBMISSION: entered.submission, STAMP: entered.stamp, VERSION: entered.version}
    own |= {name: next(iter(entered.fields.get(name, ())), None) for name in (SPENT, PROOF)}
    return [*carried, *((name, str(text)) for name, text in own.items() if text)]


def _page(
    template: str,
    sheet: Sheet | None,
    locale: str,
    status: int,
    context: Mapping[str, Any],
    headers: Mapping[str, str] | None = None,
) -> Response:
    style, script = _text("style.css"), context.get("script", "")
    theme = sheet.definition.theme if sheet else None
    colours = colours_of(theme) if theme else ""
    html = _template(template).render(
        **context,
        words=words_in(locale),
        lang=locale,
        direction=direction(locale),
        style=style,
        colours=colours,
        business=sheet.business if sheet else None,
        logo=sheet.brand if sheet else None,
    )
    # The link is the credential: nobody may keep the page for others, no search engine list it.
    kept_out = {
        "Content-Security-Policy": content_policy((style, colours), script),
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex",
    }
    return Response(html, status, {**kept_out, **(headers or {})}, "text/html; charset=utf-8")


@cache
def _text(name: str) -> str:
    return (_TEMPLATES / name).read_text()


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
