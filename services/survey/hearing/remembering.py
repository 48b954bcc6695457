"""Versions are written down as they are heard, each once; and what a delivery that is read again says otherwise now."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from services.survey.encoding import as_text
from services.survey.hearing.canonical import Item, is_hash
from services.survey.hearing.sender import Sender
from services.survey.hearing.versions import Key, digest_of, number_of, row_of, without_moment
from shared.work import Work

# What an erasure leaves of an item: enough to know it again, see the holdings of `subjects`.
_ERASED = text("""
    select external_id from survey.heard_items
    where account_id = :account_id and source_id = :source_id and external_id = any(cast(:digests as text[]))
        and content is null
""")
# What the same delivery said before is corrected, and nothing else: another one may not speak for it. A text message
# that answered a question is a response, and no feedback that could be corrected.
_VERSIONS = text("""
    insert into survey.heard_items as known
    select * from json_populate_recordset(null::survey.heard_items, cast(:rows as json))
    on conflict (account_id, source_id, what, external_id, external_version, removal) do update set
        content = excluded.content, occurred_at = excluded.occurred_at, version_at = excluded.version_at,
        corrections = known.corrections + 1
    where known.delivery_id = excluded.delivery_id and known.content <> excluded.content
        and (known.feedback_id is null or exists (select from survey.feedback where id = known.feedback_id))
    returning what, external_id, external_version, removal, xmax = 0 as is_new
""")
# A removal waits for those who are just hearing of what it removes, and they see it if it was faster.
_HEARING = text("select pg_advisory_xact_lock_shared(hashtextextended('survey.heard ' || :source_id, 0))")
_REMOVING = text("select pg_advisory_xact_lock(hashtextextended('survey.heard ' || :source_id, 0))")
_BEFORE = text("""
    select distinct on (what, external_id) what, external_id, external_version, removal
    from survey.heard_items
    where account_id = :account_id and source_id = :source_id and what = any(cast(:whats as text[]))
        and external_id = any(cast(:external_ids as text[])) and heard_at < :said_at
    order by what, external_id, heard_at desc, id desc
""")
_ACTIVITIES = text("""
    select external_id, external_version, removal, version_at, corrections from survey.heard_items
    where account_id = :account_id and source_id = :source_id and what = 'activity'
        and external_id = any(cast(:external_ids as text[]))
    order by external_id, version_at, heard_at, id
""")


class Fresh(NamedTuple):
    """What was not heard before, and what the same delivery said otherwise before."""

    new: list[Item]
    corrected: list[Item]


async def told_apart(work: Work, source: Sender, items: Sequence[Item], said_at: datetime) -> list[Item]:
    """A version that is named by a hash has that name again when an edit returns to an older text. If something else
    was said in between, the moment is added to its name, so that it is a version of its own; what is gone stays so."""
    hashed = [item for item in items if item.op != "delete" and is_hash(item.external_version)]
    if not hashed:
        return list(items)
    values: dict[str, Any] = {"account_id": work.account_id, "source_id": source.id, "said_at": said_at}
    values["whats"] = sorted({item.what for item in hashed})
    values["external_ids"] = sorted({item.external_id for item in hashed})
    before = {(row.what, row.external_id): row for row in await work.session.execute(_BEFORE, values)}
    return [_named(item, before.get((item.what, item.external_id)), said_at) for item in items]


async def remember(
    work: Work, source: Sender, items: Sequence[Item], *, delivery_id: UUID | None, said_at: datetime
) -> Fresh:
    """Written in one order everywhere, or two calls could wait for each other."""
    by_key: dict[Key, Item] = {}
    for item in items:
        by_key.setdefault(Key.of(item), item)
    if not by_key:
        return Fresh([], [])
    for key in await _erased(work, source, by_key):
        del by_key[key]
    lock = _REMOVING if any(key.removal for key in by_key) else _HEARING
    await work.session.execute(lock, {"source_id": str(source.id)})
    rows = [row_of(work, source.id, by_key[key], delivery_id, said_at) for key in sorted(by_key)]
    written = await work.session.execute(_VERSIONS, {"rows": as_text(rows)})
    is_new = {Key(*row[:4]): row.is_new for row in written}
    return Fresh(
        [item for key, item in by_key.items() if is_new.get(key) is True],
        [item for key, item in by_key.items() if is_new.get(key) is False],
    )


async def numbers(work: Work, source: Sender, items: Iterable[Item]) -> Mapping[Key, int]:
    """Of the activities among them, see `versions.number_of`."""
    external_ids = sorted({item.external_id for item in items if item.what == "activity"})
    if not external_ids:
        return {}
    values = {"account_id": work.account_id, "source_id": source.id, "external_ids": external_ids}
    found: dict[Key, int] = {}
    last: tuple[str, int] | None = None
    for row in await work.session.execute(_ACTIVITIES, values):
        before = last[1] if last is not None and last[0] == row.external_id else 0
        number = number_of(row.version_at, before=before, corrections=row.corrections)
        found[Key("activity", row.external_id, row.external_version, row.removal)] = number
        last = (row.external_id, number)
    return found


async def _erased(work: Work, source: Sender, keys: Iterable[Key]) -> list[Key]:
    """Of people who are forgotten; their sender may well tell of them again."""
    digests = {key: digest_of(key.external_id) for key in keys}
    values = {"account_id": work.account_id, "source_id": source.id, "digests": list(digests.values())}
    found = set(await work.session.scalars(_ERASED, values))
    return [key for key, digest in digests.items() if digest in found]


def _named(item: Item, before: Any, said_at: datetime) -> Item:
    name = item.external_version
    if before is None or before.removal or item.op == "delete" or not is_hash(name):
        return item
    if without_moment(before.external_version) != name:
        return item.model_copy(update={"external_version": f"{name}~{said_at.isoformat()}"})
    return item.model_copy(update={"external_version": before.external_version})
