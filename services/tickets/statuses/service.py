"""Naming the states, and what a ticket's status says about its state."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from services.tickets.cases.models import Ticket
from services.tickets.statuses.models import Status
from services.tickets.statuses.schemas import NewStatus, StatusPatch
from shared.contracts.tickets import TicketState
from shared.editing import change, differing
from shared.http.dependencies import check_match
from shared.http.errors import Conflict, NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

MOST: Final = 100


class NoSuchStatus(NotFound):
    """There is no such status."""


class NameTaken(Conflict):
    """There is a status of this name already."""

    code = "name_taken"


class StatusInUse(Conflict):
    """Tickets have this status. Give them another one first: GET /v1/tickets?status_id= lists them."""

    code = "status_in_use"


async def create(work: Work, body: NewStatus) -> Status:
    """Raises `NameTaken`, or `Unacceptable` beyond the `MOST` of an account."""
    known = await work.session.scalar(select(func.count()).where(Status.account_id == work.account_id)) or 0
    if known >= MOST:
        raise Unacceptable(f"An account has at most {MOST} statuses; delete one first.")
    await _check_name(work, body.name, None)
    status = Status(
        id=new_id(),
        account_id=work.account_id,
        version=1,
        created_at=work.now,
        updated_at=work.now,
        **body.model_dump(),
    )
    if status.is_default:
        await _dethrone(work, status.state)
    work.session.add(status)
    await work.session.flush()
    return status


async def edit(work: Work, status_id: UUID, patch: StatusPatch, expected: int | None) -> Status:
    """Raises `NoSuchStatus`, `StaleVersion` or `NameTaken`."""
    status = await find(work, status_id, lock=True)
    check_match(expected, status.version)
    wanted = differing(status, patch.model_dump(exclude_unset=True))
    if not wanted:
        return status
    if "name" in wanted:
        await _check_name(work, wanted["name"], status.id)
    if wanted.get("is_default"):
        await _dethrone(work, status.state)
    change(work, status, wanted)
    await work.session.flush()
    return status


async def delete(work: Work, status_id: UUID) -> None:
    """Raises `NoSuchStatus` or `StatusInUse`."""
    status = await find(work, status_id, lock=True)
    having = (Ticket.account_id == work.account_id) & (Ticket.status_id == status_id)
    if await work.session.scalar(select(Ticket.id).where(having).limit(1)) is not None:
        raise StatusInUse
    await work.session.delete(status)


async def find(work: Work, status_id: UUID, *, lock: bool = False) -> Status:
    """Raises `NoSuchStatus`."""
    statement = select(Status).where(Status.account_id == work.account_id, Status.id == status_id)
    status = await work.session.scalar(statement.with_for_update() if lock else statement)
    if status is None:
        raise NoSuchStatus
    return status


async def wanted(work: Work, ticket: Ticket, sent: dict[str, Any]) -> tuple[TicketState, UUID | None]:
    """Takes state and status out of what was sent for a ticket, and says what they come to. A status brings its state;
    a state alone brings its default status. Raises `Unacceptable` for an unknown status, or one of another state."""
    asked = "status_id" in sent
    status_id: UUID | None = sent.pop("status_id", None)
    state: TicketState | None = sent.pop("state", None)
    if status_id is None:
        stays = not asked and state in (None, ticket.state)
        return state or ticket.state, ticket.status_id if stays else None
    # Held, so that nobody deletes it while it is being given to a ticket.
    one = (Status.account_id == work.account_id) & (Status.id == status_id)
    status = await work.session.scalar(select(Status).where(one).with_for_update(read=True))
    if status is None:
        raise Unacceptable.field("/status_id", "unknown_status", "There is no such status; see /v1/ticket-statuses.")
    if state not in (None, status.state):
        detail = f"This status is one of {status.state}, not of {state}. Send one of the two."
        raise Unacceptable.field("/status_id", "other_state", detail)
    return status.state, status.id


async def has_status(work: Work, status_id: UUID) -> ColumnElement[bool]:
    """Tickets of this status, those included that have it by default."""
    status = await work.session.get(Status, status_id)
    if status is None or not status.is_default:
        return Ticket.status_id == status_id
    return or_(Ticket.status_id == status_id, and_(Ticket.status_id.is_(None), Ticket.state == status.state))


async def _dethrone(work: Work, state: TicketState) -> None:
    mine = (Status.account_id == work.account_id) & (Status.state == state) & Status.is_default
    await work.session.execute(
        update(Status).where(mine).values(is_default=False, version=Status.version + 1, updated_at=work.now)
    )


async def _check_name(work: Work, name: str, but: UUID | None) -> None:
    same = (Status.account_id == work.account_id) & (func.lower(Status.name) == func.lower(name))
    known = await work.session.scalar(select(Status.id).where(same))
    if known is not None and known != but:
        raise NameTaken
