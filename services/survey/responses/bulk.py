"""`POST /v1/responses/bulk`: up to 1,000 items as JSON, or an NDJSON or CSV file of any length.

While PostgreSQL writes one batch the next is read and checked. Sending the same again is safe: submissions that are
stored already are counted as duplicates.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Request, Response

from services.survey.definition.from_text import value_from_text
from services.survey.encoding import to_json
from services.survey.responses.auth import WRITE
from services.survey.responses.files import csv_records, ndjson_records
from services.survey.responses.intake import Intake, Sender, Submission, intake_of, row_of, submission_of
from services.survey.responses.reading import Parsed, Record, problems_of, read_items
from services.survey.responses.schemas import NewResponse
from services.survey.surveys.published import PublishedSurvey
from shared.auth.tokens import Principal
from shared.http.dependencies import authenticate, public_work, runtime_of
from shared.http.errors import AppError, FieldProblem, Unacceptable
from shared.http.idempotency import HEADER, Replay, claim_key
from shared.http.records import PORTION, limited, write_behind

MOST_JSON_BYTES = 8 * 1_048_576
MOST_PROBLEMS = 10_000
BATCH = 250
# A part that grew was not there as it is now.
_CREATED = frozenset({"stored", "continued"})


async def accept_bulk(request: Request) -> Response:
    """Take many responses and answer for each."""
    principal = authenticate(request, WRITE)
    runtime = runtime_of(request)
    traceparent = request.scope["state"]["traceparent"]
    sender = Sender(principal.account_id, str(principal.actor), runtime.clock.now(), traceparent)
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind == "application/json":
        return await _accept_json(request, intake_of(runtime), sender, principal)
    if kind in ("application/x-ndjson", "application/jsonl"):
        portions = ndjson_records(request.stream())
    elif kind == "text/csv":
        portions = csv_records(request.stream(), request.query_params.get("survey_id"))
    else:
        detail = "Send application/json, application/x-ndjson or text/csv."
        raise Unacceptable.field("header:Content-Type", "content_type", detail)
    run = _Run(intake_of(runtime), sender, lists_all=False, from_text=kind == "text/csv")
    return _answer(await run.through(portions))


async def _accept_json(request: Request, intake: Intake, sender: Sender, caller: Principal) -> Response:
    request = limited(request, MOST_JSON_BYTES)
    items = read_items(await request.body())
    run = _Run(intake, sender, lists_all=True, from_text=False)
    if HEADER not in request.headers:
        return _answer(await run.through(_portions(items)))
    try:
        # The items are kept by commits of their own; should this one fail, the same call again finds duplicates.
        async with public_work(request, caller.account_id, caller.actor) as work:
            pending = await claim_key(request, work, caller.credential)
            answer = _answer(await run.through(_portions(items)))
            if pending is not None:
                await pending.remember(answer)
    except Replay as replay:
        return replay.response
    return answer


@dataclass(frozen=True, slots=True)
class Place:
    """Of an item in its call, from 0, and of its record's first line in its file, from 1."""

    index: int
    line: int | None


class _Run:
    """One call: checks, writes and counts."""

    def __init__(self, intake: Intake, sender: Sender, *, lists_all: bool, from_text: bool) -> None:
        self._intake, self._sender = intake, sender
        self._lists_all, self._from_text = lists_all, from_text
        self._surveys: dict[tuple[UUID, int | None], PublishedSurvey | tuple[FieldProblem, ...]] = {}
        # As `BulkItem`, but plain: a thousand checked models would cost a tenth of the call.
        self._items: list[dict[str, Any]] = []
        self._received = self._created = self._duplicates = self._failed = 0

    async def through(self, portions: AsyncIterator[Sequence[Record]]) -> dict[str, Any]:
        """As `BulkResult`."""
        await write_behind(portions, self._check_all, self._write, batch_size=BATCH)
        self._items.sort(key=lambda item: item["index"])
        return {
            "received": self._received,
            "created": self._created,
            "duplicates": self._duplicates,
            "failed": self._failed,
            "data": self._items,
        }

    async def _check_all(self, portion: Sequence[Record], batch: list[tuple[Place, Submission]]) -> None:
        for record in portion:
            await self._check(record, batch)

    async def _check(self, record: Record, batch: list[tuple[Place, Submission]]) -> None:
        place, parsed = Place(self._received, record.line), record.parsed
        self._received += 1
        if isinstance(parsed, tuple):
            return self._fail(place, parsed)
        shown = (parsed.survey_id, parsed.survey_version)
        survey = self._surveys.get(shown) or await self._survey(*shown)
        if isinstance(survey, tuple):
            return self._fail(place, survey)
        if self._from_text:
            _understand_text(survey, parsed)
        try:
            submission = submission_of(self._sender, survey, parsed)
            if submission.is_plain:
                row_of(submission)
            batch.append((place, submission))
        except Unacceptable as problem:
            self._fail(place, problem.errors)

    async def _survey(self, survey_id: UUID, version: int | None) -> PublishedSurvey | tuple[FieldProblem, ...]:
        found: PublishedSurvey | tuple[FieldProblem, ...]
        try:
            found = await self._intake.surveys.open(self._sender.account_id, survey_id)
            if version is not None:
                found = await self._intake.surveys.at(self._sender.account_id, survey_id, version)
        except AppError as problem:
            if problem.status >= 500:
                raise
            found = problems_of(problem)
        self._surveys[survey_id, version] = found
        return found

    async def _write(self, batch: Sequence[tuple[Place, Submission]]) -> None:
        outcomes = await self._intake.many([submission for _, submission in batch]) if batch else ()
        for (place, _), outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, AppError):
                self._fail(place, problems_of(outcome))
                continue
            is_created = outcome.kind in _CREATED
            self._created += is_created
            self._duplicates += not is_created
            if self._lists_all:
                self._items.append(_item(place, "created" if is_created else "duplicate", outcome.response_id))

    def _fail(self, place: Place, problems: Sequence[FieldProblem]) -> None:
        self._failed += 1
        if len(self._items) < MOST_PROBLEMS:
            self._items.append(_item(place, "failed", None, problems))


def _understand_text(survey: PublishedSurvey, response: NewResponse) -> None:
    """A file of text has no numbers and no lists, so the question says what a cell is."""
    for answer in response.answers:
        question = survey.questions.get(answer.question)
        if question is not None:
            answer.value = value_from_text(question, answer.value)


def _item(place: Place, status: str, response_id: UUID | None, errors: Sequence[FieldProblem] = ()) -> dict[str, Any]:
    return {"index": place.index, "line": place.line, "status": status, "id": response_id, "errors": errors}


async def _portions(items: list[Parsed]) -> AsyncIterator[list[Record]]:
    for start in range(0, len(items), PORTION):
        yield [Record(None, item) for item in items[start : start + PORTION]]


def _answer(result: dict[str, Any]) -> Response:
    return Response(to_json(result), media_type="application/json")
