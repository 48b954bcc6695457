"""`/v1/custom-metrics`: numbers that an account makes of those of the catalogue."""

from typing import Annotated
from uuid import UUID

from fastapi import Response
from sqlalchemy import select

from services.metrics.custom import service as custom
from services.metrics.custom.models import CustomMetric
from services.metrics.custom.schemas import CustomMetricOut, CustomMetricPatch, NewCustomMetric
from services.metrics.scores.auth import MetricsRead
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag, work_with
from shared.http.routing import APIRouter
from shared.work import Work

router = APIRouter(prefix="/v1/custom-metrics", tags=["metrics"])

MetricsWrite = Annotated[Work, work_with("metrics:write")]


@router.post("", status_code=201)
async def create_custom_metric(body: NewCustomMetric, work: MetricsWrite, response: Response) -> CustomMetricOut:
    """Make a number of others. From then on it is asked for by its name: `GET /v1/metrics/{name}`."""
    return _answer(await custom.create(work, body), response)


@router.get("")
async def list_custom_metrics(work: MetricsRead, page: PageQuery) -> Page[CustomMetricOut]:
    """By name."""
    mine = select(CustomMetric).where(CustomMetric.account_id == work.account_id)
    found = await paginate(work.session, mine, page, keys=(CustomMetric.name.asc(), CustomMetric.id.asc()))
    return found.map(CustomMetricOut.model_validate)


@router.get("/{metric_id}")
async def read_custom_metric(metric_id: UUID, work: MetricsRead, response: Response) -> CustomMetricOut:
    return _answer(await custom.find(work, metric_id), response)


@router.patch("/{metric_id}")
async def edit_custom_metric(
    metric_id: UUID, body: CustomMetricPatch, work: MetricsWrite, expected: IfMatch, response: Response
) -> CustomMetricOut:
    """Change what is sent. Another expression is another `formula_version`."""
    return _answer(await custom.edit(work, metric_id, body, expected), response)


@router.delete("/{metric_id}", status_code=204)
async def delete_custom_metric(metric_id: UUID, work: MetricsWrite) -> None:
    """What it is made of stays."""
    await custom.delete(work, metric_id)


def _answer(metric: CustomMetric, response: Response) -> CustomMetricOut:
    set_etag(response, metric.version)
    return CustomMetricOut.model_validate(metric)
