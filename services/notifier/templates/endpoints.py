"""`/v1/templates`."""

from typing import Annotated
from uuid import UUID

from fastapi import Body, Query, Response
from sqlalchemy import select

from services.notifier.templates import service as templates
from services.notifier.templates.auth import TemplatesRead, TemplatesWrite
from services.notifier.templates.kinds import KINDS
from services.notifier.templates.models import Template
from services.notifier.templates.schemas import Preview, PreviewRequest, TemplateOut, TemplateText
from shared.db.pagination import Page, PageQuery, paginate
from shared.expressions.shapes import fields_of
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/templates", tags=["templates"])


@router.get("")
async def list_templates(
    work: TemplatesRead,
    page: PageQuery,
    key: Annotated[str | None, Query(max_length=50)] = None,
    locale: Annotated[str | None, Query(max_length=10)] = None,
) -> Page[TemplateOut]:
    """Every text of the account, by id."""
    statement = select(Template).where(Template.account_id == work.account_id)
    if key is not None:
        statement = statement.where(Template.key == key)
    if locale is not None:
        statement = statement.where(Template.locale == locale)
    return (await paginate(work.session, statement, page, keys=(Template.id.asc(),))).map(_out)


@router.get("/{template_id}")
async def get_template(template_id: UUID, work: TemplatesRead, response: Response) -> TemplateOut:
    template = await templates.get(work, template_id)
    set_etag(response, template.version)
    return _out(template)


@router.put("/{template_id}")
async def put_template(
    template_id: UUID, body: TemplateText, work: TemplatesWrite, expected: IfMatch, response: Response
) -> TemplateOut:
    """Replace the text. It is compiled and tried out first; an unknown variable is named and nothing changes."""
    template = await templates.change(work, template_id, body, expected=expected)
    set_etag(response, template.version)
    return _out(template)


@router.post("/{template_id}/preview")
async def preview_template(
    template_id: UUID, work: TemplatesRead, body: Annotated[PreviewRequest | None, Body()] = None
) -> Preview:
    """What a customer would get; nothing is stored or sent."""
    asked = body or PreviewRequest()
    shown = await templates.preview(work, template_id, asked.template, asked.variables)
    return Preview(subject=shown.subject, text=shown.text, sms=shown.sms, html=shown.html)


def _out(template: Template) -> TemplateOut:
    kind = KINDS[template.key]
    return TemplateOut(
        id=template.id,
        key=template.key,
        locale=template.locale,
        event_type=kind.event_type,
        variables=fields_of(kind.shape),
        subject=template.subject,
        text=template.text,
        sms=templates.source_of(template).sms,
        mjml=template.mjml,
        version=template.version,
        updated_at=template.updated_at,
    )
