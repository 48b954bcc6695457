"""What the account's owners are told, since nobody else can do something about it."""

from typing import Any, Final
from uuid import uuid5

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.notifier.notices.delivery import KIND
from services.notifier.notices.models import Colleague, Notice
from services.notifier.templates.rendering import one_line
from shared.bus.events import Event
from shared.contracts.gateway import UserAdded, UserRemoved, UserUpdated
from shared.contracts.sources import SourceTroubled
from shared.dispatch import queue
from shared.ids import new_id
from shared.work import Work

_OWNER: Final = "owner"
_TROUBLES: Final = {
    "silent": "sends nothing any more",
    "unannounced": "announces nothing any more",
    "failing": "has problems",
    "denied": "lets Heed in no more",
}


async def meet(work: Work, event: Event[UserAdded]) -> None:
    await _remember(work, event, event.data.email, event.data.role)


async def hear_of(work: Work, event: Event[UserUpdated]) -> None:
    await _remember(work, event, event.data.email, event.data.role)


async def part_with(work: Work, event: Event[UserRemoved]) -> None:
    await _remember(work, event, None, None)


async def source_in_trouble(work: Work, event: Event[SourceTroubled]) -> None:
    """Told once: the event itself comes once for each trouble."""
    source = event.data
    name = one_line(source.name)
    text = (
        f"The source \u201c{name}\u201d ({source.adapter}) {_TROUBLES[source.trouble]}.\n\n"
        f"What was seen: {source.detail}\n\n"
        f"What to do: {source.remedy}\n\n"
        "This is the only mail about it until it works again.\n"
    )
    owners = (Colleague.account_id == work.account_id, Colleague.role == _OWNER)
    notices = [
        Notice(
            id=new_id(),
            account_id=work.account_id,
            user_id=user_id,
            subject=f"{name} {_TROUBLES[source.trouble]}",
            text=text,
            state="queued",
            created_at=work.now,
        )
        for user_id in await work.session.scalars(select(Colleague.user_id).where(*owners))
    ]
    work.session.add_all(notices)
    await work.session.flush()
    lane = uuid5(work.account_id, KIND)
    await queue.enqueue(work, KIND, [(notice.id, lane) for notice in notices])


async def _remember(work: Work, event: Event[Any], email: str | None, role: str | None) -> None:
    """News may overtake each other: the highest version counts, also of somebody who is gone."""
    values = {"email": email, "role": role, "version": event.aggregate_version}
    statement = insert(Colleague).values(account_id=work.account_id, user_id=event.data.user_id, **values)
    newer = Colleague.version < statement.excluded.version
    keys = ["account_id", "user_id"]
    await work.session.execute(statement.on_conflict_do_update(index_elements=keys, set_=values, where=newer))
