"""`/v1/sources/dry-run`: what a sample would become, before anybody sends it."""

from dataclasses import replace
from uuid import UUID

from services.survey.adapters.base import Adapter, Connection, PushComplete, PushHint, Received, Unreadable
from services.survey.mapping.adapter import SignedJson
from services.survey.mapping.presets import presets
from services.survey.mapping.reading import Unmapped
from services.survey.sources import service as sources
from services.survey.sources.auth import SourcesRead, SourcesWrite
from services.survey.sources.connections import adapter_of, connection_of
from services.survey.sources.schemas import FieldTrouble, MappedSample, Presets, Sample, Tried
from shared.http.errors import Conflict
from shared.http.routing import APIRouter
from shared.ids import new_id
from shared.work import Work

router = APIRouter(prefix="/v1", tags=["sources"])


@router.get("/adapters/json/presets")
async def list_presets(work: SourcesRead) -> Presets:
    """Mappings to start from, for the adapter `json`."""
    return Presets(data=list(presets().values()))


@router.post("/sources/dry-run")
async def try_mapping(body: MappedSample, work: SourcesWrite) -> Tried:
    """Read a pasted sample by a mapping that no source has yet. Nothing is kept or heard."""
    adapter = SignedJson()
    settings = sources.checked(adapter.settings, body.settings, "settings")
    connection = Connection(
        source_id=new_id(), account_id=work.account_id, settings=settings, secrets=adapter.secrets(), url=""
    )
    return _tried(adapter, connection, body, work)


@router.post("/sources/{source_id}/dry-run")
async def try_sample(source_id: UUID, body: Sample, work: SourcesWrite) -> Tried:
    """Read a pasted sample, without its signature, by the source's settings or by others. Nothing is kept or heard."""
    source = await sources.read_to_change(work, source_id)
    adapter, connection = adapter_of(source), connection_of(source, work.settings)
    if body.settings is not None:
        settings = sources.checked(adapter.settings, body.settings, "settings")
        connection = replace(connection, settings=settings)
    return _tried(adapter, connection, body, work)


def _tried(adapter: Adapter, connection: Connection, sample: Sample, work: Work) -> Tried:
    received = Received(
        method="POST",
        url=f"{work.settings.public_url}/hooks/",
        headers=tuple((name.lower(), value) for name, value in sample.headers.items()),
        query=(),
        body=sample.body.encode(),
        at=work.now,
    )
    try:
        if isinstance(adapter, PushComplete):
            return Tried(items=list(adapter.parse(received, connection)), hints=[], problem=None)
        if isinstance(adapter, PushHint):
            return Tried(items=[], hints=list(adapter.hints(received, connection)), problem=None)
    except Unreadable as problem:
        found = problem.problems if isinstance(problem, Unmapped) else []
        fields = [FieldTrouble(place=place, detail=detail) for place, detail in found]
        return Tried(items=[], hints=[], problem=str(problem), fields=fields)
    raise Conflict("This source's platform is asked and sends nothing, so there is no sample to read.")
