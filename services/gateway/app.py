"""The gateway: who is this, and what may they touch? Accounts, people, keys, the front door, and what happened."""

from fastapi import FastAPI

from services.gateway.accounts import endpoints as accounts
from services.gateway.api_keys import endpoints as api_keys
from services.gateway.audit import endpoints as audit
from services.gateway.db import Base
from services.gateway.docs import endpoints as docs
from services.gateway.exchange import endpoints as exchange
from services.gateway.sessions import endpoints as sessions
from services.gateway.settings import GatewaySettings
from services.gateway.subject_requests import endpoints as subject_requests
from services.gateway.subscriptions import SUBSCRIPTIONS, TIMERS
from services.gateway.users import endpoints as users
from shared.http.app import service_app
from shared.service import Runtime, Service


def create_app(runtime: Runtime) -> FastAPI:
    """The gateway's own application; `front_door.create_front_door` stands in front of it."""
    features = (accounts, users, sessions, api_keys, audit, subject_requests, exchange, docs)
    return service_app(runtime, title="gateway", routers=[feature.router for feature in features], routes=[docs.assets])


SERVICE = Service(
    name="gateway",
    settings=GatewaySettings,
    metadata=Base.metadata,
    create_app=create_app,
    subscriptions=SUBSCRIPTIONS,
    timers=TIMERS,
)
