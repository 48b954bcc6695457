"""Invitations and the open link of a survey."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.survey.invitations import service as invitations
from services.survey.invitations.models import Invitation, InvitationState, Made
from services.survey.invitations.schemas import (
    InvitationOut,
    InvitationResult,
    InvitationResults,
    NewInvitations,
    OpenLink,
)
from services.survey.invitations.service import Asked
from services.survey.invitations.tokens import Link, LinkKind, Links
from services.survey.runs import service as runs
from services.survey.settings import patience
from services.survey.surveys import service as surveys
from services.survey.surveys.auth import SurveysRead, SurveysWrite
from services.survey.surveys.models import Survey
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import after, work_with
from shared.http.errors import Unacceptable
from shared.http.routing import APIRouter
from shared.work import Work


async def _are_here(work: Work, body: NewInvitations) -> bool:
    return None not in await invitations.known(work, body.customers)


# A customer who was created a moment ago is still on the way here.
AsksCustomers = Annotated[Work, work_with("surveys:write", first=after(NewInvitations, _are_here, seconds=patience))]
router = APIRouter(prefix="/v1/surveys", tags=["invitations"])


@router.post("/{survey_id}/invitations")
async def invite_customers(survey_id: UUID, body: NewInvitations, work: AsksCustomers) -> InvitationResults:
    """Ask customers, each by a personal link for one answer. Says for each: queued, or which gate refused and why."""
    survey = await surveys.read(work, survey_id)
    if body.segment_id is not None or body.send_at is not None:
        return InvitationResults(run_id=await _start_run(work, survey, body), queued=0, refused=0, data=[])
    asked = await invitations.invite(work, survey, body)
    links = Links(work.settings)
    results = [_result(index, one, links) for index, one in enumerate(asked)]
    queued = sum(result.status == "queued" for result in results)
    return InvitationResults(run_id=None, queued=queued, refused=len(results) - queued, data=results)


async def _start_run(work: Work, survey: Survey, body: NewInvitations) -> UUID:
    """A run has no place to say that somebody on its list is unknown, so that is said now."""
    contacts = await invitations.known(work, body.customers)
    for index, contact in enumerate(contacts):
        if contact is None:
            raise Unacceptable.field(f"/customers/{index}", "unknown_customer", "There is no such customer here.")
    run = await runs.start(
        work,
        survey,
        segment_id=body.segment_id,
        customer_ids=[contact.customer_id for contact in contacts if contact],
        channel=body.channel,
        send_at=body.send_at,
        days=body.expires_in_days,
    )
    return run.id


@router.get("/{survey_id}/invitations")
async def list_invitations(
    survey_id: UUID,
    work: SurveysRead,
    page: PageQuery,
    customer_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[InvitationState | None, Query()] = None,
) -> Page[InvitationOut]:
    """Who was asked and what became of it, newest first."""
    await surveys.read(work, survey_id)
    statement = invitations.listed(work, survey_id, customer_id=customer_id, state=state)
    keys = (Invitation.created_at.desc(), Invitation.id.desc())
    found: Page[Invitation] = await paginate(work.session, statement, page, keys=keys)
    links = Links(work.settings)
    return found.map(lambda invitation: _out(invitation, links))


@router.post("/{survey_id}/invitations/{invitation_id}/revoke")
async def revoke_invitation(survey_id: UUID, invitation_id: UUID, work: SurveysWrite) -> InvitationOut:
    """Take an invitation back: its link stops working, and what waits to be sent about it is not sent."""
    await surveys.read(work, survey_id)
    return _out(await invitations.revoke(work, survey_id, invitation_id), Links(work.settings))


@router.get("/{survey_id}/link")
async def get_open_link(survey_id: UUID, work: SurveysRead) -> OpenLink:
    """The survey's open link. It leads to a friendly page while the survey takes no answers."""
    survey = await surveys.read(work, survey_id)
    return OpenLink(url=Links(work.settings).url(Link(LinkKind.OPEN, work.account_id, survey.id)))


def _result(index: int, asked: Asked, links: Links) -> InvitationResult:
    made, refusal = asked.invitation, asked.refusal
    waits = made is not None and made.state is InvitationState.WAITING
    return InvitationResult(
        index=index,
        status="queued" if made else "refused",
        customer_id=asked.customer_id,
        invitation_id=made.id if made else None,
        url=url_of(made, links) if made else None,
        expires_at=made.expires_at if made else None,
        sends_at=made.due_at if made and waits else None,
        gate=refusal.gate if refusal else None,
        detail=refusal.detail if refusal else None,
        next_eligible_at=refusal.next_eligible_at if refusal else None,
    )


def _out(invitation: Invitation, links: Links) -> InvitationOut:
    fields = {name: getattr(invitation, name) for name in InvitationOut.model_fields if name != "url"}
    return InvitationOut(**fields, url=url_of(invitation, links))


def url_of(invitation: Invitation | Made, links: Links) -> str:
    return links.url(Link(LinkKind.INVITATION, invitation.account_id, invitation.id))
