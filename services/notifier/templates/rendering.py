"""Jinja2 in the kit's sandbox, over HTML that mrml compiled from MJML."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any, Final

import mrml
from jinja2 import pass_context
from jinja2.sandbox import ImmutableSandboxedEnvironment, SandboxedEnvironment
from markupsafe import Markup, escape

from services.notifier.languages import direction_of
from services.notifier.templates import moments
from shared.expressions.templates import sandbox
from shared.http.errors import Unacceptable

# Whatever a mail program may take for the end of a line: ASCII controls, NEL, LINE and PARAGRAPH SEPARATOR.
_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_TURNS: Final = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
LONGEST_SUBJECT = 200
_ANY_DIRECTION: Final = 'dir="auto"'
_NO_TITLE: Final = re.compile(r"<title>\s*</title>")
_TAG: Final = re.compile(r"<\s*[A-Za-z]")
# mrml parses recursively and takes the whole process down when some 2,000 tags stand inside each other.
MOST_TAGS = 500


@dataclass(frozen=True, slots=True)
class Source:
    """What is rendered: a subject and texts in Jinja, HTML compiled by `compile_mjml`."""

    subject: str
    text: str
    html: str
    sms: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str
    html: str
    sms: str


def one_line(value: str) -> str:
    """No line ends and no control characters, so nothing in it can begin a header of its own."""
    return " ".join(_BREAKS.sub(" ", value).split())


def name_in_text(name: str | None) -> str | None:
    """A name that turns round nothing but itself: without the controls that set a direction (UAX 9)."""
    return name.translate(_TURNS) if name else name


def compile_mjml(source: str) -> str:
    """Responsive HTML. Raises `Unacceptable` for what is not MJML."""
    if len(_TAG.findall(source)) > MOST_TAGS:
        raise Unacceptable.field("/mjml", "too_many_tags", f"A text has at most {MOST_TAGS} tags.")
    parsing = mrml.ParserOptions(include_loader=mrml.noop_loader())
    # Without this, naming a well-known font makes every mail fetch it from somebody else when it is opened.
    rendering = mrml.RenderOptions(fonts={})
    try:
        return str(mrml.to_html(source, parsing, rendering).content)
    except BaseException as problem:
        # Some input makes mrml panic, which arrives as a BaseException of a module that cannot be imported.
        if not isinstance(problem, OSError | ValueError | TypeError) and type(problem).__name__ != "PanicException":
            raise
        raise Unacceptable.field("/mjml", "mjml", f"This is not valid MJML: {str(problem)[:300]}.") from None


def render(source: Source, variables: Mapping[str, Any], *, locale: str, zone: tzinfo) -> Rendered:
    """Raises `jinja2.TemplateError`, which a template that was checked at save does not."""
    context = dict(variables) | {"_locale": locale, "_zone": zone}
    plain, html = _environment(autoescape=False), _environment(autoescape=True)
    subject = one_line(plain.from_string(source.subject).render(context))[:LONGEST_SUBJECT]
    page = html.from_string(_directed(source.html, locale)).render(context)
    return Rendered(
        subject=subject,
        text=plain.from_string(source.text).render(context),
        sms=plain.from_string(source.sms).render(context).strip(),
        # Screen readers and browsers name the page by it; a title of the text's own stays.
        html=_NO_TITLE.sub(lambda _: f"<title>{escape(subject)}</title>", page, count=1),
    )


def _directed(html: str, locale: str) -> str:
    """MJML leaves the page's direction to its first letter, which is the business's name, and writes left to right."""
    direction = direction_of(locale)
    html = html.replace(_ANY_DIRECTION, f'dir="{direction}"', 1)
    if direction == "rtl":
        html = html.replace("direction:ltr", "direction:rtl").replace("text-align:left", "text-align:right")
    return html


def render_line(source: str, variables: Mapping[str, Any]) -> str:
    """A short text of a rule's action."""
    return one_line(_environment(autoescape=False).from_string(source).render(dict(variables)))


def render_slack(source: str, variables: Mapping[str, Any]) -> str:
    """What a rule writes to Slack. The rule's own marks (`<!here>`, links) work; what comes from outside is text, or a
    customer could call a whole channel (https://api.slack.com/reference/surfaces/formatting)."""
    return _slack_environment().from_string(source).render(dict(variables)).strip()


@lru_cache(maxsize=1)
def _slack_environment() -> SandboxedEnvironment:
    return _environment(autoescape=False).overlay(finalize=_as_slack_text)


def _as_slack_text(value: Any) -> str:
    text = "" if value is None else str(value)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@lru_cache(maxsize=2)
def _environment(*, autoescape: bool) -> ImmutableSandboxedEnvironment:
    environment = sandbox(autoescape=autoescape)
    environment.filters |= {"moment": _time_filter(moments.moment), "day": _time_filter(moments.day)}
    environment.filters["paragraphs"] = paragraphs
    return environment


def environment_for_checks() -> ImmutableSandboxedEnvironment:
    """The environment whose grammar, filters and tests templates are checked against."""
    return _environment(autoescape=True)


def paragraphs(value: str) -> Markup:
    """Plain text as HTML: blank lines separate paragraphs, single line ends stay."""
    blocks = re.split(r"\n\s*\n", str(value).strip().replace("\r\n", "\n"))
    return Markup("").join(
        Markup("<p style='margin:0 0 12px'>{}</p>").format(
            Markup("<br>").join(escape(line) for line in block.split("\n"))
        )
        for block in blocks
    )


def _time_filter(write: Callable[[datetime, str, tzinfo], str]) -> Callable[..., str]:
    @pass_context
    def apply(context: Any, value: str | None) -> str:
        if not value:
            return ""
        return write(datetime.fromisoformat(value), context["_locale"], context["_zone"])

    return apply
