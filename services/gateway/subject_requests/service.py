"""The way of a request through all services. Every answer is kept, and who is silent is asked again.

Stages: `locate`, in which customers says who is meant (and restricts, if that is wanted); `act`, in which every service
does its part; and for an erasure `sweep`, the same once more a while later, for what was still travelling.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from services.gateway.audit.models import AuditEntry
from services.gateway.settings import GatewaySettings
from services.gateway.subject_requests import receipts
from services.gateway.subject_requests.models import SubjectRequest, SubjectRequestPart
from services.gateway.subject_requests.schemas import NewSubjectRequest
from shared.contracts.customers import CustomersPartDone
from shared.contracts.gateway import SubjectRequestDue, SubjectRequestFinished, SubjectRequestOpened
from shared.contracts.subjects import SubjectPart, SubjectStage
from shared.http.errors import Conflict, NotFound
from shared.ids import new_id
from shared.work import Work

NUDGE: Final = "subjects.nudge"
SWEEP: Final = "subjects.sweep"
DUE: Final = "subjects.due"
CUSTOMERS: Final = "customers"
OTHERS: Final = ("survey", "tickets", "metrics", "notifier")
# One month (GDPR, article 12 (3)), counted strictly; and how long before its end somebody should look.
LEGAL_TIME = timedelta(days=28)
WARNING = timedelta(days=7)
FIRST_NUDGE, LAST_NUDGE = timedelta(minutes=1), timedelta(hours=1)


class SubjectRequestNotFound(NotFound):
    """There is no such request here."""

    code = "subject_request_not_found"


class AlreadyRequested(Conflict):
    """The same is being done for this customer already."""

    code = "already_requested"


async def open_request(work: Work, body: NewSubjectRequest) -> SubjectRequest:
    """Raises `AlreadyRequested`."""
    lock = func.hashtextextended(f"subject requests of {body.customer_id}", 0)
    await work.session.execute(select(func.pg_advisory_xact_lock(lock)))
    open_one = select(SubjectRequest.id).where(
        SubjectRequest.account_id == work.account_id,
        SubjectRequest.customer_id == body.customer_id,
        SubjectRequest.kind == body.kind,
        SubjectRequest.state == "open",
    )
    if (known := await work.session.scalar(open_one)) is not None:
        raise AlreadyRequested(f"Request {known} is doing this already; follow that one.")
    settings: GatewaySettings = work.settings
    request = SubjectRequest(
        id=new_id(),
        account_id=work.account_id,
        kind=body.kind,
        mode=(body.mode or "delete") if body.kind == "erase" else None,
        customer_id=body.customer_id,
        customer_ids=[],
        customer_version=None,
        state="open",
        stage="locate",
        attempt=0,
        reason=None,
        requested_by=str(work.actor),
        requested_at=work.now,
        due_at=work.now + LEGAL_TIME,
        export_expires_at=work.now + settings.subject_export_kept if body.kind == "export" else None,
        finished_at=None,
        receipt=None,
    )
    work.session.add(request)
    await work.session.flush()
    await work.schedule(DUE, key=str(request.id), due_at=request.due_at - WARNING)
    await _begin(work, request, "locate", (CUSTOMERS,))
    return request


async def hear(work: Work, service: str, part: SubjectPart, located: CustomersPartDone | None = None) -> None:
    """A service has done its part; the last one of a stage takes the request on. What is known already is not news."""
    request = await find(work, part.request_id, to_change=True)
    parts = {row.service: row for row in await parts_of(work, request) if row.stage == request.stage}
    row = parts.get(service)
    if request.state != "open" or request.stage != part.stage or row is None or row.done_at is not None:
        return
    row.done_at, row.digest = work.now, part.digest
    row.records = [record.model_dump() for record in part.records]
    if located is not None:
        request.customer_version = located.customer_version
        if request.stage == "locate":
            request.customer_ids = list(located.customer_ids)
    await work.session.flush()
    if part.outcome == "refused":
        await _finish(work, request, reason=part.reason)
    elif all(row.done_at is not None for row in parts.values()):
        await _advance(work, request)


async def nudge(work: Work, request_id: UUID) -> None:
    """Ask those again who have not answered."""
    request = await find(work, request_id, to_change=True)
    missing = waiting_for(request, await parts_of(work, request))
    if missing:
        await _ask(work, request, missing)


async def sweep(work: Work, request_id: UUID) -> None:
    """Erase once more."""
    request = await find(work, request_id, to_change=True)
    if request.state == "open" and request.stage == "act":
        await _begin(work, request, "sweep", (CUSTOMERS, *OTHERS))


async def warn(work: Work, request_id: UUID) -> None:
    """The time runs out; said once before its end and once at its end."""
    request = await find(work, request_id, to_change=True)
    if request.state != "open":
        return
    is_overdue = work.now >= request.due_at
    missing = waiting_for(request, await parts_of(work, request))
    due = SubjectRequestDue(
        request_id=request.id,
        kind=request.kind,
        waiting_for=tuple(missing),
        due_at=request.due_at,
        overdue=is_overdue,
    )
    work.emit(due, subject=request.id)
    if not is_overdue:
        await work.schedule(DUE, key=str(request.id), due_at=request.due_at)


async def find(work: Work, request_id: UUID, *, to_change: bool = False) -> SubjectRequest:
    """Raises `SubjectRequestNotFound`."""
    statement = select(SubjectRequest).where(
        SubjectRequest.account_id == work.account_id, SubjectRequest.id == request_id
    )
    found = await work.session.scalar(statement.with_for_update() if to_change else statement)
    if found is None:
        raise SubjectRequestNotFound
    return found


async def parts_of(work: Work, *requests: SubjectRequest) -> Sequence[SubjectRequestPart]:
    """In the order in which they are asked."""
    table = SubjectRequestPart
    ids = [request.id for request in requests]
    found = await work.session.scalars(
        select(table)
        .where(table.account_id == work.account_id, table.request_id.in_(ids))
        .order_by(func.array_position(["locate", "act", "sweep"], table.stage), table.service)
    )
    return found.all()


def waiting_for(request: SubjectRequest, parts: Sequence[SubjectRequestPart]) -> list[str]:
    """The services that have not done their part of the present stage."""
    if request.state != "open":
        return []
    mine = (part for part in parts if part.request_id == request.id and part.stage == request.stage)
    return [part.service for part in mine if part.done_at is None]


async def _begin(work: Work, request: SubjectRequest, stage: SubjectStage, services: Sequence[str]) -> None:
    request.stage, request.attempt = stage, 0
    for service in services:
        work.session.add(
            SubjectRequestPart(
                account_id=work.account_id,
                request_id=request.id,
                stage=stage,
                service=service,
                done_at=None,
                records=[],
                digest=None,
            )
        )
    await work.session.flush()
    await _ask(work, request, services)


async def _ask(work: Work, request: SubjectRequest, services: Sequence[str]) -> None:
    request.attempt += 1
    opened = SubjectRequestOpened(
        request_id=request.id,
        kind=request.kind,
        mode=request.mode,
        stage=request.stage,
        services=tuple(services),
        attempt=request.attempt,
        customer_id=request.customer_id,
        customer_ids=tuple(request.customer_ids),
        customer_version=request.customer_version,
        requested_at=request.requested_at,
        export_expires_at=request.export_expires_at,
    )
    work.emit(opened, subject=request.id, version=request.attempt)
    pause = min(FIRST_NUDGE * 2 ** min(request.attempt - 1, 10), LAST_NUDGE)
    await work.schedule(NUDGE, key=str(request.id), due_at=work.now + pause)


async def _advance(work: Work, request: SubjectRequest) -> None:
    if request.stage == "locate":
        await _begin(work, request, "act", OTHERS if request.kind.endswith("restrict") else (CUSTOMERS, *OTHERS))
        await _own_part(work, request)
    elif request.stage == "act" and request.kind == "erase":
        await work.cancel(NUDGE, key=str(request.id))
        settings: GatewaySettings = work.settings
        await work.schedule(SWEEP, key=str(request.id), due_at=work.now + settings.subject_sweep)
    else:
        await _finish(work, request, reason=None)


async def _own_part(work: Work, request: SubjectRequest) -> None:
    """The gateway holds the audit trail, which names ids and nobody, and proves what was done: it stays."""
    about = [str(each) for each in request.customer_ids]
    trail = select(func.count()).select_from(AuditEntry)
    count = await work.session.scalar(
        trail.where(AuditEntry.account_id == work.account_id, AuditEntry.subject.in_(about))
    )
    kept = [{"kind": "audit entries, by id", "treatment": "kept", "count": count or 0}]
    part = SubjectRequestPart(
        account_id=work.account_id,
        request_id=request.id,
        stage=request.stage,
        service="gateway",
        done_at=work.now,
        records=kept if count else [],
        digest=None,
    )
    work.session.add(part)
    await work.session.flush()


async def _finish(work: Work, request: SubjectRequest, *, reason: str | None) -> None:
    request.state, request.reason = ("done" if reason is None else "refused"), reason
    request.finished_at = work.now
    for kind in (NUDGE, SWEEP, DUE):
        await work.cancel(kind, key=str(request.id))
    request.receipt = receipts.sign(work.settings, request, await parts_of(work, request))
    finished = SubjectRequestFinished(
        request_id=request.id,
        kind=request.kind,
        mode=request.mode,
        customer_id=request.customer_id,
        outcome="done" if reason is None else "refused",
        reason=reason,
        requested_at=request.requested_at,
        finished_at=request.finished_at,
    )
    work.emit(finished, subject=request.id)


def bundle_expires_at(request: SubjectRequest, now: datetime) -> datetime | None:
    """Until when the bundle of a finished export can be fetched; None if it cannot."""
    if request.state != "done" or request.export_expires_at is None or request.export_expires_at <= now:
        return None
    return request.export_expires_at
