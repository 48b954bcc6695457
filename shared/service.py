"""What a service is made of, and what one running service shares."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData

from shared.bus.subscriptions import Subscription, TimerHandler
from shared.clock import Clock, SystemClock
from shared.settings import ServiceSettings

if TYPE_CHECKING:
    from fastapi import FastAPI

    from shared.auth.tokens import TokenSigner, TokenVerifier
    from shared.bus.transport import Transport
    from shared.db.database import Database


@dataclass(slots=True)
class Runtime:
    """One running service: its settings, its clock, its database, its way to the other services."""

    service: "Service"
    settings: Any
    clock: Clock
    database: "Database"
    transport: "Transport"
    verifier: "TokenVerifier"
    signer: "TokenSigner | None" = None
    # What a feature keeps for the life of the process, such as the intake's group commit; opened by its lifespan.
    state: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Service:
    """The declaration the runner and the tests start a service from."""

    name: str
    settings: type[ServiceSettings]
    metadata: MetaData
    create_app: Callable[[Runtime], "FastAPI"]
    subscriptions: Sequence[Subscription] = ()
    timers: Mapping[str, TimerHandler] = field(default_factory=dict)
    loops: Sequence[Callable[[Runtime], Awaitable[None]]] = ()
    # Roles besides heed_<name>, such as the intake's; the migrations grant them what they may do.
    extra_roles: Sequence[str] = ()

    @property
    def migrations(self) -> Path:
        return Path(__file__).parent.parent / "services" / self.name / "migrations"


def open_runtime(
    service: Service, settings: ServiceSettings, *, transport: "Transport | None" = None, clock: Clock | None = None
) -> Runtime:
    """Everything one service needs to run, not yet connected to anything."""
    from shared.auth.tokens import TokenSigner, TokenVerifier
    from shared.bus.transport import open_transport
    from shared.db.database import Database

    private_key = settings.token_private_key.get_secret_value()
    return Runtime(
        service=service,
        settings=settings,
        clock=clock or SystemClock(),
        database=Database(service.name, service.metadata, settings),
        transport=transport or open_transport(service.name, settings),
        verifier=TokenVerifier(settings.token_public_key),
        signer=TokenSigner(private_key) if private_key else None,
    )
