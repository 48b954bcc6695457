"""Reading and replacing the policy."""

from services.metrics.privacy.models import PrivacyPolicy
from services.metrics.privacy.schemas import Privacy
from shared.http.dependencies import check_match
from shared.work import Work

NEVER_STORED = 0


async def read(work: Work, *, to_change: bool = False) -> tuple[Privacy, int]:
    """With its version; `NEVER_STORED` for the default."""
    stored = await work.session.get(PrivacyPolicy, work.account_id, with_for_update=to_change)
    return (Privacy(), NEVER_STORED) if stored is None else (Privacy(minimum=stored.minimum), stored.version)


async def replace(work: Work, wanted: Privacy, *, expected: int | None) -> int:
    """Returns the new version."""
    _, version = await read(work, to_change=True)
    check_match(expected, version)
    stored = PrivacyPolicy(account_id=work.account_id, version=version + 1, minimum=wanted.minimum, updated_at=work.now)
    await work.session.merge(stored)
    return version + 1
