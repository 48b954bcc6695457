"""The metrics service: what the answers add up to, and how sure one can be of it."""

from fastapi import FastAPI

from services.metrics.db import Base
from services.metrics.rollups import endpoints as rollups
from services.metrics.scores import endpoints as scores
from services.metrics.settings import MetricsSettings
from services.metrics.subscriptions import SUBSCRIPTIONS
from shared.http.app import service_app
from shared.service import Runtime, Service


def create_app(runtime: Runtime) -> FastAPI:
    return service_app(runtime, title="metrics", routers=[rollups.router, scores.router])


SERVICE = Service(
    name="metrics",
    settings=MetricsSettings,
    metadata=Base.metadata,
    create_app=create_app,
    subscriptions=SUBSCRIPTIONS,
)
