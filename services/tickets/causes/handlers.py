"""Keeps the copy of the account's topics up to date, in whatever order the events come."""

from sqlalchemy.dialects.postgresql import insert

from services.tickets.causes.models import Topics
from shared.bus.events import Event
from shared.contracts.taxonomy import TaxonomyChanged
from shared.work import Work


async def remember(work: Work, event: Event[TaxonomyChanged]) -> None:
    known = {
        "topics": [topic.model_dump(mode="json") for topic in event.data.topics],
        "version": event.aggregate_version,
    }
    statement = insert(Topics).values(account_id=work.account_id, **known)
    newer = Topics.version < statement.excluded.version
    await work.session.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_=known, where=newer))
