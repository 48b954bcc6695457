"""Experiments: drafted, started, stopped, and who is in which arm.

An assignment is a lot drawn by experiment and customer, so it falls the same way whenever it is drawn; it is written
down all the same, so that it holds for good, also for somebody who is merged with another.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, func, select
from sqlalchemy import delete as sql_delete
from sqlalchemy.dialects.postgresql import distinct_on, insert

from services.metrics.experiments.models import Assignment, StoredExperiment
from services.metrics.experiments.plans import shares
from services.metrics.experiments.schemas import HOLDOUT, AssignmentOut, NewExperiment
from services.metrics.people.models import Person
from shared.editing import change, differing
from shared.http.dependencies import check_match
from shared.http.errors import Conflict, NotFound
from shared.ids import new_id
from shared.work import Work


class UnknownExperiment(NotFound):
    """There is no such experiment."""


class ExperimentStarted(Conflict):
    """It has started: a question that changes along the way cannot be answered. Stop it, and draft another one."""

    code = "experiment_started"


class ExperimentRunning(Conflict):
    """It is running; stop it first."""

    code = "experiment_running"


class NotRunning(Conflict):
    """It does not run, so nobody gets into it any more. Who was in it before stays where they were."""

    code = "experiment_not_running"


class SurveyDraws(Conflict):
    """The survey's experiment draws the lots of this one; ask there."""

    code = "survey_draws"


def listed(work: Work) -> Select[Any]:
    return select(StoredExperiment).where(StoredExperiment.account_id == work.account_id)


def experiment_of(stored: StoredExperiment) -> NewExperiment:
    return NewExperiment.model_validate(stored.document)


def lots_of(stored: StoredExperiment) -> UUID:
    """Under which id the assignments are."""
    return experiment_of(stored).survey_experiment_id or stored.id


async def draft(work: Work, wanted: NewExperiment) -> StoredExperiment:
    made = StoredExperiment(
        id=new_id(),
        account_id=work.account_id,
        document=wanted.model_dump(mode="json"),
        version=1,
        created_at=work.now,
        updated_at=work.now,
        started_at=None,
        stopped_at=None,
    )
    work.session.add(made)
    return made


async def read(work: Work, experiment_id: UUID, *, to_change: bool = False) -> StoredExperiment:
    """Raises `UnknownExperiment`."""
    statement = listed(work).where(StoredExperiment.id == experiment_id)
    found: StoredExperiment | None = await work.session.scalar(statement.with_for_update() if to_change else statement)
    if found is None:
        raise UnknownExperiment
    return found


async def replace(work: Work, experiment_id: UUID, wanted: NewExperiment, *, expected: int | None) -> StoredExperiment:
    """Raises `UnknownExperiment`, `StaleVersion` and `ExperimentStarted`."""
    found = await read(work, experiment_id, to_change=True)
    check_match(expected, found.version)
    if changes := differing(found, {"document": wanted.model_dump(mode="json")}):
        if found.started_at is not None:
            raise ExperimentStarted
        change(work, found, changes)
    return found


async def delete(work: Work, experiment_id: UUID, *, expected: int | None) -> None:
    """With who was in it. Raises `UnknownExperiment`, `StaleVersion` and `ExperimentRunning`."""
    found = await read(work, experiment_id, to_change=True)
    check_match(expected, found.version)
    if found.started_at is not None and found.stopped_at is None:
        raise ExperimentRunning
    await work.session.execute(sql_delete(Assignment).where(*_in_it(work, found.id)))
    await work.session.delete(found)


async def start(work: Work, experiment_id: UUID) -> StoredExperiment:
    """From now on customers are assigned. Starting it again changes nothing. Raises `NotRunning` if it is stopped."""
    found = await read(work, experiment_id, to_change=True)
    if found.stopped_at is not None:
        raise NotRunning
    if found.started_at is None:
        change(work, found, {"started_at": work.now})
    return found


