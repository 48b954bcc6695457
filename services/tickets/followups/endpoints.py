"""`/v1/tickets/follow-up-policy`: what becomes of what customers write after the work was done."""

from fastapi import Response

from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.followups import service as followups
from services.tickets.followups.models import FollowUpPolicy
from services.tickets.followups.schemas import PolicyIn, PolicyOut
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/tickets/follow-up-policy", tags=["tickets"])


@router.get("")
async def read_follow_up_policy(work: TicketsRead, response: Response) -> PolicyOut:
    """With the `ETag` that a change may carry as `If-Match`."""
    return _answer(await followups.policy_of(work), response)


@router.put("")
async def replace_follow_up_policy(
    body: PolicyIn, work: TicketsWrite, expected: IfMatch, response: Response
) -> PolicyOut:
    """It holds for what is written from now on. A status may say that customers do not reopen what has it."""
    return _answer(await followups.replace(work, body, expected), response)


def _answer(policy: FollowUpPolicy, response: Response) -> PolicyOut:
    set_etag(response, policy.version)
    return PolicyOut.model_validate(policy)
