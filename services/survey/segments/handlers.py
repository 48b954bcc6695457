"""Who belongs to which segment, by the versions of the segments' events."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from services.survey.encoding import to_json
from services.survey.segments.models import Segment
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.contracts.customers import SegmentChanged, SegmentDeleted, SegmentMembershipChanged
from shared.work import Work

_UPSERT = text("""
    insert into survey.segment_members as known
    select * from json_populate_recordset(null::survey.segment_members, cast(:rows as json))
    on conflict (account_id, segment_id, customer_id) do update
    set (version, is_member) = (excluded.version, excluded.is_member)
    where known.version < excluded.version
""")
_EMPTY = text("delete from survey.segment_members where account_id = :account_id and segment_id = :segment_id")


async def remember(work: Work, event: Event[SegmentChanged]) -> None:
    await _upsert(work, event.data.segment_id, event.aggregate_version, name=event.data.name, is_deleted=False)


async def forget(work: Work, event: Event[SegmentDeleted]) -> None:
    segment_id = event.data.segment_id
    await _upsert(work, segment_id, event.aggregate_version, name="", is_deleted=True)
    await work.session.execute(_EMPTY, {"account_id": work.account_id, "segment_id": segment_id})


async def follow(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Of several events about one member the one with the highest version counts."""
    rows: dict[tuple[UUID, UUID], dict[str, object]] = {}
    names: dict[UUID, str] = {}
    for event in sorted(events, key=lambda event: event.aggregate_version):
        change = event.data
        assert isinstance(change, SegmentMembershipChanged)
        names[change.segment_id] = change.segment_name
        for ids, is_member in ((change.entered, True), (change.left, False)):
            for customer_id in ids:
                rows[change.segment_id, customer_id] = {
                    "account_id": work.account_id,
                    "segment_id": change.segment_id,
                    "customer_id": customer_id,
                    "version": event.aggregate_version,
                    "is_member": is_member,
                }
    for segment_id in sorted(names):
        # The news of its members may be faster than that of the segment itself.
        await _upsert(work, segment_id, 0, name=names[segment_id], is_deleted=False)
    await work.session.execute(_UPSERT, {"rows": to_json([rows[key] for key in sorted(rows)]).decode()})


async def _upsert(work: Work, segment_id: UUID, version: int, *, name: str, is_deleted: bool) -> None:
    values = {"name": name, "version": version, "is_deleted": is_deleted}
    statement = insert(Segment).values(account_id=work.account_id, segment_id=segment_id, **values)
    await work.session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "segment_id"],
            set_=values,
            where=(Segment.version < version) & Segment.is_deleted.is_(False),
        )
    )
