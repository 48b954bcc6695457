"""Initiatives, and who is in them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from services.metrics.experiments import service as experiments
from services.metrics.experiments.service import UnknownExperiment
from services.metrics.initiatives.models import InitiativeMember, StoredInitiative
from services.metrics.initiatives.schemas import Holdout, Member, MemberCounts, NewInitiative
from shared.editing import change, differing
from shared.http.dependencies import check_match
from shared.http.errors import NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work


class UnknownInitiative(NotFound):
    """There is no such initiative."""


def listed(work: Work) -> Select[Any]:
    return select(StoredInitiative).where(StoredInitiative.account_id == work.account_id)


def initiative_of(stored: StoredInitiative) -> NewInitiative:
    return NewInitiative.model_validate(stored.document)


async def add(work: Work, wanted: NewInitiative) -> StoredInitiative:
    """Raises `Unacceptable` for a holdout that there is not."""
    await _check_comparator(work, wanted)
    made = StoredInitiative(
        id=new_id(),
        account_id=work.account_id,
        document=wanted.model_dump(mode="json"),
        version=1,
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(made)
    return made


async def read(work: Work, initiative_id: UUID, *, to_change: bool = False) -> StoredInitiative:
    """Raises `UnknownInitiative`."""
    statement = listed(work).where(StoredInitiative.id == initiative_id)
    found: StoredInitiative | None = await work.session.scalar(statement.with_for_update() if to_change else statement)
    if found is None:
        raise UnknownInitiative
    return found


async def replace(work: Work, initiative_id: UUID, wanted: NewInitiative, *, expected: int | None) -> StoredInitiative:
    """Raises `UnknownInitiative`, `StaleVersion`, and `Unacceptable` for a holdout that there is not."""
    found = await read(work, initiative_id, to_change=True)
    check_match(expected, found.version)
    await _check_comparator(work, wanted)
    if changes := differing(found, {"document": wanted.model_dump(mode="json")}):
        change(work, found, changes)
    return found


async def remove(work: Work, initiative_id: UUID, *, expected: int | None) -> None:
    """With its members. Raises `UnknownInitiative` and `StaleVersion`."""
    found = await read(work, initiative_id, to_change=True)
    check_match(expected, found.version)
    mine = (InitiativeMember.account_id == work.account_id, InitiativeMember.initiative_id == found.id)
    await work.session.execute(delete(InitiativeMember).where(*mine))
    await work.session.delete(found)


async def put_members(work: Work, initiative_id: UUID, members: Sequence[Member]) -> MemberCounts:
    """Raises `UnknownInitiative`."""
    await read(work, initiative_id)
    last = {member.customer_id: member for member in members}
    rows = [
        {
            "account_id": work.account_id,
            "initiative_id": initiative_id,
            "person_id": customer_id,
            "customer_id": customer_id,
            "treated": member.treated,
            "stratum": "\n".join(f"{name}={value}" for name, value in sorted(member.attributes.items())),
        }
        for customer_id, member in sorted(last.items())
    ]
    statement = insert(InitiativeMember)
    said = {name: statement.excluded[name] for name in ("treated", "stratum")}
    keys = ["account_id", "initiative_id", "person_id"]
    await work.session.execute(statement.on_conflict_do_update(index_elements=keys, set_=said), rows)
    return await counts(work, initiative_id)


async def counts(work: Work, initiative_id: UUID) -> MemberCounts:
    treated = func.count().filter(InitiativeMember.treated)
    mine = (InitiativeMember.account_id == work.account_id, InitiativeMember.initiative_id == initiative_id)
    row = (await work.session.execute(select(treated, func.count()).where(*mine))).one()
    return MemberCounts(treated=row[0], compared=row[1] - row[0])


async def _check_comparator(work: Work, wanted: NewInitiative) -> None:
    if not isinstance(wanted.comparator, Holdout):
        return
    pointer = "/comparator/experiment_id"
    try:
        stored = await experiments.read(work, wanted.comparator.experiment_id)
    except UnknownExperiment:
        raise Unacceptable.field(pointer, "unknown_experiment", "There is no such experiment.") from None
    if not experiments.experiment_of(stored).holdout_percent:
        raise Unacceptable.field(pointer, "no_holdout", "It has no holdout; everybody gets one of its variants.")
