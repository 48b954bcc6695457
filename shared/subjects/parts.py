"""How a service takes part in a person's request: one transaction, and an event that says what was done."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Table, text

from shared.bus.events import Event
from shared.bus.subscriptions import NotYet
from shared.contracts.base import Payload
from shared.contracts.gateway import SubjectRequestOpened
from shared.contracts.subjects import ErasureMode, RecordCount, SubjectPart, Treatment
from shared.ids import new_id
from shared.subjects import exports
from shared.subjects.holdings import Holding, erase, lines_of
from shared.work import Work

# A person with a long history is a lot of reading.
_LIMIT = text("set local statement_timeout = '10min'")


async def _nothing_else(work: Work, ids: Collection[UUID], mode: ErasureMode) -> list[RecordCount]:
    return []


async def _no_copy(work: Work, customer_id: UUID) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Subjects:
    """One service's part. `done` makes its event of an answer; a service whose event says more emits it itself.

    `first` erases what cannot be said as a holding, before those. `version` is that of the service's copy of a
    customer's record, None if it has none: a restriction is in force here once the copy says so.
    """

    service: str
    table: Table
    holdings: Sequence[Holding]
    done: Callable[[SubjectPart], Payload] | None = None
    first: Callable[[Work, Collection[UUID], ErasureMode], Awaitable[list[RecordCount]]] = _nothing_else
    version: Callable[[Work, UUID], Awaitable[int | None]] = field(default=_no_copy)

    async def take_part(self, work: Work, event: Event[SubjectRequestOpened]) -> None:
        """Done again, it changes nothing and says the same."""
        request = event.data
        if self.done is not None and self.service in request.services and request.stage != "locate":
            work.emit(self.done(await self.carry_out(work, request)), subject=request.request_id)

    async def carry_out(self, work: Work, request: SubjectRequestOpened) -> SubjectPart:
        """Export, erase, or see to it that the restriction is known."""
        await work.session.execute(_LIMIT)
        ids, digest = request.customer_ids, None
        if request.kind == "export" and request.export_expires_at is not None:
            lines, records = await lines_of(work, self.holdings, ids)
            digest = await exports.keep(work, self.table, request.request_id, lines, request.export_expires_at)
        elif request.kind == "erase":
            mode = request.mode or "delete"
            records = await self.first(work, ids, mode)
            records += await erase(work, self.holdings, ids, mode, new_id())
        else:
            records = await self._note_restriction(work, request)
        return SubjectPart(
            request_id=request.request_id,
            stage=request.stage,
            outcome="done",
            reason=None,
            records=tuple(records),
            digest=digest,
        )

    async def _note_restriction(self, work: Work, request: SubjectRequestOpened) -> list[RecordCount]:
        """Raises `NotYet` while this service has not heard of it: only then may anybody say that it is in force."""
        known = await self.version(work, request.customer_id)
        if known is None or request.customer_version is None:
            return []
        if known < request.customer_version:
            raise NotYet("the customer's record with the restriction")
        treatment: Treatment = "restricted" if request.kind == "restrict" else "restored"
        return [RecordCount(kind="contacts", treatment=treatment, count=1)]
