"""Keeps the copy of improvements that are there, in whatever order the events come."""

from sqlalchemy.dialects.postgresql import insert

from services.metrics.improvements.models import Improvement
from shared.bus.events import Event
from shared.contracts.problems import ImprovementShipped
from shared.work import Work


async def remember(work: Work, event: Event[ImprovementShipped]) -> None:
    told = event.data
    known = {
        "version": event.aggregate_version,
        "shipped_at": told.shipped_at,
        "metric": told.expected.metric if told.expected is not None else None,
        "expected_change": told.expected.change if told.expected is not None else None,
    }
    statement = insert(Improvement).values(account_id=work.account_id, improvement_id=told.improvement_id, **known)
    newer = Improvement.version < statement.excluded.version
    keys = ["account_id", "improvement_id"]
    await work.session.execute(statement.on_conflict_do_update(index_elements=keys, set_=known, where=newer))
