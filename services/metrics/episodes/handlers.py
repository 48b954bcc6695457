"""What is told of invitations, attempts and conversations. Each row takes what it is told in whatever order it comes.

A moment is kept as it was first told; what changes, as of the highest version. Whom it names is `customer_id` in SQL:
whom that is today, the row finds by itself (see `MERGED_CUSTOMERS`).
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import case, func
from sqlalchemy.dialects.postgresql import insert

from services.metrics.episodes.models import Asking, Attempt, Talk
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.contracts.conversations import ConversationEnded, ConversationHandedOff, ConversationStarted
from shared.contracts.notifier import MessageFailed
from shared.contracts.survey import AttemptObserved, InvitationCreated, InvitationEnded, ResponseReceived
from shared.work import Work

_MOMENTS = {"displayed": "displayed_at", "started": "started_at", "completed": "completed_at"}


async def note_asking(work: Work, events: Sequence[Event[Payload]]) -> None:
    for event in _in_order(events):
        told = event.data
        match told:
            case InvitationCreated():
                known = {"survey_id": told.survey_id, "channel": told.sent_by, "asked_at": event.time}
                await _note(work, Asking, told.invitation_id, known | {"customer_id": told.customer_id})
            case InvitationEnded():
                await _note(work, Asking, told.invitation_id, {"ended_at": told.ended_at})
            case ResponseReceived(invitation_id=UUID() as invitation_id) if told.answers:
                await _note(work, Asking, invitation_id, {"answered_at": told.occurred_at})
            case MessageFailed(invitation_id=UUID() as invitation_id):
                await _note(work, Asking, invitation_id, {"failed_at": event.time})


async def note_attempts(work: Work, events: Sequence[Event[Payload]]) -> None:
    for event in _in_order(events):
        told = event.data
        if not isinstance(told, AttemptObserved):
            continue
        known: dict[str, Any] = {"survey_id": told.survey_id, "channel": told.channel, "touchpoint": told.touchpoint}
        if (moment := _MOMENTS.get(told.state)) is not None:
            known[moment] = told.observed_at
        known["customer_id"] = told.customer_id
        changing = {"last_question": told.last_question}
        await _note(work, Attempt, told.attempt_id, known, version=event.aggregate_version, changing=changing)


async def note_talks(work: Work, events: Sequence[Event[Payload]]) -> None:
    for event in _in_order(events):
        told, known, changing = event.data, dict[str, Any](), dict[str, Any]()
        match told:
            case ConversationStarted():
                known = {"channel": told.channel, "started_at": told.started_at}
            case ConversationHandedOff():
                known = {"handed_off_at": told.handed_off_at, "handoff_reason": told.reason}
            case ConversationEnded():
                names = ("ended_at", "resolved", "human_replies", "reopened")
                changing = {name: getattr(told, name) for name in names}
            case _:
                continue
        known["customer_id"] = told.customer_id
        version = event.aggregate_version
        await _note(work, Talk, told.conversation_id, known, version=version, changing=changing)


async def _note(
    work: Work,
    table: type[Asking | Attempt | Talk],
    row_id: UUID,
    known: Mapping[str, Any],
    *,
    version: int | None = None,
    changing: Mapping[str, Any] | None = None,
) -> None:
    """`known` fills in what is null; `changing` takes the place of what an older version said."""
    key = [column.name for column in table.__table__.primary_key]
    values = {**known, **(changing or {})} | ({} if version is None else {"version": version})
    statement = insert(table).values(dict(zip(key, (work.account_id, row_id), strict=True)) | values)
    new, old = statement.excluded, table.__table__.c
    changes: dict[str, Any] = {name: func.coalesce(old[name], new[name]) for name in known}
    if version is not None and changing:
        newer = new["version"] >= old["version"]
        changes |= {name: case((newer, new[name]), else_=old[name]) for name in changing}
        changes["version"] = func.greatest(old["version"], new["version"])
    await work.session.execute(statement.on_conflict_do_update(index_elements=key, set_=changes))


def _in_order(events: Sequence[Event[Any]]) -> list[Event[Any]]:
    """Of what they are about, so that two batches wait for each other rather than for ever."""
    return sorted(events, key=lambda event: (str(_row_of(event.data)), event.aggregate_version))


def _row_of(told: Payload) -> UUID | None:
    for name in ("invitation_id", "attempt_id", "conversation_id"):
        if (row_id := getattr(told, name, None)) is not None:
            return UUID(str(row_id))
    return None
