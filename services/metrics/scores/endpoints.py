"""`/v1/metrics`: scores with how sure one can be of them, and the rows behind them."""

from typing import Annotated

from fastapi import Query
from pydantic import WithJsonSchema

from services.metrics.facts.models import Fact
from services.metrics.facts.reading import Exclusion
from services.metrics.scores import queries
from services.metrics.scores import service as scores
from services.metrics.scores.auth import MetricsRead
from services.metrics.scores.catalogue import CATALOGUE, metric
from services.metrics.scores.schemas import FactOut, MetricAnswer, MetricList, MetricOut
from services.metrics.scores.selection import By, Period, SelectionQuery
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/metrics", tags=["metrics"])

# Any other name is not found rather than unacceptable, so the document alone knows the names.
MetricName = Annotated[str, WithJsonSchema({"type": "string", "enum": list(CATALOGUE)})]
DimensionName = Annotated[
    str | None,
    Query(
        pattern=r"^[a-z][a-z0-9_]{0,39}$",
        description="In place of `by`: a dimension of the answers, such as `variant`, `wave` or a field of yours.",
    ),
]
Why = Annotated[Exclusion | None, Query(description="Instead: the feedback that is left out for this reason.")]


@router.get("")
async def list_metrics(work: MetricsRead) -> MetricList:
    """The catalogue."""
    return MetricList(data=[MetricOut.model_validate(known) for known in CATALOGUE.values()])


@router.get("/{name}")
async def read_metric(
    name: MetricName,
    work: MetricsRead,
    selection: SelectionQuery,
    by: By | None = None,
    dimension: DimensionName = None,
    interval: Annotated[Period, Query(description="Length of the periods of `series`.")] = Period.TOTAL,
) -> MetricAnswer:
    """The score of a window of whole days in UTC, by when the feedback happened, with its 95 % interval.

    Every number follows from rows that `/rows` lists: `n` of them, and as many for each reason in `excluded`.
    """
    return await scores.answer(work, metric(name), selection, by=by, dimension=dimension, period=interval)


@router.get("/{name}/rows")
async def list_rows(
    name: MetricName, work: MetricsRead, selection: SelectionQuery, page: PageQuery, excluded: Why = None
) -> Page[FactOut]:
    """The feedback behind the number, newest first; as many rows as its `n`."""
    statement = queries.facts_behind(work, selection, metric(name).scheme, excluded)
    keys = (Fact.occurred_at.desc(), Fact.feedback_id.desc(), Fact.question.desc())
    return (await paginate(work.session, statement, page, keys=keys)).map(FactOut.model_validate)
