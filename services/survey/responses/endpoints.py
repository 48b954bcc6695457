"""`/v1/responses`. The two intakes are plain Starlette routes: FastAPI's own handling would be their ceiling."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy import select
from starlette.responses import StreamingResponse
from starlette.routing import Route

from services.survey.encoding import to_json
from services.survey.responses import export, models
from services.survey.responses.auth import WRITE, ResponsesRead
from services.survey.responses.bulk import accept_bulk
from services.survey.responses.intake import Idempotency, Sender, answer_of, intake_of, status_of, submission_of
from services.survey.responses.reading import read_response
from services.survey.responses.schemas import ResponseOut
from services.survey.surveys import service as surveys
from shared.auth.tokens import Principal
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import RuntimeDep, authenticate, runtime_of
from shared.http.errors import NotFound, Unacceptable
from shared.http.idempotency import HEADER, LONGEST_KEY, fingerprint_of
from shared.http.routing import APIRouter, Plain
from shared.http.schemas import Moment

router = APIRouter(prefix="/v1/responses", tags=["responses"])
of_a_survey = APIRouter(prefix="/v1/surveys", tags=["responses"])


class ResponseNotFound(NotFound):
    """There is no such response here."""

    code = "response_not_found"


async def accept_response(request: Request) -> Response:
    """Take one response. 201 once it is stored; 200 if this submission was stored before."""
    principal = authenticate(request, WRITE)
    raw = await request.body()
    response = read_response(raw)
    runtime = runtime_of(request)
    intake = intake_of(runtime)
    survey = await intake.surveys.open(principal.account_id, response.survey_id)
    if response.survey_version not in (None, survey.version):
        survey = await intake.surveys.at(principal.account_id, response.survey_id, response.survey_version or 0)
    traceparent = request.scope["state"]["traceparent"]
    sender = Sender(principal.account_id, str(principal.actor), runtime.clock.now(), traceparent)
    submission = submission_of(sender, survey, response, idempotency=_idempotency(request, principal, raw))
    outcome = await intake.one(submission)
    if outcome.kind == "key_reused":
        detail = "This key was used with another body; choose a new key for a new request."
        raise Unacceptable.field(f"header:{HEADER}", "key_reused", detail)
    if outcome.kind == "replayed":
        headers = {"Idempotent-Replayed": "true"}
        return Response(outcome.http_body, outcome.http_status or 200, headers, "application/json")
    return Response(to_json(answer_of(submission, outcome)), status_of(outcome), media_type="application/json")


ROUTES = (
    Route("/v1/responses", Plain(accept_response), methods=["POST"], name="accept_response"),
    Route("/v1/responses/bulk", Plain(accept_bulk), methods=["POST"], name="accept_bulk"),
)


@router.get("")
async def list_responses(
    work: ResponsesRead,
    page: PageQuery,
    survey_id: Annotated[UUID | None, Query(description="Only answers to this survey.")] = None,
    submission_id: Annotated[str | None, Query(max_length=200, description="Only this submission.")] = None,
    channel: Annotated[str | None, Query(max_length=40, description="Only this channel.")] = None,
    since: Annotated[Moment | None, Query(alias="from", description="Received at or after this moment.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Received before this moment.")] = None,
) -> Page[ResponseOut]:
    """Responses as they came, the last received first."""
    table = models.Response
    filters: dict[Any, Any] = {
        table.survey_id: survey_id,
        table.submission_id: submission_id,
        table.channel: channel,
    }
    statement = select(table).where(table.account_id == work.account_id, table.withdrawn_at.is_(None))
    statement = statement.where(*(column == value for column, value in filters.items() if value is not None))
    if since is not None:
        statement = statement.where(table.received_at >= since)
    if until is not None:
        statement = statement.where(table.received_at < until)
    found: Page[models.Response] = await paginate(
        work.session, statement, page, keys=(table.received_at.desc(), table.id.desc())
    )
    return found.map(ResponseOut.model_validate)


@router.get("/{response_id}")
async def get_response(response_id: UUID, work: ResponsesRead) -> ResponseOut:
    """One response as it came."""
    table = models.Response
    mine = (table.id == response_id) & (table.account_id == work.account_id)
    statement = select(table).where(mine, table.withdrawn_at.is_(None))
    response = await work.session.scalar(statement)
    if response is None:
        raise ResponseNotFound
    return ResponseOut.model_validate(response)


@of_a_survey.get("/{survey_id}/responses.csv", response_class=StreamingResponse)
async def export_responses(survey_id: UUID, work: ResponsesRead, runtime: RuntimeDep) -> StreamingResponse:
    """All responses as CSV, a column for each question. No cell of it is a formula to a spreadsheet."""
    await surveys.read(work, survey_id)
    headers = {"Content-Disposition": 'attachment; filename="responses.csv"', "Cache-Control": "private, no-store"}
    rows = export.lines(runtime.database, work.account_id, survey_id)
    return StreamingResponse(rows, headers=headers, media_type="text/csv; charset=utf-8")


def _idempotency(request: Request, principal: Principal, raw: bytes) -> Idempotency | None:
    key = request.headers.get(HEADER, "").strip('"')
    if not key:
        return None
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise Unacceptable.field(f"header:{HEADER}", "key", f"At most {LONGEST_KEY} printable characters.")
    return Idempotency(principal.credential, key, fingerprint_of(raw, runtime_of(request).settings))
