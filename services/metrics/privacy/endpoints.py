"""`/v1/metrics/privacy`."""

from typing import Annotated

from fastapi import Request, Response

from services.metrics.privacy import policy
from services.metrics.privacy.schemas import Privacy
from services.metrics.scores.auth import ANSWERS, MetricsRead
from shared.http.dependencies import IfMatch, principal_of, set_etag, work_with
from shared.http.errors import Forbidden
from shared.http.routing import APIRouter
from shared.work import Work

router = APIRouter(prefix="/v1/metrics", tags=["metrics"])

Decides = Annotated[Work, work_with("metrics:write")]


@router.get("/privacy")
async def get_privacy(work: MetricsRead, response: Response) -> Privacy:
    """From how many answers on scores are shown to those who may not read answers."""
    found, version = await policy.read(work)
    set_etag(response, version)
    return found


@router.put("/privacy")
async def replace_privacy(
    body: Privacy, work: Decides, request: Request, if_match: IfMatch, response: Response
) -> Privacy:
    """Lowering it shows more of what customers said, so it needs `feedback:read`, too."""
    if ANSWERS not in principal_of(request).scopes:
        raise Forbidden(f"This needs the scope `{ANSWERS}`, too.")
    set_etag(response, await policy.replace(work, body, expected=if_match))
    return body
