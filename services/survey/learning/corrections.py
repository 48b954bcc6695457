"""Labels that people gave, kept for good: what a model may learn from, and what no machine may overwrite."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func, select, text

from services.survey.feedback.models import Feedback
from services.survey.learning.models import Correction
from shared.work import Work

# Of a longer history the latest: older ones say how things were called then.
MOST_LEARNED = 20_000

_LATEST = text("""
    select concat_ws(E'\n\n', f.title, f.text), f.language, c.before, c.after, c.corrected_at
    from (
        select distinct on (feedback_id) feedback_id, before, after, text_hash, corrected_at
        from survey.corrections where account_id = :account_id and what = :what
        order by feedback_id, corrected_at desc, id desc
    ) c
    join survey.feedback f on f.account_id = :account_id and f.id = c.feedback_id
    where f.text is not null and c.text_hash = encode(sha256(convert_to(f.text, 'UTF8')), 'hex')
    order by c.corrected_at desc, f.id limit :most
""")


class Judged(NamedTuple):
    """A text and what a person said of it; `before` is what stood there."""

    text: str
    language: str | None
    before: Any
    after: Any
    corrected_at: datetime


def record(work: Work, feedback: Feedback, what: str, *, before: Any, after: Any) -> None:
    work.session.add(
        Correction(
            account_id=work.account_id,
            feedback_id=feedback.id,
            what=what,
            before=before,
            after=after,
            text_hash=hash_of(feedback.text),
            corrected_by=str(work.actor),
            corrected_at=work.now,
        )
    )


def hash_of(words: str | None) -> str | None:
    return None if words is None else hashlib.sha256(words.encode()).hexdigest()


async def judged(work: Work, what: str) -> Sequence[Judged]:
    """The last word on each text that still reads as it did, the newest first."""
    values = {"account_id": work.account_id, "what": what, "most": MOST_LEARNED}
    return [Judged(*row) for row in await work.session.execute(_LATEST, values)]


async def count_since(work: Work, what: str, since: datetime | None) -> int:
    mine = select(func.count()).where(Correction.account_id == work.account_id, Correction.what == what)
    return await work.session.scalar(mine if since is None else mine.where(Correction.corrected_at > since)) or 0


async def of_people(work: Work, rows: Collection[Feedback]) -> set[tuple[UUID, str]]:
    """Ids, and what of it a person has said (`sentiment`, `topics`, `urgency`), for the words that stand there now."""
    hashes = {row.id: hash_of(row.text) for row in rows}
    statement = select(Correction.feedback_id, Correction.what, Correction.text_hash).where(
        Correction.account_id == work.account_id, Correction.feedback_id.in_(hashes)
    )
    found = await work.session.execute(statement)
    return {(feedback_id, what) for feedback_id, what, digest in found if hashes[feedback_id] == digest}