async def stop(work: Work, experiment_id: UUID) -> StoredExperiment:
    """What was not known of a customer by now never counts. Stopping it again changes nothing."""
    found = await read(work, experiment_id, to_change=True)
    if found.started_at is None:
        raise NotRunning
    if found.stopped_at is None:
        change(work, found, {"stopped_at": work.now})
    return found


async def counts(work: Work, experiment_id: UUID) -> dict[str, int]:
    """How many customers each arm has; who is two in one is there once."""
    theirs = (
        select(Assignment.variant, Assignment.customer_id)
        .where(*_in_it(work, experiment_id))
        .ext(distinct_on(Assignment.customer_id))
        .order_by(Assignment.customer_id, Assignment.assigned_at, Assignment.person_id)
        .subquery()
    )
    statement = select(theirs.c.variant, func.count().label("n")).group_by(theirs.c.variant)
    return {row.variant: row.n for row in await work.session.execute(statement)}


async def assignment(work: Work, experiment_id: UUID, customer_id: UUID) -> AssignmentOut:
    """The customer's arm; one who has none yet gets one. Raises `UnknownExperiment`, `NotRunning`, `SurveyDraws`."""
    stored = await read(work, experiment_id)
    experiment = experiment_of(stored)
    if experiment.survey_experiment_id is not None:
        raise SurveyDraws
    present = select(func.metrics.present_id(work.account_id, customer_id, type_=Uuid))
    customer_id = (await work.session.scalars(present)).one()
    known = await _known(work, stored.id, customer_id)
    if known is not None:
        return _told(stored.id, customer_id, known.variant, known.assigned_at)
    if stored.started_at is None or stored.stopped_at is not None:
        raise NotRunning
    variant = draw(shares(experiment), stored.id, customer_id)
    person = await work.session.get(Person, (work.account_id, customer_id))
    if person is not None and person.exclusion is not None:
        return _told(stored.id, customer_id, variant, work.now, remembered=False)
    await remember(work, stored.id, {customer_id: (variant, work.now)})
    return _told(stored.id, customer_id, variant, work.now)


async def remember(work: Work, experiment_id: UUID, arms: Mapping[UUID, tuple[str, datetime]]) -> None:
    """Arm of each person, and since when; what is there already stays."""
    rows = [
        {
            "account_id": work.account_id,
            "experiment_id": experiment_id,
            "person_id": person_id,
            "customer_id": person_id,
            "variant": variant,
            "assigned_at": assigned_at,
        }
        for person_id, (variant, assigned_at) in sorted(arms.items())
    ]
    await work.session.execute(insert(Assignment).on_conflict_do_nothing(), rows)


def draw(shares: Mapping[str, Fraction], experiment_id: UUID, customer_id: UUID) -> str:
    """The key of a variant, or `HOLDOUT`."""
    digest = hashlib.blake2b(f"{experiment_id}\n{customer_id}".encode(), digest_size=8).digest()
    place = Fraction(int.from_bytes(digest), 2**64)
    for arm, share in shares.items():
        place -= share
        if place < 0:
            return arm
    raise ValueError("the shares of the arms are less than 1 together")


async def _known(work: Work, experiment_id: UUID, customer_id: UUID) -> Assignment | None:
    statement = (
        select(Assignment)
        .where(*_in_it(work, experiment_id), Assignment.customer_id == customer_id)
        .order_by(Assignment.assigned_at, Assignment.person_id)
        .limit(1)
    )
    found: Assignment | None = await work.session.scalar(statement)
    return found


def _told(
    experiment_id: UUID, customer_id: UUID, variant: str, assigned_at: datetime, *, remembered: bool = True
) -> AssignmentOut:
    return AssignmentOut(
        experiment_id=experiment_id,
        customer_id=customer_id,
        variant=variant,
        holdout=variant == HOLDOUT,
        assigned_at=assigned_at,
        remembered=remembered,
    )


def _in_it(work: Work, experiment_id: UUID) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Assignment.account_id == work.account_id, Assignment.experiment_id == experiment_id
