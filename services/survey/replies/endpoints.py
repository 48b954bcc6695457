"""`/v1/feedback/{id}/reply`, `/v1/replies`, `/v1/reply-templates` and `/v1/reply-policy`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from services.survey.feedback import service as feedback_service
from services.survey.feedback.auth import FeedbackRead, FeedbackWrite
from services.survey.replies import policy, templates
from services.survey.replies import service as replies
from services.survey.replies.models import Reply, ReplyTemplate
from services.survey.replies.schemas import (
    NewReply,
    Policy,
    Refusal,
    ReplyChange,
    ReplyOut,
    State,
    Suggestions,
    Template,
    TemplateOut,
)
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, principal_of, set_etag, work_with
from shared.http.routing import APIRouter
from shared.work import Work

APPROVE = "replies:write"
Approves = Annotated[Work, work_with(APPROVE)]
router = APIRouter(prefix="/v1", tags=["replies"])


@router.post("/feedback/{feedback_id}/reply", status_code=201)
async def write_reply(
    feedback_id: UUID, body: NewReply, work: FeedbackWrite, request: Request, response: Response
) -> ReplyOut:
    """Answer a review where it was said. Low ratings wait for an approval, see the policy."""
    reply = await replies.write(work, feedback_id, body, may_approve=_may_approve(request))
    return _out(reply, response)


@router.get("/feedback/{feedback_id}/reply-suggestions")
async def suggest_replies(feedback_id: UUID, work: FeedbackRead) -> Suggestions:
    """The account's templates that fit the review's rating, filled in; those in its language first."""
    feedback = await feedback_service.read(work, feedback_id)
    _, allowed = await replies.answerable(work, feedback)
    return Suggestions(data=await templates.fitting(work, feedback, allowed))


@router.get("/replies")
async def list_replies(
    work: FeedbackRead,
    page: PageQuery,
    state: Annotated[State | None, Query(description="Only those; `waiting` wait for an approval.")] = None,
    feedback_id: Annotated[UUID | None, Query(description="Only those to this feedback.")] = None,
    source_id: Annotated[UUID | None, Query(description="Only those to what came from this source.")] = None,
) -> Page[ReplyOut]:
    """The newest first."""
    statement = replies.listed(work, state=state, feedback_id=feedback_id, source_id=source_id)
    keys = (Reply.created_at.desc(), Reply.id.desc())
    found: Page[Reply] = await paginate(work.session, statement, page, keys=keys)
    return found.map(ReplyOut.model_validate)


@router.get("/replies/{reply_id}")
async def get_reply(reply_id: UUID, work: FeedbackRead, response: Response) -> ReplyOut:
    return _out(await replies.read(work, reply_id), response)


@router.patch("/replies/{reply_id}")
async def change_reply(
    reply_id: UUID, body: ReplyChange, work: FeedbackWrite, if_match: IfMatch, response: Response
) -> ReplyOut:
    """Other words; it is a draft again."""
    return _out(await replies.change(work, reply_id, body.text, expected=if_match), response)


@router.post("/replies/{reply_id}/submit")
async def submit_reply(reply_id: UUID, work: FeedbackWrite, request: Request, response: Response) -> ReplyOut:
    """Take a draft to the platform, or to whoever approves."""
    reply = await replies.read(work, reply_id, to_change=True)
    feedback = await feedback_service.read(work, reply.feedback_id)
    await replies.submit(work, reply, feedback, may_approve=_may_approve(request))
    return _out(reply, response)


@router.post("/replies/{reply_id}/approve")
async def approve_reply(reply_id: UUID, work: Approves, response: Response) -> ReplyOut:
    """It goes to the platform now."""
    return _out(await replies.approve(work, reply_id), response)


@router.post("/replies/{reply_id}/reject")
async def reject_reply(reply_id: UUID, body: Refusal, work: Approves, response: Response) -> ReplyOut:
    """It does not go out; say why."""
    return _out(await replies.reject(work, reply_id, body.reason), response)


@router.post("/replies/{reply_id}/withdraw")
async def withdraw_reply(reply_id: UUID, work: FeedbackWrite, response: Response) -> ReplyOut:
    """Take back what has not been posted."""
    return _out(await replies.withdraw(work, reply_id), response)


@router.post("/reply-templates", status_code=201)
async def create_reply_template(body: Template, work: Approves, response: Response) -> TemplateOut:
    return _shown(await templates.create(work, body), response)


@router.get("/reply-templates")
async def list_reply_templates(work: FeedbackRead, page: PageQuery) -> Page[TemplateOut]:
    """The newest first."""
    keys = (ReplyTemplate.created_at.desc(), ReplyTemplate.id.desc())
    found: Page[ReplyTemplate] = await paginate(work.session, templates.listed(work), page, keys=keys)
    return found.map(TemplateOut.model_validate)


@router.get("/reply-templates/{template_id}")
async def get_reply_template(template_id: UUID, work: FeedbackRead, response: Response) -> TemplateOut:
    return _shown(await templates.read(work, template_id), response)


@router.put("/reply-templates/{template_id}")
async def replace_reply_template(
    template_id: UUID, body: Template, work: Approves, if_match: IfMatch, response: Response
) -> TemplateOut:
    return _shown(await templates.replace(work, template_id, body, expected=if_match), response)


@router.delete("/reply-templates/{template_id}", status_code=204)
async def delete_reply_template(template_id: UUID, work: Approves) -> None:
    """Answers that were written with it keep their words."""
    await templates.delete(work, template_id)


@router.get("/reply-policy")
async def get_reply_policy(work: FeedbackRead, response: Response) -> Policy:
    """Which answers wait for an approval."""
    found, version = await policy.read(work)
    set_etag(response, version)
    return found


@router.put("/reply-policy")
async def replace_reply_policy(body: Policy, work: Approves, if_match: IfMatch, response: Response) -> Policy:
    set_etag(response, await policy.replace(work, body, expected=if_match))
    return body


def _may_approve(request: Request) -> bool:
    return APPROVE in principal_of(request).scopes


def _out(reply: Reply, response: Response) -> ReplyOut:
    set_etag(response, reply.version)
    return ReplyOut.model_validate(reply)


def _shown(template: ReplyTemplate, response: Response) -> TemplateOut:
    set_etag(response, template.version)
    return TemplateOut.model_validate(template)
