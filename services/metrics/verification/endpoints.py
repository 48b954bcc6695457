"""`/v1/metrics/verification`: whether the numbers were right when they were last counted again."""

from datetime import datetime

from services.metrics.scores.auth import MetricsRead
from services.metrics.verification.models import Verification
from shared.http.routing import APIRouter
from shared.http.schemas import Model

router = APIRouter(prefix="/v1/metrics", tags=["metrics"])


class VerificationOut(Model):
    """Every night all sums are compared with what they add up: `cells` of scores with feedback, `tickets` with what
    happened to them. So many were wrong; in a healthy system none. Null before the first night."""

    verified_at: datetime | None
    cells: int | None
    tickets: int | None


@router.get("/verification")
async def get_verification(work: MetricsRead) -> VerificationOut:
    """When the numbers were last verified, and what came of it."""
    found = await work.session.get(Verification, work.account_id)
    if found is None:
        return VerificationOut(verified_at=None, cells=None, tickets=None)
    return VerificationOut.model_validate(found)
