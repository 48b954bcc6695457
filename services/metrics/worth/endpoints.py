"""`/v1/worth-policy` and `/v1/acquisition-spend`: what an account says of its business."""

from uuid import UUID

from fastapi import Response

from services.metrics.scores.auth import MetricsRead
from services.metrics.worth import policy, spend
from services.metrics.worth.auth import MetricsWrite
from services.metrics.worth.models import AcquisitionSpend
from services.metrics.worth.schemas import NewSpend, SpendOut, WorthPolicy
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/worth-policy", tags=["worth"])
spending = APIRouter(prefix="/v1/acquisition-spend", tags=["worth"])


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


@spending.get("")
async def list_spend(work: MetricsRead, page: PageQuery) -> Page[SpendOut]:
    """The latest days first."""
    keys = (AcquisitionSpend.from_day.desc(), AcquisitionSpend.id.desc())
    return (await paginate(work.session, spend.listed(work), page, keys=keys)).map(spend.shown)


@spending.post("", status_code=201)
async def add_spend(body: NewSpend, work: MetricsWrite, response: Response) -> SpendOut:
    """Counts at once in `cac`, `payback` and `cltv_to_cac`, of the past, too."""
    added = await spend.add(work, body)
    set_etag(response, added.version)
    return spend.shown(added)


@spending.get("/{spend_id}")
async def read_spend(spend_id: UUID, work: MetricsRead, response: Response) -> SpendOut:
    """One of them."""
    found = await spend.read(work, spend_id)
    set_etag(response, found.version)
    return spend.shown(found)


@spending.put("/{spend_id}")
async def replace_spend(
    spend_id: UUID, body: NewSpend, work: MetricsWrite, if_match: IfMatch, response: Response
) -> SpendOut:
    """Say it anew."""
    found = await spend.replace(work, spend_id, body, expected=if_match)
    set_etag(response, found.version)
    return spend.shown(found)


@spending.delete("/{spend_id}", status_code=204)
async def delete_spend(spend_id: UUID, work: MetricsWrite, if_match: IfMatch) -> None:
    """It counts no more."""
    await spend.delete(work, spend_id, expected=if_match)
