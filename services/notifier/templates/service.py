"""The account's texts: found, checked, changed, shown."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from jinja2 import TemplateError
from sqlalchemy import select

from services.notifier.accounts.service import account_of
from services.notifier.templates import builtin
from services.notifier.templates.checking import check
from services.notifier.templates.kinds import KINDS, Kind
from services.notifier.templates.models import Template
from services.notifier.templates.moments import zone_of
from services.notifier.templates.rendering import Rendered, Source, compile_mjml, render
from services.notifier.templates.schemas import TemplateText
from services.notifier.templates.texts import language_of
from shared.contracts.notifier import TemplateChanged
from shared.expressions.shapes import example_of
from shared.http.dependencies import check_match
from shared.http.errors import NotFound, Unacceptable
from shared.work import Work


async def get(work: Work, template_id: UUID) -> Template:
    found = await work.session.get(Template, template_id)
    if found is None:
        raise NotFound("There is no such template.")
    return found


async def for_customer(work: Work, key: str, locale: str) -> Template:
    """The text in the customer's language, else in English."""
    wanted = select(Template).where(Template.account_id == work.account_id, Template.key == key)
    found = {row.locale: row for row in await work.session.scalars(wanted)}
    if language_of(locale) not in found:
        # The account is so new that the news of it has not arrived, or the language is.
        await builtin.seed(work)
        found = {row.locale: row for row in await work.session.scalars(wanted)}
    return found.get(language_of(locale)) or found["en"]


def source_of(template: Template) -> Source:
    """What is sent; where the account has no text for SMS of its own, Heed's."""
    sms = template.sms or builtin.built_in_text(template.key, template.locale)["sms"]
    return Source(template.subject, template.text, template.html, sms)


async def change(work: Work, template_id: UUID, body: TemplateText, *, expected: int | None) -> Template:
    """Compile, check against the kind's variables, try out, store."""
    template = await work.session.get(Template, template_id, with_for_update=True)
    if template is None:
        raise NotFound("There is no such template.")
    check_match(expected, template.version)
    source = compile_source(body, KINDS[template.key])
    template.subject, template.text, template.mjml, template.html = body.subject, body.text, body.mjml, source.html
    if body.sms is not None:
        template.sms = body.sms
    template.version += 1
    template.updated_at = work.now
    changed = TemplateChanged(template_id=template.id, key=template.key, locale=template.locale)
    work.emit(changed, subject=template.id, version=template.version)
    return template


def compile_source(body: TemplateText, kind: Kind) -> Source:
    """Raises `Unacceptable` naming the field, and the variable if one is unknown."""
    source = Source(body.subject, body.text, compile_mjml(body.mjml), body.sms or "")
    for field, text in (("subject", source.subject), ("text", source.text), ("sms", source.sms), ("mjml", source.html)):
        check(text, kind.shape, pointer=f"/{field}")
        try:
            render(Source("", text, ""), example_of(kind.shape), locale="en", zone=zone_of("UTC"))
        except (TemplateError, TypeError, ValueError) as problem:
            raise Unacceptable.field(f"/{field}", "render", f"This cannot be filled in: {problem}.") from None
    return source


async def preview(work: Work, template_id: UUID, text: TemplateText | None, values: Mapping[str, Any]) -> Rendered:
    """The saved text, or an unsaved one in its place, filled with examples and the given values."""
    template = await get(work, template_id)
    kind = KINDS[template.key]
    saved = source_of(template)
    source = saved if text is None else compile_source(text, kind)
    account = await account_of(work)
    variables = {**example_of(kind.shape), "business": {"name": account.name}, **values}
    try:
        return render(source, variables, locale=template.locale, zone=zone_of(account.timezone))
    except (TemplateError, TypeError, ValueError) as problem:
        raise Unacceptable.field("/variables", "render", f"These values do not fit: {problem}.") from None
