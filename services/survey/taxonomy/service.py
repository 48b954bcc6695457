"""The topics that an account looks for: reading texts with them, and changing them."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.survey.taxonomy.document import (
    MOST_SYNONYMS,
    MOST_TOPICS,
    TaxonomyDefinition,
    TopicDefinition,
    compiled,
    default_definition,
    default_taxonomy,
)
from services.survey.taxonomy.faults import faults_of
from services.survey.taxonomy.models import StoredTaxonomy
from services.survey.taxonomy.schemas import NewTopic, TaxonomyOut, TopicChange
from services.survey.understanding.topics import Taxonomy
from shared.contracts.taxonomy import TaxonomyChanged, TaxonomyTopic
from shared.http.dependencies import check_match
from shared.http.errors import FieldProblem, NotFound, Unacceptable
from shared.work import Work

NEVER_STORED: Final = 0
# Those read with last, by account and version. Each takes a few megabytes.
_MOST_KNOWN: Final = 16
_known: OrderedDict[tuple[UUID, int], Taxonomy] = OrderedDict()

_Change = Callable[[list[TopicDefinition]], list[TopicDefinition]]


class TopicNotFound(NotFound):
    """There is no such topic in the taxonomy."""

    code = "topic_not_found"


async def current(work: Work) -> Taxonomy:
    """As it stands now, ready to read texts with."""
    mine = StoredTaxonomy.account_id == work.account_id
    version = await work.session.scalar(
        select(StoredTaxonomy.version).where(mine, StoredTaxonomy.document.is_not(None))
    )
    if version is None:
        return default_taxonomy()
    key = (work.account_id, version)
    if key not in _known:
        document = await work.session.scalar(select(StoredTaxonomy.document).where(mine))
        _known[key] = compiled(TaxonomyDefinition.model_validate(document))
        if len(_known) > _MOST_KNOWN:
            _known.popitem(last=False)
    _known.move_to_end(key)
    return _known[key]


async def own_document(work: Work) -> bytes | None:
    """The account's own as JSON, for another process to read texts with; None if it has the default."""
    mine = StoredTaxonomy.account_id == work.account_id
    document = await work.session.scalar(select(StoredTaxonomy.document).where(mine))
    return None if document is None else orjson.dumps(document)


async def read(work: Work) -> TaxonomyOut:
    return _out(await work.session.get(StoredTaxonomy, work.account_id))


async def announce(work: Work) -> None:
    """Tell the others the topics as they stand."""
    _told(work, await work.session.get(StoredTaxonomy, work.account_id))


async def replace(work: Work, wanted: TaxonomyDefinition, *, expected: int | None) -> TaxonomyOut:
    """Raises `Unacceptable` with everything that is wrong."""
    return await _change(work, lambda _: wanted.topics, expected=expected, pointer="/topics/{}")


async def reset(work: Work, *, expected: int | None) -> TaxonomyOut:
    """Back to the default, also as that grows with Heed."""
    stored = await _to_change(work, expected)
    stored.version, stored.document, stored.updated_at = stored.version + 1, None, work.now
    return _told(work, stored)


async def add(work: Work, wanted: NewTopic, *, expected: int | None = None) -> TaxonomyOut:
    """After the others. Raises `Unacceptable`, also where its key or its words are taken."""
    topic = TopicDefinition(**dict(wanted))
    return await _change(work, lambda topics: [*topics, topic], expected=expected, changed=topic.key)


async def change(work: Work, key: str, wanted: TopicChange, *, expected: int | None) -> TaxonomyOut:
    """Raises `TopicNotFound` and `Unacceptable`."""

    def changing(topics: list[TopicDefinition]) -> list[TopicDefinition]:
        _named(topics, key)
        return [wanted.on(topic) if topic.key == key else topic for topic in topics]

    return await _change(work, changing, expected=expected, changed=key)


async def retire(work: Work, key: str, *, expected: int | None) -> TaxonomyOut:
    """With its parts. What was found stays in the feedback. Raises `TopicNotFound`."""

    def retiring(topics: list[TopicDefinition]) -> list[TopicDefinition]:
        _named(topics, key)
        end = {"retired": True}
        return [topic.model_copy(update=end) if key in (topic.key, topic.parent) else topic for topic in topics]

    return await _change(work, retiring, expected=expected, changed=key)


