"""From a source's row to what its adapter works with, and back: secrets are sealed here and nowhere else."""

from typing import Final
from uuid import UUID

import orjson

from services.survey.adapters.base import Adapter, Connection, Received
from services.survey.adapters.registry import adapters
from services.survey.sources.models import Delivery, Source
from shared.auth.sealing import seal, unseal
from shared.http.schemas import Model
from shared.settings import ServiceSettings

_PURPOSE: Final = "source-secrets"


def adapter_of(source: Source) -> Adapter:
    """Raises `LookupError` for one of ours, which has none."""
    return adapters()[source.adapter]


def connection_of(source: Source, settings: ServiceSettings, *, url: str = "", former: bool = False) -> Connection:
    """`former`: with the secrets of before. `url` is its address, which only whoever is called there knows.

    Raises `LookupError` if there is no such adapter, and `pydantic.ValidationError` if it has come to want other
    settings or secrets since.
    """
    return Connection(
        source_id=source.id,
        account_id=source.account_id,
        settings=adapter_of(source).settings.model_validate(source.settings),
        secrets=secrets_of(source, settings, former=former),
        url=url,
    )


def secrets_of(source: Source, settings: ServiceSettings, *, former: bool = False) -> Model:
    """Raises as `connection_of`."""
    stored = source.former_secrets if former else source.secrets
    return adapter_of(source).secrets.model_validate(_opened(stored, settings, source.id))


def received_of(delivery: Delivery, settings: ServiceSettings) -> Received:
    """As it came, but for what is secret: the token in its address and the values of secret headers."""
    return Received(
        method=delivery.method,
        url=f"{settings.public_url}/hooks/",
        headers=tuple((name, value) for name, value in delivery.headers),
        query=tuple((name, value) for name, value in delivery.query),
        body=delivery.body,
        at=delivery.received_at,
    )


def sealed(secrets: Model, settings: ServiceSettings, source_id: UUID) -> bytes:
    """As they are stored."""
    return seal(secrets.model_dump_json().encode(), settings.derived_key(_PURPOSE), source_id)


def names_of_secrets(source: Source, settings: ServiceSettings) -> list[str]:
    """Of those that are set; that is all that anybody is told of them."""
    return sorted(name for name, value in _opened(source.secrets, settings, source.id).items() if value)


def _opened(stored: bytes | None, settings: ServiceSettings, source_id: UUID) -> dict[str, object]:
    if stored is None:
        return {}
    opened: dict[str, object] = orjson.loads(unseal(stored, settings.derived_key(_PURPOSE), source_id))
    return opened
