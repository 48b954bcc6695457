"""What is handed in, checked against its survey: the same for the API, the hosted page, the widget and files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Literal, NamedTuple
from uuid import UUID

from services.survey.definition.answers import Checked
from services.survey.definition.faults.names import OF_THE_LIMIT
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


@dataclass(frozen=True)
class Submission:
    """Fits its survey. `watched` if a page or a widget hands it in, and its parts belong to an attempt."""

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

    @property
    def is_anonymous(self) -> bool:
        return self.survey.definition.anonymous

    @cached_property
    def is_completed(self) -> bool:
        """Who says which pages were left is told when there is no further one; others say it themselves."""
        return self.response.completed if self.response.left is None else self.checked.walk.page is None

    @cached_property
    def is_plain(self) -> bool:
        """One row and one event are all there is to it: it may share its commit with others."""
        return (
            self.is_completed
            and self.watched is None
            and not self.places
            and not self.file_ids
            and not (self.is_anonymous and self.invitation_id)
        )

    @cached_property
    def places(self) -> Sequence[Place]:
        limit = self.survey.response_limit
        if limit is None and not self.survey.definition.quotas:
            return ()
        found = quotas.places_for(self.survey.definition, self.checked.walk, completed=self.is_completed)
        if limit is not None and not self.is_screened_out:
            found = [*found, Place(OF_THE_LIMIT, limit, None, self.is_completed)]
        return found

    @cached_property
    def file_ids(self) -> Mapping[UUID, str]:
        """The question each uploaded file answers."""
        return {
            UUID(str(each)): key
            for key, value in self.checked.values.items()
            if isinstance(self.survey.questions[key], File)
            for each in value
        }

    @property
    def ending(self) -> str | None:
        found = self.checked.walk.ending
        return found.key if found and self.is_completed else None

    @property
    def is_screened_out(self) -> bool:
        found = self.checked.walk.ending
        return bool(found and self.is_completed and found.screened_out)

    def columns(self) -> dict[str, Any]:
        """As in `responses`. Of an anonymous one what could lead to a person is not there to begin with."""
        response, blurred = self.response, self.is_anonymous
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
            "ending": self.ending,
            "screened_out": self.is_screened_out,
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
    known = {field.key for field in survey.definition.hidden_fields}
    for key in response.hidden.keys() - known:
        text = f"This survey has no hidden field `{key}`."
        problems.append(FieldProblem(f"/hidden/{key}", "unknown_hidden_field", text))
    if problems:
        raise Unacceptable("; ".join(problem.detail for problem in problems[:3]), errors=tuple(problems))
    response_id = anonymity.random_id() if survey.definition.anonymous else new_id()
    return Submission(
        sender, survey, response, checked, response_id, occurred_at, invitation_id, ticket_id, idempotency, watched
    )


def _as_it_is(moment: datetime) -> datetime:
    return moment
