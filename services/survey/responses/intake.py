"""The way of every answer into the database: checked, then written together with those that arrive with it.

What is more than one row and one event, such as a part of an answer, gets a transaction of its own (`continuing`).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
from sqlalchemy import func, insert, select

from services.survey.db import INTAKE_ROLE
from services.survey.encoding import to_json
from services.survey.responses import anonymity, continuing
from services.survey.responses.events import encode_received
from services.survey.responses.submissions import Idempotency, Outcome, Row, Sender, Submission, Watched, submission_of
from services.survey.surveys.published import published_surveys
from shared.bus.events import Actor
from shared.contracts.base import ActorKind
from shared.db.group_commit import GroupCommit, OwnConnection
from shared.http.errors import AppError, TooMany
from shared.ids import new_id
from shared.service import Runtime
from shared.work import Work, open_work

__all__ = (
    "Idempotency",
    "Intake",
    "Outcome",
    "Sender",
    "Submission",
    "Watched",
    "intake_of",
    "open_intake",
    "submission_of",
)

ALONE_AT_ONCE = 4
_KEY = "survey.intake"
# As `survey.accept_responses` calls it.
_ROUTE = "POST /v1/responses"
_ANYBODY = "human:respondent"
_JSON = ("customer", "answers", "dimensions", "hidden", "variables", "source")


def row_of(submission: Submission) -> Row:
    """The row and its event, encoded once for both: made while an earlier group is being written, and kept."""
    if submission.row is None:
        submission.row = _row(submission)
    return submission.row


def _row(submission: Submission) -> Row:
    columns, sender = submission.columns(), submission.sender
    blurred = submission.is_anonymous
    event_id = anonymity.random_id() if blurred else new_id()
    for name in _JSON:
        if columns[name] is not None:
            columns[name] = to_json(columns[name]).decode()
    event = encode_received(
        _told(columns),
        event_id=event_id,
        time=columns["received_at"],
        account_id=sender.account_id,
        actor=_ANYBODY if blurred else sender.actor,
        # The first event of a chain gives it its name.
        correlation_id=event_id,
        traceparent=None if blurred else sender.traceparent,
    )
    return Row._make((*columns.values(), event_id, event, *(submission.idempotency or (None, None, None))))


class Intake:
    """One per process. `one` shares its commit with others; `many` brings enough of its own."""

    def __init__(self, runtime: Runtime) -> None:
        self.surveys = published_surveys(runtime)
        self._runtime = runtime
        url = runtime.settings.role_url(INTAKE_ROLE)
        self._singles = GroupCommit(url, accept, waiting=runtime.settings.survey_intake_waiting)
        # Another connection, so that an import never stands before somebody's single answer.
        self._imports = OwnConnection(url)
        # Those in a transaction of their own wait here rather than for a connection, which other requests need too.
        self._turn = asyncio.Semaphore(ALONE_AT_ONCE)
        self._queued = 0

    async def one(self, submission: Submission) -> Outcome:
        """Returns after the commit. Raises `TooMany` when more arrives than can be stored."""
        if submission.is_plain:
            row_of(submission)
            outcome = await self._singles.submit(submission)
            if outcome.kind != "unfinished":
                return outcome
        if self._queued >= self._runtime.settings.survey_intake_waiting:
            raise TooMany(retry_after=1)
        return await self._alone(submission)

    async def many(self, submissions: Sequence[Submission]) -> Sequence[Outcome | AppError]:
        """Some hundred in one commit of their own; for each, in order, what became of it or why it is refused."""
        plain: list[Submission] = []
        parts: set[tuple[UUID, str]] = set()
        for submission in submissions:
            # What follows a part of the same response waits for it.
            key = (submission.survey.survey_id, submission.response.submission_id)
            if submission.is_plain and key not in parts:
                plain.append(submission)
            else:
                parts.add(key)
        async with self._imports.use() as connection:
            found = dict(zip(map(id, plain), await accept(connection, plain) if plain else (), strict=True))
        outcomes: list[Outcome | AppError] = []
        for submission in submissions:
            outcome = found.get(id(submission))
            if outcome is not None and outcome.kind != "unfinished":
                outcomes.append(outcome)
                continue
            try:
                outcomes.append(await self._alone(submission))
            except AppError as problem:
                if problem.status >= 500:
                    raise
                outcomes.append(problem)
        return outcomes

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self._singles.open()
        try:
            yield
        finally:
            await self._singles.close()
            await self._imports.close()

    async def _alone(self, submission: Submission) -> Outcome:
        self._queued += 1
        try:
            async with self._turn:
                return await self._in_its_own_transaction(submission)
        finally:
            self._queued -= 1

    async def _in_its_own_transaction(self, submission: Submission) -> Outcome:
        sender, blurred = submission.sender, submission.is_anonymous
        kind, _, name = (_ANYBODY if blurred else sender.actor).partition(":")
        async with open_work(
            self._runtime.database,
            sender.account_id,
            Actor(ActorKind(kind), name),
            clock=self._runtime.clock,
            correlation_id=uuid4() if blurred else None,
            traceparent=None if blurred else sender.traceparent,
        ) as work:
            known = await _known(work, submission)
            return known or await _remembered(work, submission, await continuing.hand_in(work, submission))


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
    rows = [row_of(submission) for submission in group]
    exceptional = await connection.fetch(_ACCEPT, *zip(*rows, strict=True))
    outcomes = [
        Outcome(submission.response_id, "stored", ending=row.ending)
        for submission, row in zip(group, rows, strict=True)
    ]
    for place, response_id, kind, status, body in exceptional:
        outcomes[place - 1] = Outcome(response_id, kind, status, body)
    return outcomes


def answer_of(submission: Submission, outcome: Outcome) -> dict[str, Any]:
    """As `ResponseAccepted`."""
    return {
        "id": outcome.response_id,
        "survey_id": submission.survey.survey_id,
        "submission_id": submission.response.submission_id,
        "duplicate": outcome.kind == "duplicate",
    }


def status_of(outcome: Outcome) -> int:
    """201 for what is new."""
    return 201 if outcome.kind == "stored" else 200


def _told(columns: dict[str, Any]) -> dict[str, Any]:
    """`ResponseReceived`, in the order of its fields. What is JSON already is taken as it is."""
    as_it_is = orjson.Fragment
    return {
        "response_id": columns["id"],
        "survey_id": columns["survey_id"],
        "survey_version": columns["survey_version"],
        "submission_id": columns["submission_id"],
        "customer": as_it_is(columns["customer"]) if columns["customer"] else None,
        "invitation_id": columns["invitation_id"],
        "ticket_id": columns["ticket_id"],
        "answers": as_it_is(columns["answers"]),
        "completed": columns["completed"],
        "channel": columns["channel"],
        "touchpoint": columns["touchpoint"],
        "dimensions": as_it_is(columns["dimensions"]),
        "occurred_at": columns["occurred_at"],
        "received_at": columns["received_at"],
        "language": columns["language"],
        "revision": 1,
        "hidden": as_it_is(columns["hidden"]),
        "variables": as_it_is(columns["variables"]),
        "ending": columns["ending"],
        "screened_out": columns["screened_out"],
        "over_quota": None,
        "suspicious": (),
        "anonymous": columns["anonymous"],
    }


async def _known(work: Work, submission: Submission) -> Outcome | None:
    """The answer to an earlier call with this Idempotency-Key; while that one runs, this one waits for it."""
    if submission.idempotency is None:
        return None
    caller, key, fingerprint = submission.idempotency
    lock = "\n".join((str(work.account_id), caller, _ROUTE, key))
    await work.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(lock, 0))))
    table = work.tables.idempotency_keys
    same = (table.c.account_id == work.account_id) & (table.c.caller == caller) & (table.c.route == _ROUTE)
    row = (await work.session.execute(select(table).where(same, table.c.key == key))).one_or_none()
    if row is None:
        return None
    return Outcome(None, "replayed" if row.fingerprint == fingerprint else "key_reused", row.status, row.body)


async def _remembered(work: Work, submission: Submission, outcome: Outcome) -> Outcome:
    if submission.idempotency is not None:
        values = {
            **submission.idempotency._asdict(),
            "account_id": work.account_id,
            "route": _ROUTE,
            "status": status_of(outcome),
            "headers": {"content-type": "application/json"},
            "body": to_json(answer_of(submission, outcome)),
            "created_at": work.now,
        }
        await work.session.execute(insert(work.tables.idempotency_keys).values(values))
    return outcome


_ACCEPT = f"select * from survey.accept_responses({', '.join(f'${n + 1}' for n in range(len(Row._fields)))})"
