"""How a source is doing. Whoever deals with it says how that went; trouble is told once, and its end once."""

from datetime import datetime
from typing import Final

from services.survey.sources.models import Source
from services.survey.sources.schemas import TroubleOut
from shared.contracts.sources import SourceEvidence, SourceRecovered, SourceTrouble, SourceTroubled
from shared.work import Work

_REMEDIES: Final[dict[SourceTrouble, str]] = {
    "silent": "Look at the sender whether its webhook is still switched on and has this source's address; "
    "rotate the address if nobody has it any more.",
    "unannounced": "Look at the platform whether its notifications are still switched on and lead to this source's "
    "address. Another tool may have taken them: Google has one topic for each account, so set the account's "
    "notification setting to yours again (My Business Notifications API). Until then reviews come when the platform is "
    "asked next.",
    "failing": "Compare the secrets here with those at the sender and enter them anew. What was kept but not "
    "understood is in the list of the source's deliveries, where it can be read again.",
    "denied": "Enter fresh credentials that may read there: POST /v1/sources/{id}/secrets.",
}


async def went_well(work: Work, source: Source) -> None:
    """Its platform answered: that it failed or was denied is over. Only what it sends by itself ends its silence."""
    source.failures = 0
    source.last_heard_at = work.now
    if source.trouble not in {"silent", "unannounced"}:
        _recovered(work, source)


async def was_heard(work: Work, source: Source, received_at: datetime) -> None:
    """It sent something that could be read."""
    source.last_received_at = max(received_at, source.last_received_at or received_at)
    source.last_heard_at = max(received_at, source.last_heard_at or received_at)
    _recovered(work, source)


async def went_wrong(
    work: Work, source: Source, *, trouble: SourceTrouble, detail: str, evidence: SourceEvidence | None = None
) -> None:
    """`detail` says what was seen, for people. One trouble at a time is told; another kind while it lasts is noted."""
    is_new = source.trouble is None
    source.trouble, source.trouble_detail = trouble, detail
    if not is_new:
        return
    source.trouble_since = work.now
    troubled = SourceTroubled(
        source_id=source.id,
        adapter=source.adapter,
        name=source.name,
        trouble=trouble,
        detail=detail,
        remedy=_REMEDIES[trouble],
        since=work.now,
        evidence=evidence,
    )
    work.emit(troubled, subject=source.id, version=source.version)


def shown(source: Source) -> TroubleOut | None:
    if source.trouble is None or source.trouble_since is None:
        return None
    trouble: SourceTrouble = source.trouble  # type: ignore[assignment]
    return TroubleOut(
        kind=trouble, since=source.trouble_since, detail=source.trouble_detail or "", remedy=_REMEDIES[trouble]
    )


def _recovered(work: Work, source: Source) -> None:
    if source.trouble is None or source.trouble_since is None:
        return
    trouble: SourceTrouble = source.trouble  # type: ignore[assignment]
    recovered = SourceRecovered(
        source_id=source.id,
        adapter=source.adapter,
        name=source.name,
        trouble=trouble,
        since=source.trouble_since,
        recovered_at=work.now,
    )
    source.trouble = source.trouble_since = source.trouble_detail = None
    work.emit(recovered, subject=source.id, version=source.version)
