"""The way of every answer into the database: checked, then written together with those that arrive with it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

import asyncpg
import orjson

from services.survey.db import INTAKE_ROLE
from services.survey.encoding import to_json
from services.survey.responses.answers import check_answers, kept, score_of
from services.survey.responses.events import encode_received
from services.survey.responses.schemas import NewResponse
from services.survey.surveys.published import PublishedSurvey, published_surveys
from shared.db.group_commit import GroupCommit, OwnConnection
from shared.http.errors import FieldProblem, Unacceptable
from shared.ids import new_id
from shared.service import Runtime

# A sender's clock may be ahead of ours.
FUTURE = timedelta(days=1)
_KEY = "survey.intake"
_EMPTY = b"{}"


class Submission(NamedTuple):
    """One row of `survey.accept_responses`, in the order of its parameters."""

    response_id: UUID
    account_id: UUID
    survey_id: UUID
    survey_version: int
    submission_id: str
    invitation_id: UUID | None
    ticket_id: UUID | None
    customer: str | None
    answers: str
    score: int | None
    completed: bool
    channel: str
    touchpoint: str | None
    dimensions: str
    language: str | None
    occurred_at: datetime
    received_at: datetime
    event_id: UUID
    event: bytes
    caller: str | None
    idempotency_key: str | None
    fingerprint: bytes | None


class Outcome(NamedTuple):
    """What became of a submission. `http_*` is the stored answer of a known Idempotency-Key."""

    response_id: UUID | None
    kind: Literal["stored", "duplicate", "replayed", "key_reused"]
    http_status: int | None = None
    http_body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Sender:
    """Who hands in, and in whose name; the same for all items of one call. `actor` as it travels."""

    account_id: UUID
    actor: str
    now: datetime
    traceparent: str | None


class Idempotency(NamedTuple):
    """An `Idempotency-Key`, who used it, and the SHA-256 of the body it came with."""

    caller: str
    key: str
    fingerprint: bytes


def submission_of(
    sender: Sender,
    survey: PublishedSurvey,
    response: NewResponse,
    *,
    invitation_id: UUID | None = None,
    ticket_id: UUID | None = None,
    idempotency: Idempotency | None = None,
) -> Submission:
    """Raises `Unacceptable` if the answers do not fit the survey."""
    occurred_at = response.occurred_at or sender.now
    checked, problems = check_answers(survey, response, sender.now)
    if occurred_at > sender.now + FUTURE:
        problems.append(FieldProblem("/occurred_at", "in_the_future", "This moment lies in the future."))
    if problems:
        raise Unacceptable("; ".join(problem.detail for problem in problems[:3]), errors=tuple(problems))
    response_id, event_id = new_id(), new_id()
    touchpoint = response.touchpoint or survey.touchpoint
    customer = None if response.customer is None else to_json(response.customer.__dict__)
    answers = to_json(kept(checked.values))
    dimensions = to_json(response.dimensions) if response.dimensions else _EMPTY
    data: dict[str, Any] = {
        "response_id": response_id,
        "survey_id": survey.survey_id,
        "survey_version": survey.version,
        "submission_id": response.submission_id,
        "customer": None if customer is None else orjson.Fragment(customer),
        "invitation_id": invitation_id,
        "ticket_id": ticket_id,
        "answers": orjson.Fragment(answers),
        "completed": response.completed,
        "channel": response.channel,
        "touchpoint": touchpoint,
        "dimensions": orjson.Fragment(dimensions),
        "occurred_at": occurred_at,
        "received_at": sender.now,
        "language": response.language,
    }
    event = encode_received(
        data,
        event_id=event_id,
        time=sender.now,
        account_id=sender.account_id,
        actor=sender.actor,
        # The first event of a chain gives it its name.
        correlation_id=event_id,
        traceparent=sender.traceparent,
    )
    return Submission(
        response_id,
        sender.account_id,
        survey.survey_id,
        survey.version,
        response.submission_id,
        invitation_id,
        ticket_id,
        None if customer is None else customer.decode(),
        answers.decode(),
        score_of(survey, checked.values),
        response.completed,
        response.channel,
        touchpoint,
        dimensions.decode(),
        response.language,
        occurred_at,
        sender.now,
        event_id,
        event,
        *(idempotency or (None, None, None)),
    )


class Intake:
    """One per process. `one` shares its commit with others; `many` brings enough of its own."""

    def __init__(self, runtime: Runtime) -> None:
        self.surveys = published_surveys(runtime)
        url = runtime.settings.role_url(INTAKE_ROLE)
        self._singles = GroupCommit(url, accept, waiting=runtime.settings.survey_intake_waiting)
        # Another connection, so that an import never stands before somebody's single answer.
        self._imports = OwnConnection(url)

    async def one(self, submission: Submission) -> Outcome:
        """Returns after the commit. Raises `TooMany` when more arrives than can be stored."""
        return await self._singles.submit(submission)

    async def many(self, submissions: Sequence[Submission]) -> Sequence[Outcome]:
        """Some hundred in one commit of their own; one outcome for each, in order."""
        async with self._imports.use() as connection:
            return await accept(connection, submissions)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self._singles.open()
        try:
            yield
        finally:
            await self._singles.close()
            await self._imports.close()


@asynccontextmanager
async def open_intake(runtime: Runtime) -> AsyncIterator[None]:
    """For the application's lifespan."""
    intake = runtime.state[_KEY] = Intake(runtime)
    async with intake.running():
        yield


def intake_of(runtime: Runtime) -> Intake:
    """The one of this process."""
    intake: Intake = runtime.state[_KEY]
    return intake


async def accept(connection: asyncpg.Connection, group: Sequence[Submission]) -> list[Outcome]:
    """One statement, one commit, for all of them."""
    exceptional = await connection.fetch(_ACCEPT, *zip(*group, strict=True))
    outcomes = [Outcome(submission.response_id, "stored") for submission in group]
    for place, response_id, kind, status, body in exceptional:
        outcomes[place - 1] = Outcome(response_id, kind, status, body)
    return outcomes


_ACCEPT = f"select * from survey.accept_responses({', '.join(f'${n + 1}' for n in range(len(Submission._fields)))})"
