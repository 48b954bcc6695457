"""Looks at every source of an account from time to time: does it still send, and is what it sends still good?

A source that had its own rhythm counts as silent once nothing has come for twice as long as ever in the last weeks, and
for a day at least. For events that come at random, `n` pauses leave a longer one than twice the longest of them with a
probability of about 2/n² (the ratio of the largest to the second of exponential spacings), so `LEAST_ARRIVALS` keep
false alarms below one in two hundred looks at independent rhythms.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from services.survey.adapters.base import Poll, Push, PushHint
from services.survey.adapters.registry import adapters
from services.survey.feedback.models import Feedback
from services.survey.sources import health
from services.survey.sources.models import Delivery, Rejection, Source
from shared.bus.subscriptions import Timer
from shared.contracts.sources import SourceEvidence, SourceTrouble
from shared.work import Work

TIMER: Final = "sources.watch"
EVERY: Final = timedelta(minutes=15)
_KEY: Final = "account"

RHYTHM: Final = timedelta(days=28)
LEAST_ARRIVALS: Final = 20
SHORTEST_SILENCE: Final = timedelta(days=1)
# So many refused, or unreadable, in a row.
REFUSED: Final = 3
UNREADABLE: Final = 3
# So much that nobody told of, each of it for longer than a notification takes.
UNANNOUNCED: Final = 3
ON_ITS_WAY: Final = timedelta(hours=1)
REFUSED_WITHIN: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Seen:
    """Of one source. `arrivals` in the last weeks, in their order; `refused` requests since the last that was taken, by
    reason; `unreadable` are how many of the last deliveries, in a row, ended in quarantine; `unannounced` how much was
    found by asking its platform, which used to tell of it, since it told of anything."""

    arrivals: Sequence[datetime]
    refused: Mapping[str, int]
    unreadable: int
    last_received_at: datetime | None
    connected_at: datetime
    silent_after: timedelta | None
    unannounced: int = 0


class Trouble(NamedTuple):
    """`detail` is for people."""

    kind: SourceTrouble
    detail: str
    evidence: SourceEvidence


def trouble_in(seen: Seen, now: datetime) -> Trouble | None:
    """The worse first: what fails is also silent."""
    count = sum(seen.refused.values())
    if count >= REFUSED:
        reasons = ", ".join(f"{_WORDS.get(reason, reason)} ({n})" for reason, n in sorted(seen.refused.items()))
        evidence = SourceEvidence(kind="refused", count=count, reasons=dict(seen.refused))
        return Trouble("failing", f"The last {count} requests were refused: {reasons}.", evidence)
    if seen.unreadable >= UNREADABLE:
        detail = f"The last {seen.unreadable} deliveries could not be read; they are kept in quarantine."
        return Trouble("failing", detail, SourceEvidence(kind="unreadable", count=seen.unreadable))
    if seen.unannounced >= UNANNOUNCED and seen.last_received_at is not None:
        days = (now - seen.last_received_at).total_seconds() / 86_400
        detail = f"Reviews were found by asking, and none was announced for {days:.1f} days."
        return Trouble("unannounced", detail, SourceEvidence(kind="unannounced", since=seen.last_received_at))
    limit = seen.silent_after or learned_silence(seen.arrivals)
    if limit is not None:
        since = seen.last_received_at or seen.connected_at
        if now - since > limit:
            days = (now - since).total_seconds() / 86_400
            usual = "" if seen.silent_after else f", and never paused for more than {_days(limit / 2)} before"
            evidence = SourceEvidence(kind="silent", since=since)
            return Trouble("silent", f"Nothing has come for {days:.1f} days{usual}.", evidence)
    return None


def learned_silence(arrivals: Sequence[datetime]) -> timedelta | None:
    """None while too little has come to know a rhythm."""
    if len(arrivals) < LEAST_ARRIVALS:
        return None
    return max(SHORTEST_SILENCE, 2 * max(later - earlier for earlier, later in pairwise(arrivals)))


async def begin(work: Work) -> None:
    """From the first source on."""
    await work.schedule(TIMER, key=_KEY, due_at=work.now + EVERY)


async def look(work: Work, timer: Timer) -> None:
    """All that are active. Trouble ends when something good comes (`health`), not by looking again."""
    mine = (Source.account_id == work.account_id, ~Source.builtin, Source.state != "removed")
    sources = (await work.session.scalars(select(Source).where(*mine).order_by(Source.id).with_for_update())).all()
    if not sources:
        return
    for source in sources:
        is_watched = source.state == "active" and isinstance(adapters().get(source.adapter), Push)
        found = trouble_in(await _seen(work, source), work.now) if is_watched else None
        if found is not None:
            await health.went_wrong(work, source, trouble=found.kind, detail=found.detail, evidence=found.evidence)
    await work.schedule(TIMER, key=_KEY, due_at=work.now + EVERY)


async def _seen(work: Work, source: Source) -> Seen:
    mine = (Delivery.account_id == work.account_id, Delivery.source_id == source.id)
    lately = select(Delivery.received_at).where(*mine, Delivery.received_at > work.now - RHYTHM)
    newest = lately.order_by(Delivery.received_at.desc(), Delivery.id.desc()).limit(1_000)
    arrivals = sorted(await work.session.scalars(newest))
    return Seen(
        arrivals=arrivals,
        refused=await _refused(work, source.id, after=arrivals[-1] if arrivals else None),
        unreadable=await _unreadable(work, source.id),
        last_received_at=arrivals[-1] if arrivals else source.last_received_at,
        connected_at=source.created_at,
        silent_after=timedelta(days=source.silent_after_days) if source.silent_after_days else None,
        unannounced=await _unannounced(work, source),
    )


async def _refused(work: Work, source_id: UUID, *, after: datetime | None) -> dict[str, int]:
    """Only in hours without a good one between: a forger's requests next to good ones are no trouble."""
    since = work.now - REFUSED_WITHIN
    mine = (Rejection.account_id == work.account_id, Rejection.source_id == source_id, Rejection.last_at > since)
    statement = select(Rejection.reason, func.sum(Rejection.count)).where(*mine).group_by(Rejection.reason)
    if after is not None:
        statement = statement.where(Rejection.last_at > after)
    return {row[0]: row[1] for row in await work.session.execute(statement)}


