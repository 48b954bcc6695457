"""`/v1/drivers`: which questions go with an outcome, how much each weighs, and how sure one can be."""

from typing import Annotated

from fastapi import Depends, Query, Request

from services.metrics.drivers import queries
from services.metrics.drivers import service as drivers
from services.metrics.drivers.queries import Outcome
from services.metrics.drivers.schemas import DriverRowOut, DriversAnswer, RegressionAnswer
from services.metrics.drivers.service import Asked
from services.metrics.facts.models import Fact
from services.metrics.facts.reading import Family
from services.metrics.scores.auth import ANSWERS, MetricsRead, minimum_for
from services.metrics.scores.selection import SelectionQuery
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.errors import Forbidden
from shared.http.routing import APIRouter
from shared.work import Work

router = APIRouter(prefix="/v1/drivers", tags=["drivers"])

_FAMILIES: dict[str, Family] = {"nps": "nps", "csat": "csat", "ces": "ces", "csi": "csi", "rating": "rating"}
_QUESTION = "question:"


def _asked(
    selection: SelectionQuery,
    outcome: Annotated[
        str,
        Query(
            pattern=rf"^({'|'.join(_FAMILIES)}|{_QUESTION}[^\x00-\x1f]{{1,100}})$",
            description="A kind of rating, or one question by its key.",
            examples=["nps", "question:overall"],
        ),
    ],
    driver: Annotated[
        list[Annotated[str, Query(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]],
        Query(max_length=50, description="Keys of questions; every other scored question if left out."),
    ] = [],  # noqa: B006
) -> Asked:
    question = outcome.removeprefix(_QUESTION) if outcome.startswith(_QUESTION) else None
    asked = Asked(Outcome(outcome, _FAMILIES.get(outcome), question), sorted(set(driver)), selection)
    drivers.check(asked)
    return asked


AskedQuery = Annotated[Asked, Depends(_asked)]


@router.get("")
async def read_drivers(
    work: MetricsRead,
    request: Request,
    asked: AskedQuery,
    rise: Annotated[float, Query(gt=0, le=100, description="For the what-if, in points of the driver.")] = 0.5,
) -> DriversAnswer:
    """What each driver weighs, how good it is, and by how much the outcome differs where it is higher.

    Johnson's relative weights and Shapley values, with bootstrap intervals.

    Drivers are the other scored questions of the same feedback. What was not answered is missing, never 0. On too few
    answers there are no drivers, and `refused` and `least` say how many are needed.
    """
    await _check_privacy(work, request, asked)
    return await drivers.drivers(work, asked, rise)


@router.get("/regression")
async def read_regression(work: MetricsRead, request: Request, asked: AskedQuery) -> RegressionAnswer:
    """Correlations of the outcome with each driver, and a regression on all of them with what it takes for granted
    looked at. `influential` rows are named to those who may read answers (`feedback:read`)."""
    is_bound = await _check_privacy(work, request, asked)
    return await drivers.regression(work, asked, names_rows=not is_bound)


@router.get("/rows")
async def list_responses(work: MetricsRead, request: Request, asked: AskedQuery, page: PageQuery) -> Page[DriverRowOut]:
    """The feedback behind the numbers, newest first: as many as `n`, or more where that is a sample.

    They are what single customers said: while the account has a privacy minimum, they need `feedback:read`.
    """
    if await minimum_for(work, request):
        raise Forbidden(f"These rows are single answers; they need the scope `{ANSWERS}`, too.")
    keys = (Fact.occurred_at.desc(), Fact.feedback_id.desc(), Fact.question.desc())
    rows = queries.rows_behind(work, asked.selection, asked.outcome, asked.drivers)
    found = await paginate(work.session, rows, page, keys=keys)
    return found.map(await drivers.row_maker(work, asked, [fact.feedback_id for fact in found.data]))


async def _check_privacy(work: Work, request: Request, asked: Asked) -> bool:
    """Whether the caller is bound by the account's privacy minimum. No answer about drivers rests on fewer than any
    minimum, but two filters may differ by fewer, and so the bound ask about everything or nothing."""
    is_bound = await minimum_for(work, request) > 0
    if is_bound and asked.selection.filters:
        raise Forbidden(f"Drivers of a part of the feedback need the scope `{ANSWERS}`, too; ask without a filter.")
    return is_bound
