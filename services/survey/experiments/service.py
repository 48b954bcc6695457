"""Experiments: made, ended, and who is in which arm.

An assignment is a lot drawn by experiment and customer, so it falls the same way wherever it is drawn; it is written
down all the same, so that it holds for good, also for somebody who is merged with another.
"""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, insert, select

from services.survey.experiments import wording
from services.survey.experiments.models import Assignment, StoredExperiment
from services.survey.experiments.schemas import HOLDOUT, Experiment, Variant
from services.survey.lots import share_of
from services.survey.surveys.models import Survey, SurveyState
from services.survey.surveys.service import asks_nobody, definition_of
from shared.contracts.survey import AskingChanged, VariantAssigned
from shared.http.errors import Conflict, NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work


class ExperimentRunning(Conflict):
    """Another experiment of this survey is running; end it first."""

    code = "experiment_running"


async def create(work: Work, survey: Survey, wanted: Experiment) -> StoredExperiment:
    """It holds from now on. Raises `ExperimentRunning`, or `Unacceptable` for a variant that cannot be asked."""
    if await running(work, survey.id) is not None:
        raise ExperimentRunning
    for index, variant in enumerate(wanted.variants):
        if variant.survey_id is not None:
            await _check_variant(work, survey, variant.survey_id, pointer=f"/variants/{index}/survey_id")
    wording.require_fit(definition_of(survey), wanted.variants)
    stored = StoredExperiment(
        id=new_id(),
        account_id=work.account_id,
        survey_id=survey.id,
        document=wanted.model_dump(mode="json"),
        created_at=work.now,
        ended_at=None,
    )
    work.session.add(stored)
    _tell(work, stored, "created", tuple(Experiment.model_fields))
    return stored


async def end(work: Work, survey_id: UUID, experiment_id: UUID) -> StoredExperiment:
    """From now on everybody is asked as the survey itself asks. Ending it again changes nothing."""
    stored = await read(work, survey_id, experiment_id, to_change=True)
    if stored.ended_at is None:
        stored.ended_at = work.now
        _tell(work, stored, "updated", ("ended_at",))
    return stored


async def running(work: Work, survey_id: UUID) -> StoredExperiment | None:
    statement = listed(work, survey_id).where(StoredExperiment.ended_at.is_(None))
    found: StoredExperiment | None = await work.session.scalar(statement)
    return found


async def variants_of(work: Work, survey_id: UUID) -> list[UUID]:
    """Surveys that were or are asked in this one's place: they share its clock."""
    found = await work.session.scalars(listed(work, survey_id))
    variants = [variant for stored in found for variant in experiment_of(stored).variants]
    return list(dict.fromkeys(variant.survey_id for variant in variants if variant.survey_id is not None))


async def assign(work: Work, stored: StoredExperiment, customer_ids: Collection[UUID]) -> Mapping[UUID, str]:
    """The arm of each; those who have none yet get one, which is told once. The customers are locked: see `facts`."""
    earlier = (
        select(Assignment.customer_id, Assignment.variant)
        .where(
            Assignment.account_id == work.account_id,
            Assignment.experiment_id == stored.id,
            Assignment.customer_id.in_(customer_ids),
        )
        .order_by(Assignment.assigned_at.desc(), Assignment.id.desc())
    )
    known = {row.customer_id: row.variant for row in await work.session.execute(earlier)}
    experiment = experiment_of(stored)
    drawn = {one: draw(experiment, stored.id, one) for one in customer_ids if one not in known}
    if drawn:
        await _write_down(work, stored, experiment, drawn)
    return known | drawn


def draw(experiment: Experiment, experiment_id: UUID, customer_id: UUID) -> str:
    """The key of a variant, or `HOLDOUT`. The holdout has a lot of its own, so that its size moves nobody else."""
    if 100 * share_of("holdout", experiment_id, customer_id) < float(experiment.holdout_percent):
        return HOLDOUT
    place = share_of("variant", experiment_id, customer_id) * sum(variant.weight for variant in experiment.variants)
    for variant in experiment.variants:
        place -= variant.weight
        if place < 0:
            return variant.key
    return experiment.variants[-1].key


def experiment_of(stored: StoredExperiment) -> Experiment:
    return Experiment.model_validate(stored.document)


def variants_by_key(stored: StoredExperiment) -> Mapping[str, Variant]:
    return {variant.key: variant for variant in experiment_of(stored).variants}


async def counts(work: Work, stored: StoredExperiment) -> dict[str, int]:
    statement = (
        select(Assignment.variant, func.count())
        .where(Assignment.account_id == work.account_id, Assignment.experiment_id == stored.id)
        .group_by(Assignment.variant)
    )
    return {row[0]: row[1] for row in await work.session.execute(statement)}


def listed(work: Work, survey_id: UUID) -> Select[Any]:
    return select(StoredExperiment).where(
        StoredExperiment.account_id == work.account_id, StoredExperiment.survey_id == survey_id
    )


async def read(work: Work, survey_id: UUID, experiment_id: UUID, *, to_change: bool = False) -> StoredExperiment:
    """Raises `NotFound`."""
    statement = listed(work, survey_id).where(StoredExperiment.id == experiment_id)
    found: StoredExperiment | None = await work.session.scalar(statement.with_for_update() if to_change else statement)
    if found is None:
        raise NotFound("There is no such experiment of this survey.")
    return found


async def _check_variant(work: Work, survey: Survey, variant_id: UUID, *, pointer: str) -> None:
    statement = select(Survey).where(Survey.account_id == work.account_id, Survey.id == variant_id)
    variant = await work.session.scalar(statement)
    if variant is None or variant.id == survey.id:
        detail = "There is no such survey here." if variant is None else "Leave it out for the survey itself."
        raise Unacceptable.field(pointer, "unknown_survey", detail)
    if variant.state is not SurveyState.PUBLISHED:
        raise Unacceptable.field(pointer, "not_published", asks_nobody(variant.state))


async def _write_down(work: Work, stored: StoredExperiment, experiment: Experiment, drawn: Mapping[UUID, str]) -> None:
    rows = []
    for customer_id, variant in drawn.items():
        told = VariantAssigned(
            assignment_id=new_id(),
            experiment_id=stored.id,
            experiment_name=experiment.name,
            survey_id=stored.survey_id,
            of=experiment.of,
            variant=variant,
            holdout=variant == HOLDOUT,
            customer_id=customer_id,
            visitor_id=None,
            assigned_at=work.now,
        )
        work.emit(told, subject=told.assignment_id)
        row = told.model_dump(include={"experiment_id", "customer_id", "variant", "assigned_at"})
        rows.append(row | {"id": told.assignment_id, "account_id": work.account_id})
    await work.session.execute(insert(Assignment), rows)


def _tell(work: Work, stored: StoredExperiment, change: Any, changed: tuple[str, ...]) -> None:
    payload = AskingChanged(what="experiment", change=change, survey_id=stored.survey_id, changed=changed)
    work.emit(payload, subject=stored.id, version=1 if change == "created" else 2)
