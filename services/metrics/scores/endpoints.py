"""`/v1/metrics`: numbers with how sure one can be of them, and the rows behind them."""

from collections.abc import Sequence
from enum import StrEnum
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import Query, Request
from pydantic import WithJsonSchema
from sqlalchemy import func, select

from services.metrics.comparisons.against import CompareQuery, against
from services.metrics.custom import service as custom
from services.metrics.custom.expressions import parts_of
from services.metrics.custom.models import CustomMetric
from services.metrics.custom.schemas import NAME, CustomAnswer
from services.metrics.episodes import queries as episodes
from services.metrics.episodes.catalogue import EpisodeMetric
from services.metrics.facts.models import Fact
from services.metrics.facts.reading import Exclusion
from services.metrics.scores import queries
from services.metrics.scores import service as scores
from services.metrics.scores.auth import ANSWERS, MetricsRead, minimum_for
from services.metrics.scores.catalogue import CATALOGUE, AnyMetric, metric
from services.metrics.scores.schemas import (
    CustomerRowOut,
    EpisodeRowOut,
    FactOut,
    MetricAnswer,
    MetricList,
    MetricOut,
    TicketRowOut,
)
from services.metrics.scores.selection import AxesQuery, By, Period, Selection, SelectionQuery
from services.metrics.tickets import queries as tickets
from services.metrics.tickets.catalogue import Left, TicketMetric
from services.metrics.worth import queries as worth
from services.metrics.worth.catalogue import LeftOut, WorthMetric
from services.metrics.worth.policy import policy_of
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.errors import Forbidden, Unacceptable
from shared.http.routing import APIRouter
from shared.work import Work

router = APIRouter(prefix="/v1/metrics", tags=["metrics"])

# Any other name is not found rather than unacceptable, so the document alone knows the names; an account has its own.
_NAMES = [{"enum": list(CATALOGUE)}, {"pattern": NAME}]
MetricName = Annotated[str, WithJsonSchema({"type": "string", "anyOf": _NAMES})]
Why = Annotated[Exclusion | Left | None, Query(description="Instead: those that are left out for this reason.")]
R = TypeVar("R", Exclusion, Left, LeftOut)


@router.get("")
async def list_metrics(work: MetricsRead) -> MetricList:
    """The catalogue, and the account's own metrics (`custom`)."""
    known = [MetricOut.model_validate(_listed(each)) for each in CATALOGUE.values()]
    return MetricList(data=[*known, *(_own(each) for each in await custom.all_of(work))])


@router.get("/{name}")
async def read_metric(
    name: MetricName,
    work: MetricsRead,
    request: Request,
    selection: SelectionQuery,
    axes: AxesQuery,
    interval: Annotated[Period, Query(description="Length of the periods of `series`.")] = Period.TOTAL,
    compare: CompareQuery = [],  # noqa: B006
) -> MetricAnswer | CustomAnswer:
    """The number of a window of whole days in the account's time zone, by when it happened, with its 95 % interval.

    Every number follows from rows that `/rows` lists: `n` of them, and as many for each reason in `excluded`.

    `compare=previous` is with the window before, which has as many days, or as many months if it is whole months;
    `last_year` with the same dates a year before; `channel:web` and the like with others of a kind that is filtered
    for (`filter[channel]=email`), in the same window.
    """
    terms: dict[str, Any] = {
        "axes": axes,
        "period": interval,
        "minimum": await minimum_for(work, request),
    }
    own = None if name in CATALOGUE else await custom.named(work, name)
    if own is None:
        return await scores.answer(work, metric(name), selection, **terms, against=against(selection, compare))
    if compare:
        raise Unacceptable.field("query:compare", "not_comparable", "Compare the metrics that it is made of.")
    return await custom.answer(work, own, selection, **terms)


