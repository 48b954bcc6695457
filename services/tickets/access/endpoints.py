"""`/v1/tickets/access-policy`: whether people are kept to the tickets of their teams."""

from fastapi import Response

from services.tickets.access import service as access
from services.tickets.access.models import AccessPolicy
from services.tickets.access.schemas import PolicyIn, PolicyOut
from services.tickets.auth import TicketsRead, TicketsWrite
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/tickets/access-policy", tags=["tickets"])


@router.get("")
async def read_access_policy(work: TicketsRead, response: Response) -> PolicyOut:
    """With the `ETag` that a change may carry as `If-Match`."""
    return _answer(await access.policy_of(work), response)


@router.put("")
async def replace_access_policy(body: PolicyIn, work: TicketsWrite, expected: IfMatch, response: Response) -> PolicyOut:
    """For owners, admins and programs. It holds from the next request on."""
    return _answer(await access.replace(work, body, expected), response)


def _answer(policy: AccessPolicy, response: Response) -> PolicyOut:
    set_etag(response, policy.version)
    return PolicyOut.model_validate(policy)
