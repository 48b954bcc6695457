"""Invitations and the open link of a survey."""

from uuid import UUID

from services.survey.invitations import service as invitations
from services.survey.invitations.schemas import InvitationResult, InvitationResults, NewInvitations, OpenLink
from services.survey.invitations.service import Asked
from services.survey.invitations.tokens import Link, LinkKind, Links
from services.survey.surveys import service as surveys
from services.survey.surveys.auth import SurveysRead, SurveysWrite
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/surveys", tags=["invitations"])


@router.post("/{survey_id}/invitations")
async def invite_customers(survey_id: UUID, body: NewInvitations, work: SurveysWrite) -> InvitationResults:
    """Ask customers, each by a personal link for one answer. Says for each: queued, or which gate refused and why."""
    survey = await surveys.read(work, survey_id)
    asked = await invitations.invite(work, survey, body)
    links = Links(work.settings)
    results = [_result(index, one, links) for index, one in enumerate(asked)]
    queued = sum(result.status == "queued" for result in results)
    return InvitationResults(queued=queued, refused=len(results) - queued, data=results)


@router.get("/{survey_id}/link")
async def get_open_link(survey_id: UUID, work: SurveysRead) -> OpenLink:
    """The survey's open link. It leads to a friendly page while the survey takes no answers."""
    survey = await surveys.read(work, survey_id)
    return OpenLink(url=Links(work.settings).url(Link(LinkKind.OPEN, work.account_id, survey.id)))


def _result(index: int, asked: Asked, links: Links) -> InvitationResult:
    made, refusal = asked.invitation, asked.refusal
    return InvitationResult(
        index=index,
        status="queued" if made else "refused",
        customer_id=asked.customer_id,
        invitation_id=made.id if made else None,
        url=links.url(Link(LinkKind.INVITATION, made.account_id, made.id)) if made else None,
        expires_at=made.expires_at if made else None,
        gate=refusal.gate if refusal else None,
        detail=refusal.detail if refusal else None,
        next_eligible_at=refusal.next_eligible_at if refusal else None,
    )
