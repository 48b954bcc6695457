"""Writing macros."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from services.tickets.macros import variables
from services.tickets.macros.models import Macro
from services.tickets.macros.schemas import Actions, MacroPatch, NewMacro
from shared.editing import change, differing
from shared.http.dependencies import check_match
from shared.http.errors import NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

MOST: Final = 1_000


class NoSuchMacro(NotFound):
    """There is no such macro, or it is somebody's own."""


def seen_by(work: Work) -> ColumnElement[bool]:
    """The shared ones, and one's own."""
    return (Macro.account_id == work.account_id) & or_(Macro.shared, Macro.owner == str(work.actor))


async def create(work: Work, body: NewMacro) -> Macro:
    """Raises `Unacceptable` for a text that names what does not exist, or beyond the `MOST` of an account."""
    known = await work.session.scalar(select(func.count()).where(Macro.account_id == work.account_id)) or 0
    if known >= MOST:
        raise Unacceptable(f"An account has at most {MOST} macros; delete one first.")
    macro = Macro(
        id=new_id(),
        account_id=work.account_id,
        name=body.name,
        owner=str(work.actor),
        shared=body.shared,
        actions=_checked(body.actions),
        position=body.position,
        version=1,
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(macro)
    await work.session.flush()
    return macro


async def edit(work: Work, macro_id: UUID, patch: MacroPatch, expected: int | None) -> Macro:
    """Raises `NoSuchMacro`, `StaleVersion`, or `Unacceptable` as `create` does."""
    macro = await find(work, macro_id, lock=True)
    check_match(expected, macro.version)
    sent: dict[str, Any] = {name: getattr(patch, name) for name in patch.model_fields_set}
    if patch.actions is not None:
        sent["actions"] = _checked(patch.actions)
    if wanted := differing(macro, sent):
        change(work, macro, wanted)
        await work.session.flush()
    return macro


async def delete(work: Work, macro_id: UUID) -> None:
    """Raises `NoSuchMacro`."""
    await work.session.delete(await find(work, macro_id, lock=True))


async def find(work: Work, macro_id: UUID, *, lock: bool = False) -> Macro:
    """Raises `NoSuchMacro`."""
    statement = select(Macro).where(seen_by(work), Macro.id == macro_id)
    macro: Macro | None = await work.session.scalar(statement.with_for_update() if lock else statement)
    if macro is None:
        raise NoSuchMacro
    return macro


def _checked(actions: Actions) -> dict[str, Any]:
    variables.check(actions.reply, pointer="/actions/reply")
    variables.check(actions.note, pointer="/actions/note")
    return actions.model_dump(mode="json", exclude_unset=True)
