"""What a service has exported of a person, until it is fetched or the time for that is over."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Response
from sqlalchemy import Column, DateTime, LargeBinary, MetaData, PrimaryKeyConstraint, Table, Uuid, delete, select
from sqlalchemy.dialects.postgresql import insert

from shared.bus.ddl import Operations
from shared.bus.subscriptions import Timer, TimerHandler
from shared.db.rls import enable_row_security
from shared.http.dependencies import work_with
from shared.http.errors import NotFound
from shared.http.routing import APIRouter
from shared.work import Work

EXPIRY = "subjects.export_expired"
SubjectsRead = Annotated[Work, work_with("subjects:read")]


class NothingExported(NotFound):
    """Nothing was exported here for this request, or it has been deleted since."""

    code = "nothing_exported"


def create_exports(op: Operations, schema: str) -> None:
    """The table, in a migration."""
    op.execute(f"""
        create table "{schema}".subject_exports (
            account_id uuid not null,
            request_id uuid not null,
            lines bytea not null,
            expires_at timestamptz not null,
            constraint pk_subject_exports primary key (account_id, request_id)
        )
    """)
    enable_row_security(op, schema, "subject_exports")


def exports_in(metadata: MetaData) -> Table:
    """Declares the same table for the models."""
    return Table(
        "subject_exports",
        metadata,
        Column("account_id", Uuid, nullable=False),
        Column("request_id", Uuid, nullable=False),
        Column("lines", LargeBinary, nullable=False),
        Column("expires_at", DateTime(timezone=True), nullable=False),
        PrimaryKeyConstraint("account_id", "request_id"),
    )


async def keep(work: Work, exports: Table, request_id: UUID, lines: bytes, expires_at: datetime) -> str:
    """Until it expires. Returns the SHA-256 of the lines, in hex."""
    values = {"lines": lines, "expires_at": expires_at}
    statement = insert(exports).values(account_id=work.account_id, request_id=request_id, **values)
    await work.session.execute(
        statement.on_conflict_do_update(index_elements=["account_id", "request_id"], set_=values)
    )
    await work.schedule(EXPIRY, key=str(request_id), due_at=expires_at)
    return hashlib.sha256(lines).hexdigest()


async def drop(work: Work, exports: Table, request_id: UUID) -> None:
    await work.session.execute(
        delete(exports).where(exports.c.account_id == work.account_id, exports.c.request_id == request_id)
    )


def export_timers(exports: Table) -> Mapping[str, TimerHandler]:
    """Deletes what has expired."""

    async def expire(work: Work, timer: Timer) -> None:
        await drop(work, exports, UUID(timer.key))

    return {EXPIRY: expire}


def export_router(exports: Table) -> APIRouter:
    """For the gateway, which makes one bundle of all services' lines. Not reachable from outside."""
    router = APIRouter(prefix="/internal/subject-requests", tags=["subject-requests"], include_in_schema=False)

    @router.get("/{request}/lines")
    async def read_exported_lines(request: UUID, work: SubjectsRead) -> Response:
        """JSON lines, exactly as their digest was taken."""
        found = await work.session.scalar(
            select(exports.c.lines).where(
                exports.c.account_id == work.account_id,
                exports.c.request_id == request,
                exports.c.expires_at > work.now,
            )
        )
        if found is None:
            raise NothingExported
        return Response(bytes(found), media_type="application/jsonl")

    return router
