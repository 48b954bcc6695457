"""What is handed in, checked against its survey: the same for the API, the hosted page, the widget and files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

from services.survey.definition.answers import Checked
from services.survey.definition.document import Ending
from services.survey.definition.faults.names import OF_THE_LIMIT
from services.survey.definition.flow import Walk
from services.survey.definition.questions import File
from services.survey.responses import anonymity, quotas
from services.survey.responses.answers import check_answers, kept, score_of
from services.survey.responses.quotas import Place
from services.survey.responses.schemas import NewResponse
from services.survey.surveys.published import PublishedSurvey
from shared.http.errors import FieldProblem, Unacceptable
from shared.ids import new_id

# A sender's clock may be ahead of ours.
FUTURE = timedelta(days=1)


class Outcome(NamedTuple):
    """What became of a submission. `http_*` is the stored answer of a known Idempotency-Key.

    `continued`: a part that came before has grown. `unfinished`: what is stored is a part; only the group's commit,
    which does not complete it, says so.
    """

    response_id: UUID | None
    kind: Literal["stored", "continued", "duplicate", "unfinished", "replayed", "key_reused"]
    http_status: int | None = None
    http_body: bytes | None = None
    ending: str | None = None
    over_quota: str | None = None


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


@dataclass(frozen=True, slots=True)
class Watched:
    """Of a page or a widget: how long each question was seen, in milliseconds, and what looks like a program."""

    seen: Mapping[str, int]
    last_question: str | None
    suspicious: Sequence[str] = ()


class Row(NamedTuple):
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
    hidden: str
    variables: str
    ending: str | None
    screened_out: bool
    source: str
    anonymous: bool
    event_id: UUID
    event: bytes
    caller: str | None
    idempotency_key: str | None
    fingerprint: bytes | None


@dataclass(slots=True)
class Submission:
    """Fits its survey. `watched` if a page or a widget hands it in, and its parts belong to an attempt.

    `places`: those in quotas that it needs. `is_plain`: one row and one event are all there is to it, so it may share
    its commit with others. `row`: what is written then, once it has been made (see `intake.row_of`).
    """

    sender: Sender
    survey: PublishedSurvey
    response: NewResponse
    checked: Checked
    response_id: UUID
    occurred_at: datetime
    invitation_id: UUID | None
    ticket_id: UUID | None
    idempotency: Idempotency | None
    watched: Watched | None
    is_anonymous: bool
    is_completed: bool
    places: Sequence[Place]
    is_plain: bool
    row: Row | None = None

    def file_ids(self) -> Mapping[UUID, str]:
        """The question each uploaded file answers."""
        return {
            UUID(str(each)): key
            for key, value in self.checked.values.items()
            if isinstance(self.survey.questions[key], File)
            for each in value
        }

    def columns(self) -> dict[str, Any]:
        """As in `responses`. Of an anonymous one what could lead to a person is not there to begin with."""
        response, blurred, ending = self.response, self.is_anonymous, _ending(self.checked.walk, self.is_completed)
        moment = anonymity.coarse if blurred else _as_it_is
        submission_id = response.submission_id
        return {
            "id": self.response_id,
            "account_id": self.sender.account_id,
            "survey_id": self.survey.survey_id,
            "survey_version": self.survey.version,
            "submission_id": anonymity.masked(self.survey.survey_id, submission_id) if blurred else submission_id,
            "invitation_id": None if blurred else self.invitation_id,
            "ticket_id": None if blurred else self.ticket_id,
            "customer": None if blurred or response.customer is None else response.customer.named(),
            "answers": kept(self.checked.values),
            "score": score_of(self.survey, self.checked.values),
            "completed": self.is_completed,
            "channel": response.channel,
            "touchpoint": response.touchpoint or self.survey.touchpoint,
            "dimensions": self._dimensions(),
            "language": response.language,
            "occurred_at": moment(self.occurred_at),
            "received_at": moment(self.sender.now),
            "hidden": response.hidden,
            "variables": {key: str(value) for key, value in self.checked.walk.variables.items()},
            "ending": ending.key if ending else None,
            "screened_out": bool(ending and ending.screened_out),
            "source": {} if blurred else response.source.known() if response.source else {},
            "anonymous": blurred,
        }

    def _dimensions(self) -> dict[str, str]:
        hidden = self.response.hidden
        if not hidden:
            return self.response.dimensions
        named = {field.key for field in self.survey.definition.hidden_fields if field.dimension}
        return {**{key: value for key, value in hidden.items() if key in named}, **self.response.dimensions}


def submission_of(
    sender: Sender,
    survey: PublishedSurvey,
    response: NewResponse,
    *,
    invitation_id: UUID | None = None,
    ticket_id: UUID | None = None,
    idempotency: Idempotency | None = None,
    watched: Watched | None = None,
) -> Submission:
    """Raises `Unacceptable` if the answers do not fit the survey."""
    occurred_at = response.occurred_at or sender.now
    checked, problems = check_answers(survey, response, sender.now)
    if occurred_at > sender.now + FUTURE:
        problems.append(FieldProblem("/occurred_at", "in_the_future", "This moment lies in the future."))
    if response.hidden:
        problems += _unknown_hidden(survey, response)
    if problems:
        raise Unacceptable(" ".join(problem.detail for problem in problems[:3]), errors=tuple(problems))
    blurred = survey.definition.anonymous
    # Who says which pages were left is told when there is no further one; others say it themselves.
    is_completed = response.completed if response.left is None else checked.walk.page is None
    places = _places(survey, checked, is_completed)
    brings_files = survey.takes_files and any(isinstance(survey.questions[key], File) for key in checked.values)
    return Submission(
        sender=sender,
        survey=survey,
        response=response,
        checked=checked,
        response_id=anonymity.random_id() if blurred else new_id(),
        occurred_at=occurred_at,
        invitation_id=invitation_id,
        ticket_id=ticket_id,
        idempotency=idempotency,
        watched=watched,
        is_anonymous=blurred,
        is_completed=is_completed,
        places=places,
        is_plain=is_completed
        and watched is None
        and not places
        and not brings_files
        and not (blurred and invitation_id),
    )


def _places(survey: PublishedSurvey, checked: Checked, is_completed: bool) -> Sequence[Place]:
    limit = survey.response_limit
    if limit is None and not survey.definition.quotas:
        return ()
    found = quotas.places_for(survey.definition, checked.walk, completed=is_completed)
    ending = _ending(checked.walk, is_completed)
    if limit is not None and not (ending and ending.screened_out):
        return [*found, Place(OF_THE_LIMIT, limit, None, is_completed)]
    return found


def _ending(way: Walk, is_completed: bool) -> Ending | None:
    """Where it ended, if it did."""
    return way.ending if is_completed else None


def _unknown_hidden(survey: PublishedSurvey, response: NewResponse) -> list[FieldProblem]:
    known = {field.key for field in survey.definition.hidden_fields}
    return [
        FieldProblem(f"/hidden/{key}", "unknown_hidden_field", f"This survey has no hidden field `{key}`.")
        for key in response.hidden
        if key not in known
    ]


def _as_it_is(moment: datetime) -> datetime:
    return moment