async def _unannounced(work: Work, source: Source) -> int:
    """None of a source that has never announced anything: then it is asked, and nothing else was agreed on."""
    adapter = adapters().get(source.adapter)
    if source.last_received_at is None or not (isinstance(adapter, PushHint) and isinstance(adapter, Poll)):
        return 0
    mine = (Feedback.account_id == work.account_id, Feedback.source_id == source.id, Feedback.removed_at.is_(None))
    since = (Feedback.occurred_at > source.last_received_at, Feedback.occurred_at < work.now - ON_ITS_WAY)
    found = select(Feedback.id).where(*mine, *since).limit(UNANNOUNCED)
    return len((await work.session.scalars(found)).all())


async def _unreadable(work: Work, source_id: UUID) -> int:
    mine = (Delivery.account_id == work.account_id, Delivery.source_id == source_id)
    done = select(Delivery.state).where(*mine, Delivery.state.in_(("read", "quarantined")))
    latest = (
        await work.session.scalars(done.order_by(Delivery.received_at.desc(), Delivery.id.desc()).limit(UNREADABLE))
    ).all()
    return len(latest) if set(latest) == {"quarantined"} else 0


def _days(span: timedelta) -> str:
    hours = span.total_seconds() / 3_600
    return f"{hours:.0f} hours" if hours < 48 else f"{hours / 24:.1f} days"


_WORDS: Final = {
    "missing_signature": "without a signature",
    "wrong_signature": "the signature does not fit the secret",
    "malformed_signature": "the signature is not written as agreed",
    "stale": "signed too long ago",
    "future": "signed with a time to come",
    "duplicate_header": "a header came twice",
    "replayed": "sent before with another content",
    "wrong_audience": "meant for somebody else",
    "wrong_network": "from an address that is not one of the sender's",
}
