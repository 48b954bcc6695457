"""Attempts: displayed, started, dismissed, completed. Each state is reached once and told once; none is taken back."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert

from services.survey.attempts.models import Attempt
from services.survey.attempts.schemas import AttemptOut, AttemptState, QuestionSeen
from services.survey.responses import anonymity
from shared.contracts.survey import AttemptObserved
from shared.http.errors import NotFound
from shared.ids import new_id
from shared.work import Work

# An attempt only moves on. Somebody who comes back after closing the page completes it all the same.
_RANK: Final[Mapping[AttemptState, int]] = {
    "displayed": 1,
    "started": 2,
    "dismissed": 3,
    "completed": 4,
    "screened_out": 4,
}
_MOMENT: Final[Mapping[AttemptState, str]] = {
    "displayed": "displayed_at",
    "started": "started_at",
    "dismissed": "dismissed_at",
    "completed": "ended_at",
    "screened_out": "ended_at",
}


class AttemptNotFound(NotFound):
    """There is no such attempt here."""

    code = "attempt_not_found"


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen of an attempt. `answered` is None where nothing is known of answers."""

    survey_id: UUID
    survey_version: int
    submission_id: str
    state: AttemptState
    channel: str
    touchpoint: str | None = None
    language: str | None = None
    dimensions: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[str, int] = field(default_factory=dict)
    last_question: str | None = None
    answered: Collection[str] | None = None
    suspicious: Collection[str] = ()
    customer_id: UUID | None = None
    invitation_id: UUID | None = None
    # Nothing of it may lead to a person (decision 68).
    anonymous: bool = False


async def observe(work: Work, observed: Observed) -> Attempt:
    """Remember it, and tell the others if it is a new state."""
    if observed.anonymous:
        masked = anonymity.masked(observed.survey_id, observed.submission_id)
        observed = replace(observed, submission_id=masked, customer_id=None, invitation_id=None)
    now = anonymity.coarse(work.now) if observed.anonymous else work.now
    is_new = await _insert(work, observed, now)
    attempt = await _one(work, observed.survey_id, observed.submission_id)
    if not is_new:
        # Times add up at the sender, so the later word is the larger one; a late packet must not make it less.
        known = attempt.seen
        attempt.seen = {**known, **{key: max(known.get(key, 0), shown) for key, shown in observed.seen.items()}}
        attempt.last_question = observed.last_question or attempt.last_question
        if observed.answered is not None:
            attempt.answered = list(observed.answered)
        attempt.suspicious = list(dict.fromkeys([*attempt.suspicious, *observed.suspicious]))
    if is_new or _RANK[observed.state] > _RANK[cast("AttemptState", attempt.state)]:
        attempt.state = observed.state
        setattr(attempt, _MOMENT[observed.state], now)
        version = _RANK[observed.state]
        work.emit(_told(attempt, now), subject=attempt.id, version=version, by_day=observed.anonymous)
    return attempt


def listed(work: Work, filters: Mapping[Any, Any]) -> Select[Any]:
    """`filters`: columns and what they must equal; None is no filter."""
    statement = select(Attempt).where(Attempt.account_id == work.account_id)
    return statement.where(*(column == value for column, value in filters.items() if value is not None))


async def read(work: Work, attempt_id: UUID) -> Attempt:
    """Raises `AttemptNotFound`."""
    statement = select(Attempt).where(Attempt.id == attempt_id, Attempt.account_id == work.account_id)
    attempt = await work.session.scalar(statement)
    if attempt is None:
        raise AttemptNotFound
    return attempt


def shown(attempt: Attempt) -> AttemptOut:
    fields = {name: getattr(attempt, name) for name in AttemptOut.model_fields if name != "questions"}
    keys = dict.fromkeys([*attempt.seen, *attempt.answered])
    return AttemptOut(**fields, questions=[_question(attempt, key) for key in keys])


def _question(attempt: Attempt, key: str) -> QuestionSeen:
    milliseconds = attempt.seen.get(key)
    if key in attempt.answered:
        return QuestionSeen(question=key, state="answered", milliseconds=milliseconds)
    is_open = attempt.ended_at is None and attempt.last_question in (key, None)
    return QuestionSeen(question=key, state="seen" if is_open else "skipped", milliseconds=milliseconds)


async def _insert(work: Work, observed: Observed, now: datetime) -> bool:
    """Whether it is the first that is heard of this attempt."""
    values = {
        "id": anonymity.random_id() if observed.anonymous else new_id(),
        "account_id": work.account_id,
        "survey_id": observed.survey_id,
        "survey_version": observed.survey_version,
        "submission_id": observed.submission_id,
        "invitation_id": observed.invitation_id,
        "customer_id": observed.customer_id,
        "state": observed.state,
        "channel": observed.channel,
        "touchpoint": observed.touchpoint,
        "language": observed.language,
        "dimensions": dict(observed.dimensions),
        "seen": dict(observed.seen),
        "answered": list(observed.answered or ()),
        "last_question": observed.last_question,
        "suspicious": list(observed.suspicious),
        # Who has begun has seen it, at the latest now.
        "displayed_at": now,
    }
    key = ["account_id", "survey_id", "submission_id"]
    statement = insert(Attempt).values(values).on_conflict_do_nothing(index_elements=key).returning(Attempt.id)
    return await work.session.scalar(statement) is not None


async def _one(work: Work, survey_id: UUID, submission_id: str) -> Attempt:
    statement = select(Attempt).where(
        Attempt.account_id == work.account_id,
        Attempt.survey_id == survey_id,
        Attempt.submission_id == submission_id,
    )
    attempt: Attempt = (await work.session.scalars(statement.with_for_update())).one()
    return attempt


def _told(attempt: Attempt, now: datetime) -> AttemptObserved:
    same = AttemptObserved.model_fields.keys() - {"attempt_id", "observed_at", "suspicious"}
    return AttemptObserved(
        **{name: getattr(attempt, name) for name in same},
        attempt_id=attempt.id,
        observed_at=now,
        suspicious=tuple(attempt.suspicious),
    )
