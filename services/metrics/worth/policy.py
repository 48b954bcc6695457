"""Reading and replacing what an account says of its business."""

from sqlalchemy.dialects.postgresql import insert

from services.metrics.worth.models import StoredWorthPolicy
from services.metrics.worth.schemas import WorthPolicy
from shared.http.dependencies import check_match
from shared.work import Work

NEVER_STORED = 0


async def policy_of(work: Work) -> WorthPolicy:
    return (await read(work))[0]


async def read(work: Work) -> tuple[WorthPolicy, int]:
    """With its version; `NEVER_STORED` for the defaults."""
    return _told(await work.session.get(StoredWorthPolicy, work.account_id))


async def replace(work: Work, wanted: WorthPolicy, *, expected: int | None) -> int:
    """Returns the new version. Raises `StaleVersion`."""
    _, version = _told(await work.session.get(StoredWorthPolicy, work.account_id, with_for_update=True))
    check_match(expected, version)
    statement = insert(StoredWorthPolicy).values(
        account_id=work.account_id, version=version + 1, document=wanted.model_dump(mode="json"), updated_at=work.now
    )
    given = {name: statement.excluded[name] for name in ("version", "document", "updated_at")}
    await work.session.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_=given))
    return version + 1


def _told(stored: StoredWorthPolicy | None) -> tuple[WorthPolicy, int]:
    if stored is None:
        return WorthPolicy(), NEVER_STORED
    return WorthPolicy.model_validate(stored.document), stored.version
