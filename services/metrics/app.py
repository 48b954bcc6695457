"""The metrics service: what the answers add up to, and how sure one can be of it."""

from fastapi import FastAPI

from services.metrics.alerts import endpoints as alerts
from services.metrics.cohorts import endpoints as cohorts
from services.metrics.custom import endpoints as custom
from services.metrics.db import Base
from services.metrics.drivers import endpoints as drivers
from services.metrics.experiments import endpoints as experiments
from services.metrics.improvements import endpoints as improvements
from services.metrics.initiatives import endpoints as initiatives
from services.metrics.lifetime import endpoints as lifetime
from services.metrics.lifetime.service import FITTING
from services.metrics.privacy import endpoints as privacy
from services.metrics.rfm import endpoints as rfm
from services.metrics.rollups import endpoints as rollups
from services.metrics.scores import endpoints as scores
from services.metrics.settings import MetricsSettings
from services.metrics.subjects.part import EXPORTS
from services.metrics.subscriptions import SUBSCRIPTIONS, TIMERS
from services.metrics.verification import endpoints as verification
from services.metrics.worth import endpoints as worth
from shared.http.app import service_app
from shared.service import Runtime, Service
from shared.subjects.exports import export_router


def create_app(runtime: Runtime) -> FastAPI:
    routers = [
        rollups.router,
        privacy.router,
        verification.router,
        scores.router,
        custom.router,
        drivers.router,
        improvements.router,
        experiments.router,
        initiatives.router,
        cohorts.router,
        lifetime.router,
        rfm.router,
        alerts.router,
        worth.router,
        worth.spending,
    ]
    return service_app(runtime, title="metrics", routers=[*routers, export_router(EXPORTS)])


SERVICE = Service(
    name="metrics",
    settings=MetricsSettings,
    metadata=Base.metadata,
    create_app=create_app,
    subscriptions=SUBSCRIPTIONS,
    timers=TIMERS,
    loops=(FITTING.run,),
)
