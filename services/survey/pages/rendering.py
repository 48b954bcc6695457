"""The hosted page as HTML: no script, nothing from elsewhere, one style sheet inside the page."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import orjson
from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.survey.surveys.published import PublishedSurvey
from services.survey.surveys.questions import Question, RatingQuestion, best_locale, in_locale
from shared.http.errors import FieldProblem

Message = Literal["thanks", "used", "expired", "closed", "unknown", "unavailable"]

_HERE = Path(__file__).parent
_RIGHT_TO_LEFT: Final = frozenset({"ar", "fa", "he", "ur"})
_FALLBACK: Final = "en"


@dataclass(frozen=True, slots=True)
class Form:
    """What the page shows: entered or preselected `values` and `errors`, both by question.

    `submission` tells one filling-in of an open link from the next, so that sending it twice is one response.
    """

    values: Mapping[str, str]
    errors: Mapping[str, str]
    submission: str | None


def survey_page(survey: PublishedSurvey, form: Form, locale: str) -> Response:
    status = 422 if form.errors else 200
    questions = [_shown(question, locale) for question in survey.questions.values()]
    values = dict.fromkeys(survey.questions, "") | dict(form.values)
    errors = {key: form.errors[key] for key in survey.questions if key in form.errors}
    context: dict[str, Any] = {
        "business": survey.business,
        "questions": questions,
        "values": values,
        "errors": errors,
        "submission": form.submission,
    }
    return _page("survey.html", locale, status, context)


def message_page(message: Message, status: int, locale: str, headers: Mapping[str, str] | None = None) -> Response:
    title, text = _words(locale)[message]
    return _page("message.html", locale, status, {"title": title, "text": text}, headers)


def errors_by_question(
    survey: PublishedSurvey, problems: Sequence[FieldProblem], keys: Sequence[str], locale: str
) -> dict[str, str]:
    """Say for people what the rules said. `keys` are the questions in the order of the answers."""
    words = _words(locale)
    found: dict[str, str] = {}
    for problem in problems:
        place = problem.pointer.split("/")
        wrong = [keys[int(place[2])]] if len(place) > 2 else [key for key in survey.questions if key not in keys]
        for key in wrong:
            question = survey.questions[key]
            if not question.required and problem.code == "missing_answer":
                continue
            text = "choose" if question.type == "rating" else "too_long" if problem.code == "too_long" else "write"
            found[key] = words[text].format(**question.model_dump(include={"minimum", "maximum", "longest"}))
    return found


def page_locale(request: Request, survey: PublishedSurvey | None, *preferred: str | None) -> str:
    """By `?lang=`, else the invitation, the browser, the survey; of those that there are texts in."""
    wanted = [request.query_params.get("lang"), *preferred, *_accepted(request)]
    if survey is None:
        return best_locale(_all_words(), *wanted, _FALLBACK)
    return best_locale(survey.score.texts, *wanted, survey.locale, _FALLBACK)


def _shown(question: Question, locale: str) -> dict[str, Any]:
    texts = in_locale(question.texts, locale, _FALLBACK)
    shown = question.model_dump(exclude={"texts"}) | texts.model_dump()
    if isinstance(question, RatingQuestion):
        shown["scores"] = list(range(question.minimum, question.maximum + 1))
    return shown


def _page(
    template: str, locale: str, status: int, context: dict[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    style = _style()
    html = (
        _templates()
        .get_template(template)
        .render(
            **context,
            words=_words(locale),
            lang=locale,
            direction="rtl" if locale.split("-")[0] in _RIGHT_TO_LEFT else "ltr",
            style=style,
        )
    )
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    # The link is the credential: no cache may keep the page, no search engine list it.
    kept_out = {"Content-Security-Policy": policy, "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
    return Response(html, status, {**kept_out, **(headers or {})}, "text/html; charset=utf-8")


def _accepted(request: Request) -> list[str]:
    """The browser's languages, best first (RFC 9110 section 12.5.4)."""
    weighted = []
    for part in request.headers.get("accept-language", "")[:500].split(","):
        tag, _, weight = part.partition(";q=")
        try:
            weighted.append((-float(weight or 1), tag.strip()))
        except ValueError:
            continue
    return [tag for _, tag in sorted(weighted, key=lambda item: item[0])]


def _words(locale: str) -> dict[str, Any]:
    return in_locale(_all_words(), locale, _FALLBACK)


@cache
def _all_words() -> dict[str, dict[str, Any]]:
    return {path.stem: orjson.loads(path.read_bytes()) for path in sorted((_HERE / "texts").glob("*.json"))}


@cache
def _style() -> str:
    return (_HERE / "templates" / "style.css").read_text()


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