async def merge(work: Work, key: str, into: str, *, expected: int | None) -> TaxonomyOut:
    """Its words and parts go to the other topic. Raises `TopicNotFound` and `Unacceptable`."""

    def merging(topics: list[TopicDefinition]) -> list[TopicDefinition]:
        source = _named(topics, key)
        target = next((topic for topic in topics if topic.key == into and not topic.retired), None)
        if target is None or target is source:
            raise Unacceptable.field("/into", "unknown", "This is not the key of another topic in use.")
        synonyms = {
            language: list(
                dict.fromkeys([*target.synonyms.get(language, []), *source.synonyms.get(language, [])]),
            )
            for language in target.synonyms | source.synonyms
        }
        merged = {
            target.key: target.model_copy(update={"synonyms": synonyms}),
            source.key: source.model_copy(update={"retired": True, "merged_into": into}),
        }
        moved = [
            topic.model_copy(update={"parent": into}) if topic.parent == key and topic.key != into else topic
            for topic in topics
        ]
        return [merged.get(topic.key, topic) for topic in moved]

    return await _change(work, merging, expected=expected, changed=into)


async def _change(
    work: Work, change: _Change, *, expected: int | None, pointer: str | None = None, changed: str | None = None
) -> TaxonomyOut:
    """`pointer`: where a topic stands in the body, if all of them do; else `changed` is the only one in it."""
    stored = await _to_change(work, expected)
    topics = change(list(_definition(stored).topics))
    _check(topics, pointer, changed)
    stored.version, stored.updated_at = stored.version + 1, work.now
    stored.document = TaxonomyDefinition.model_construct(topics=topics).model_dump(mode="json", exclude_defaults=True)
    return _told(work, stored)


def _check(topics: Sequence[TopicDefinition], pointer: str | None, changed: str | None) -> None:
    # The one that was changed last, so that it is the one in the way.
    ordered = sorted(topics, key=lambda topic: topic.key == changed)
    pointers = [pointer.format(place) if pointer else "" for place in range(len(ordered))]
    faults = faults_of(ordered, pointers)
    if len(topics) > MOST_TOPICS:
        detail = f"There would be {len(topics)} topics; at most {MOST_TOPICS}, the retired ones included."
        faults.append(FieldProblem("", "too_many", detail))
    for topic in topics:
        for language, synonyms in topic.synonyms.items():
            if len(synonyms) > MOST_SYNONYMS:
                detail = f"`{topic.key}` would have {len(synonyms)} synonyms in `{language}`; at most {MOST_SYNONYMS}."
                faults.append(FieldProblem("", "too_many", detail))
    if faults:
        raise Unacceptable("The taxonomy cannot be like this; `errors` says why.", errors=tuple(faults))


async def _to_change(work: Work, expected: int | None) -> StoredTaxonomy:
    """Of two who change it for the first time, the second waits."""
    first = insert(StoredTaxonomy).values(
        account_id=work.account_id, version=NEVER_STORED, document=None, updated_at=work.now
    )
    await work.session.execute(first.on_conflict_do_nothing())
    stored = await work.session.get(StoredTaxonomy, work.account_id, with_for_update=True, populate_existing=True)
    assert stored is not None
    check_match(expected, stored.version)
    return stored


def _named(topics: Sequence[TopicDefinition], key: str) -> TopicDefinition:
    found = next((topic for topic in topics if topic.key == key), None)
    if found is None:
        raise TopicNotFound
    return found


def _definition(stored: StoredTaxonomy | None) -> TaxonomyDefinition:
    if stored is None or stored.document is None:
        return default_definition()
    return TaxonomyDefinition.model_validate(stored.document)


def _told(work: Work, stored: StoredTaxonomy | None) -> TaxonomyOut:
    taxonomy = _out(stored)
    names = set(TaxonomyTopic.model_fields)
    topics = tuple(TaxonomyTopic.model_validate(topic.model_dump(include=names)) for topic in taxonomy.topics)
    work.emit(TaxonomyChanged(topics=topics), subject=work.account_id, version=taxonomy.version)
    return taxonomy


def _out(stored: StoredTaxonomy | None) -> TaxonomyOut:
    return TaxonomyOut(
        version=stored.version if stored is not None else NEVER_STORED,
        is_default=stored is None or stored.document is None,
        topics=_definition(stored).topics,
    )
