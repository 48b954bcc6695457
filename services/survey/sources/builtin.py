"""Sources without an outside sender: forms, chats, what staff enter, imports, records. One per account and kind."""

from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.survey.sources.models import Source
from shared.ids import new_id
from shared.work import Work

NAMES: Final = {
    "form": "Website forms",
    "chat": "Website chat",
    "staff": "Entered by staff",
    "import": "Imported files",
    "records": "Records by API",
}


async def builtin_source(work: Work, adapter: str) -> Source:
    """The account's own, made when it is first used. Raises `KeyError` for a name that is none of `NAMES`."""
    mine = (Source.account_id == work.account_id) & (Source.adapter == adapter) & Source.builtin
    found = await work.session.scalar(select(Source).where(mine))
    if found is None:
        values = {
            "id": new_id(),
            "account_id": work.account_id,
            "version": 1,
            "adapter": adapter,
            "builtin": True,
            "name": NAMES[adapter],
            "state": "active",
            "settings": {},
            "created_at": work.now,
            "updated_at": work.now,
        }
        # Somebody else's first use may be under way: then this waits for it, and finds it there.
        await work.session.execute(insert(Source).values(values).on_conflict_do_nothing())
        found = (await work.session.scalars(select(Source).where(mine))).one()
    return found