@router.get("/{name}/rows")
async def list_rows(
    name: MetricName,
    work: MetricsRead,
    request: Request,
    selection: SelectionQuery,
    page: PageQuery,
    excluded: Why = None,
) -> Page[FactOut] | Page[TicketRowOut] | Page[EpisodeRowOut] | Page[CustomerRowOut]:
    """What the number is made of: feedback, tickets or customers, newest first; as many rows as its `n`.

    Rows of feedback are what single customers said: while the account has a privacy minimum, they need `feedback:read`.
    """
    asked = metric(name)
    scores.check_filters(asked, selection)
    if isinstance(asked, EpisodeMetric):
        reason = None if excluded is None else _one_of(Left, excluded)
        rows = episodes.rows_behind(work, selection, asked, reason)
        newest_first = (rows.c.at.desc(), rows.c.row_id.desc())
        return (await paginate(work.session, select(rows), page, keys=newest_first)).map(
            partial(_episode_row, rows.c.keys())
        )
    if isinstance(asked, TicketMetric):
        reason = None if excluded is None else _one_of(Left, excluded)
        rows = tickets.rows_behind(work, selection, asked, reason)
        order = (rows.c.at.desc(), rows.c.ticket_id.desc(), rows.c.target.desc())
        found = await paginate(work.session, select(rows), page, keys=order)
        return found.map(partial(_ticket_row, rows.c.keys()))
    if isinstance(asked, WorthMetric):
        return await _customer_rows(work, asked, selection, page, excluded)
    if await minimum_for(work, request):
        raise Forbidden(f"These rows are single answers; they need the scope `{ANSWERS}`, too.")
    statement = queries.facts_behind(
        work, selection, asked.scheme, None if excluded is None else _one_of(Exclusion, excluded)
    )
    keys = (Fact.occurred_at.desc(), Fact.feedback_id.desc(), Fact.question.desc())
    return (await paginate(work.session, statement, page, keys=keys)).map(FactOut.model_validate)


async def _customer_rows(
    work: Work, metric: WorthMetric, selection: Selection, page: PageQuery, excluded: Exclusion | Left | None
) -> Page[CustomerRowOut]:
    reason = None if excluded is None else _one_of(LeftOut, excluded)
    rows = worth.rows_behind(work, selection, metric, await policy_of(work), reason)
    order = (rows.c.at.desc(), rows.c.customer_id.desc(), func.coalesce(rows.c.currency, "").desc())
    found = await paginate(work.session, select(rows), page, keys=order)
    return found.map(partial(_customer_row, rows.c.keys(), metric))


def _customer_row(names: Sequence[str], metric: WorthMetric, row: Sequence[Any]) -> CustomerRowOut:
    values = dict(zip(names, row, strict=True))
    money = {name: values[name] if metric.is_money else None for name in ("before", "after", "spent")}
    return CustomerRowOut(**values | money)


def _listed(known: AnyMetric) -> dict[str, Any]:
    return {name: getattr(known, name) for name in MetricOut.model_fields if name != "custom"} | {"custom": False}


def _own(known: CustomMetric) -> MetricOut:
    """What all its parts can be told apart by."""
    parts = [CATALOGUE[name] for name in parts_of(known.expression)]
    return MetricOut(
        name=known.name,
        title=known.title,
        scheme=None,
        dimensions=sorted(set[By].intersection(*(set(part.dimensions) for part in parts))),
        unit=known.unit,
        formula=known.expression,
        version=known.formula_version,
        custom=True,
    )


def _one_of(reasons: type[R], reason: StrEnum) -> R:
    if reason.value not in [known.value for known in reasons]:
        detail = f"Reasons of this metric: {', '.join(known.value for known in reasons)}."
        raise Unacceptable.field("query:excluded", "unknown_reason", detail)
    return reasons(reason.value)


def _episode_row(names: Sequence[str], row: Sequence[Any]) -> EpisodeRowOut:
    values: dict[str, Any] = dict(zip(names, row, strict=True))
    return EpisodeRowOut.model_validate({name: values.get(name) for name in EpisodeRowOut.model_fields})


def _ticket_row(names: Sequence[str], row: Sequence[Any]) -> TicketRowOut:
    values = dict(zip(names, row, strict=True))
    shown = {name: values[name] for name in TicketRowOut.model_fields}
    return TicketRowOut(**shown | {"target": shown["target"] or None})
