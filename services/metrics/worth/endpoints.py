"""`/v1/worth-policy`: when a customer is one, and what is left of a sale."""

from fastapi import Response

from services.metrics.scores.auth import MetricsRead
from services.metrics.worth import policy
from services.metrics.worth.auth import MetricsWrite
from services.metrics.worth.schemas import WorthPolicy
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/worth-policy", tags=["worth"])


@router.get("")
async def get_worth_policy(work: MetricsRead, response: Response) -> WorthPolicy:
    """What cohorts, retention and lifetime values go by."""
    known, version = await policy.read(work)
    set_etag(response, version)
    return known


@router.put("")
async def replace_worth_policy(
    body: WorthPolicy, work: MetricsWrite, if_match: IfMatch, response: Response
) -> WorthPolicy:
    """Every number follows at once, for the past, too."""
    set_etag(response, await policy.replace(work, body, expected=if_match))
    return body
