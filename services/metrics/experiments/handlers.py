"""Keeps who is in which arm of a survey's experiment."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.metrics.experiments import service as experiments
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.contracts.survey import VariantAssigned
from shared.work import Work


async def remember_all(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Visitors who are no customers are not counted: nothing is known of what they do later."""
    arms: dict[UUID, dict[UUID, tuple[str, datetime]]] = defaultdict(dict)
    for event in events:
        told = event.data
        if isinstance(told, VariantAssigned) and told.customer_id is not None:
            arms[told.experiment_id].setdefault(told.customer_id, (told.variant, told.assigned_at))
    for experiment_id in sorted(arms):
        await experiments.remember(work, experiment_id, arms[experiment_id])
