"""Ready words for answers, and those that fit a review."""

from uuid import UUID

from sqlalchemy import Select, select

from services.survey.accounts.models import Account
from services.survey.adapters.base import Capabilities
from services.survey.feedback.models import Feedback
from services.survey.replies import words
from services.survey.replies.models import ReplyTemplate
from services.survey.replies.schemas import Suggestion, Template
from shared.http.dependencies import check_match
from shared.http.errors import NotFound, TooMany, Unacceptable
from shared.ids import new_id
from shared.work import Work

MOST = 500
MOST_SUGGESTIONS = 20


class TemplateNotFound(NotFound):
    """There is no such template here."""

    code = "reply_template_not_found"


async def create(work: Work, wanted: Template) -> ReplyTemplate:
    """Raises `Unacceptable` that names every unknown variable."""
    words.check(wanted.text)
    if len((await work.session.scalars(listed(work).limit(MOST))).all()) >= MOST:
        raise TooMany(f"An account has at most {MOST} templates of answers.", retry_after=3_600)
    template = ReplyTemplate(
        id=new_id(),
        account_id=work.account_id,
        version=1,
        created_at=work.now,
        updated_at=work.now,
        **wanted.model_dump(),
    )
    work.session.add(template)
    return template


async def replace(work: Work, template_id: UUID, wanted: Template, *, expected: int | None) -> ReplyTemplate:
    """Answers that were written with it keep their words."""
    words.check(wanted.text)
    template = await read(work, template_id, to_change=True)
    check_match(expected, template.version)
    for name, value in wanted.model_dump().items():
        setattr(template, name, value)
    template.version += 1
    template.updated_at = work.now
    return template


async def delete(work: Work, template_id: UUID) -> None:
    await work.session.delete(await read(work, template_id, to_change=True))


async def read(work: Work, template_id: UUID, *, to_change: bool = False) -> ReplyTemplate:
    """Raises `TemplateNotFound`."""
    statement = listed(work).where(ReplyTemplate.id == template_id)
    found: ReplyTemplate | None = await work.session.scalar(statement.with_for_update() if to_change else statement)
    if found is None:
        raise TemplateNotFound
    return found


def listed(work: Work) -> Select[ReplyTemplate]:
    return select(ReplyTemplate).where(ReplyTemplate.account_id == work.account_id)


async def fill(work: Work, template_id: UUID | None, feedback: Feedback) -> str:
    """Raises `Unacceptable`."""
    found = await work.session.scalar(listed(work).where(ReplyTemplate.id == template_id))
    if found is None:
        detail = "There is no such template here; list them with GET /v1/reply-templates."
        raise Unacceptable.field("/template_id", "unknown_template", detail)
    return words.filled_for(found.text, feedback, await _business(work))


async def fitting(work: Work, feedback: Feedback, allowed: Capabilities) -> list[Suggestion]:
    """Those for its rating, in its own language before the others."""
    statement = listed(work).order_by(ReplyTemplate.created_at, ReplyTemplate.id)
    if feedback.normalised is not None:
        statement = statement.where(
            ReplyTemplate.lowest <= feedback.normalised, ReplyTemplate.highest >= feedback.normalised
        )
    found = list(await work.session.scalars(statement.limit(MOST)))
    found.sort(key=lambda template: _language(template.locale) != _language(feedback.language))
    business = await _business(work)
    texts = [(template, words.filled_for(template.text, feedback, business)) for template in found[:MOST_SUGGESTIONS]]
    return [
        Suggestion(template_id=template.id, name=template.name, text=text, too_long_by=_excess(text, allowed))
        for template, text in texts
    ]


def _excess(text: str, allowed: Capabilities) -> int:
    return max(len(text) - allowed.reply_limit, 0) if allowed.reply_limit is not None else 0


def _language(locale: str | None) -> str:
    return (locale or "").partition("-")[0].lower()


async def _business(work: Work) -> str:
    account = await work.session.get(Account, work.account_id)
    return account.name if account is not None else ""
