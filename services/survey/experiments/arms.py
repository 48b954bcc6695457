"""Who of those to be asked now is in which arm, and what that means for their invitation."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import select

from services.survey.experiments import service as experiments
from services.survey.experiments.models import StoredExperiment
from services.survey.experiments.schemas import HOLDOUT, Variant
from services.survey.invitations.models import Invitation
from services.survey.surveys.models import Survey, SurveyState
from shared.work import Work


@dataclass(frozen=True, slots=True)
class Arms:
    """Without an experiment: everybody is asked as the survey asks."""

    survey: Survey
    experiment: StoredExperiment | None = None
    assigned: Mapping[UUID, str] = field(default_factory=dict)
    variants: Mapping[str, Variant] = field(default_factory=dict)
    others: Mapping[UUID, Survey] = field(default_factory=dict)

    @property
    def experiment_id(self) -> UUID | None:
        return self.experiment.id if self.experiment else None

    @property
    def surveys(self) -> list[Survey]:
        """All that may be asked."""
        return [self.survey, *self.others.values()]

    def holds_out(self, customer_id: UUID | None) -> bool:
        return customer_id is not None and self.assigned.get(customer_id) == HOLDOUT

    def variant_of(self, customer_id: UUID) -> str | None:
        return self.assigned.get(customer_id)

    def words_of(self, customer_id: UUID) -> Variant | None:
        return self.variants.get(self.assigned.get(customer_id, ""))

    def survey_of(self, customer_id: UUID) -> Survey:
        """The variant's, as long as it can be answered."""
        variant = self.words_of(customer_id)
        if variant is None or variant.survey_id is None:
            return self.survey
        return self.others.get(variant.survey_id, self.survey)

    def dimensions_of(self, customer_id: UUID) -> dict[str, str]:
        """What the answer is told apart by."""
        if self.experiment is None or customer_id not in self.assigned:
            return {}
        return {"experiment": str(self.experiment.id), "variant": self.assigned[customer_id]}


async def arms_for(work: Work, survey: Survey, customer_ids: Collection[UUID]) -> Arms:
    """Those who have no arm yet get one; the customers are locked."""
    stored = await experiments.running(work, survey.id)
    if stored is None or not customer_ids:
        return Arms(survey)
    variants = experiments.variants_by_key(stored)
    ids = [variant.survey_id for variant in variants.values() if variant.survey_id is not None]
    mine = (Survey.account_id == work.account_id) & (Survey.state == SurveyState.PUBLISHED)
    others = {other.id: other for other in await work.session.scalars(select(Survey).where(mine, Survey.id.in_(ids)))}
    return Arms(survey, stored, await experiments.assign(work, stored, customer_ids), variants, others)


async def words_of(work: Work, invitation: Invitation) -> Variant | None:
    """For an invitation that was made earlier."""
    if invitation.experiment_id is None or invitation.variant is None:
        return None
    stored = await work.session.get(StoredExperiment, invitation.experiment_id)
    return experiments.variants_by_key(stored).get(invitation.variant) if stored else None
