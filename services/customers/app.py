"""The customers service: who the account's customers are, how they are recognised, and what happened with them."""

from fastapi import FastAPI

from services.customers.actions import endpoints as actions
from services.customers.activities import endpoints as activities
from services.customers.attributes import endpoints as attributes
from services.customers.companies import endpoints as companies
from services.customers.consents import endpoints as consents
from services.customers.db import Base
from services.customers.imports import endpoints as imports
from services.customers.merges import endpoints as merges
from services.customers.notes import endpoints as notes
from services.customers.personas import endpoints as personas
from services.customers.records import endpoints as records
from services.customers.segments import endpoints as segments
from services.customers.settings import CustomersSettings
from services.customers.subjects import endpoints as subjects
from services.customers.subjects.part import EXPORTS
from services.customers.subscriptions import SUBSCRIPTIONS, TIMERS
from services.customers.timeline import endpoints as timeline
from shared.http.app import service_app
from shared.service import Runtime, Service
from shared.subjects.exports import export_router, export_timers

BULK_BODY_BYTES = 8_388_608
IMPORT_BODY_BYTES = 268_435_456


def create_app(runtime: Runtime) -> FastAPI:
    return service_app(
        runtime,
        title="customers",
        routers=[
            merges.router,
            actions.router,
            subjects.router,
            records.router,
            timeline.router,
            notes.router,
            activities.router,
            activities.of_customer,
            consents.router,
            attributes.router,
            companies.router,
            imports.router,
            segments.router,
            personas.router,
            export_router(EXPORTS),
        ],
        body_limits={
            "/v1/customers/bulk": BULK_BODY_BYTES,
            "/v1/activities/bulk": None,
            "/v1/imports": IMPORT_BODY_BYTES,
            "/v1/imports/": runtime.settings.body_limit_bytes,
        },
    )


SERVICE = Service(
    name="customers",
    settings=CustomersSettings,
    metadata=Base.metadata,
    create_app=create_app,
    subscriptions=SUBSCRIPTIONS,
    timers={**TIMERS, **export_timers(EXPORTS)},
)
