"""`/v1/sources/{source_id}/dry-run`: what a sample would become, before anybody sends it."""

from dataclasses import replace
from uuid import UUID

from services.survey.adapters.base import PushComplete, PushHint, Received, Unreadable
from services.survey.sources import service as sources
from services.survey.sources.auth import SourcesWrite
from services.survey.sources.connections import adapter_of, connection_of
from services.survey.sources.schemas import Sample, Tried
from shared.http.errors import Conflict
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/sources/{source_id}", tags=["sources"])


@router.post("/dry-run")
async def try_sample(source_id: UUID, body: Sample, work: SourcesWrite) -> Tried:
    """Read a pasted sample, without its signature, by the source's settings or by others. Nothing is kept or heard."""
    source = await sources.read_to_change(work, source_id)
    adapter, connection = adapter_of(source), connection_of(source, work.settings)
    if body.settings is not None:
        settings = sources.checked(adapter.settings, body.settings, "settings")
        connection = replace(connection, settings=settings)
    received = Received(
        method="POST",
        url=f"{work.settings.public_url}/hooks/",
        headers=tuple((name.lower(), value) for name, value in body.headers.items()),
        query=(),
        body=body.body.encode(),
        at=work.now,
    )
    try:
        if isinstance(adapter, PushComplete):
            return Tried(items=list(adapter.parse(received, connection)), hints=[], problem=None)
        if isinstance(adapter, PushHint):
            return Tried(items=[], hints=list(adapter.hints(received, connection)), problem=None)
    except Unreadable as problem:
        return Tried(items=[], hints=[], problem=str(problem))
    raise Conflict("This source's platform is asked and sends nothing, so there is no sample to read.")
