"""The gateway: who is this, and what may they touch? Accounts, people, keys, the front door, and what happened."""

from fastapi import FastAPI

from services.gateway.db import Base
from services.gateway.exchange import endpoints as exchange
from services.gateway.settings import GatewaySettings
from services.gateway.subscriptions import SUBSCRIPTIONS
from shared.http.app import service_app
from shared.service import Runtime, Service


def create_app(runtime: Runtime) -> FastAPI:
    """The gateway's own application; `front_door.create_front_door` stands in front of it."""
    return service_app(runtime, title="gateway", routers=[exchange.router])


SERVICE = Service(
    name="gateway",
    settings=GatewaySettings,
    metadata=Base.metadata,
    create_app=create_app,
    subscriptions=SUBSCRIPTIONS,
)
