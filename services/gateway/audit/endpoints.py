from typing import Annotated

from fastapi import Query

from services.gateway.audit import service as audit_service
from services.gateway.audit.auth import AuditRead
from services.gateway.audit.models import AuditEntry
from services.gateway.audit.schemas import AuditEntryOut, Verification
from services.gateway.audit.service import AuditFilter
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.routing import APIRouter
from shared.http.schemas import Moment

MOST_VERIFIED = 50_000
LARGEST_POSITION = 2**62

router = APIRouter(prefix="/v1/audit", tags=["audit"])


@router.get("")
async def list_audit_entries(
    work: AuditRead,
    page: PageQuery,
    actor: Annotated[str | None, Query(max_length=200, description="Kind and id, such as `human:<user id>`.")] = None,
    type: Annotated[str | None, Query(max_length=200, description="What happened.")] = None,
    subject: Annotated[str | None, Query(max_length=200, description="Id of the thing it happened to.")] = None,
    from_: Annotated[Moment | None, Query(alias="from", description="Happened at or after.")] = None,
    to: Annotated[Moment | None, Query(description="Happened before.")] = None,
) -> Page[AuditEntryOut]:
    """Who changed what, newest first. Entries are only ever added; each one's hash covers the one before it."""
    wanted = AuditFilter(actor=actor, type=type, subject=subject, since=from_, until=to)
    found = await paginate(work.session, wanted.statement(work), page, keys=(AuditEntry.position.desc(),))
    return found.map(AuditEntryOut.model_validate)


@router.get("/verification")
async def verify_audit_trail(
    work: AuditRead,
    after: Annotated[int, Query(ge=0, le=LARGEST_POSITION, description="Start behind this position.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_VERIFIED, description="How many entries at most.")] = MOST_VERIFIED,
) -> Verification:
    """Recompute the chain of hashes and say where it breaks, if it does."""
    return await audit_service.verify(work, after=after, limit=limit)
