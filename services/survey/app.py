"""The survey service: what did they say?"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.survey.attachments import endpoints as attachments
from services.survey.attachments.fetching import MEDIA
from services.survey.attempts import endpoints as attempts
from services.survey.chats import endpoints as chats
from services.survey.db import INTAKE_ROLE, Base
from services.survey.eligibility import endpoints as eligibility
from services.survey.emerging import endpoints as emerging
from services.survey.emerging.looking import LOOKING
from services.survey.entries import endpoints as entries
from services.survey.experiments import endpoints as experiments
from services.survey.external_models import endpoints as external_models
from services.survey.external_models.asking import ASKING
from services.survey.feedback import endpoints as feedback
from services.survey.fetching.hints import HINTS
from services.survey.fetching.polling import POLLS
from services.survey.files import endpoints as files
from services.survey.forms import endpoints as forms
from services.survey.imports import endpoints as imports
from services.survey.imports.running import IMPORTING
from services.survey.invitations import endpoints as invitations
from services.survey.invitations import qr
from services.survey.learning import endpoints as learning
from services.survey.learning.training import TRAINING
from services.survey.logos import endpoints as logos
from services.survey.pages import endpoints as pages
from services.survey.policies import endpoints as policies
from services.survey.receipts import endpoints as receipts
from services.survey.recurrence import endpoints as recurrence
from services.survey.relabelings import endpoints as relabelings
from services.survey.replies import endpoints as replies
from services.survey.replies.posting import REPLIES
from services.survey.responses import endpoints as responses
from services.survey.responses import openapi
from services.survey.responses.intake import open_intake
from services.survey.runs import endpoints as runs
from services.survey.settings import SurveySettings
from services.survey.sources import deliveries, hooks, trying
from services.survey.sources import endpoints as sources
from services.survey.sources import openapi as sources_openapi
from services.survey.sources.intake import open_hooks
from services.survey.subjects.part import EXPORTS
from services.survey.subscriptions import SUBSCRIPTIONS, TIMERS
from services.survey.surveys import endpoints as surveys
from services.survey.taxonomy import endpoints as taxonomy
from services.survey.templates import endpoints as templates
from services.survey.triggers import endpoints as triggers
from services.survey.widget import endpoints as widget
from services.survey.widget import openapi as widget_openapi
from shared.http.app import service_app
from shared.service import Runtime, Service
from shared.subjects.exports import export_router, export_timers

IMPORT_BODY_BYTES = 268_435_456


def create_app(runtime: Runtime) -> FastAPI:
    return service_app(
        runtime,
        title="survey",
        routers=[
            # Before the surveys, one of which could else be called `logos`.
            logos.router,
            surveys.router,
            templates.router,
            invitations.router,
            eligibility.router,
            policies.router,
            qr.router,
            runs.router,
            triggers.router,
            experiments.router,
            recurrence.router,
            responses.router,
            responses.of_a_survey,
            attempts.router,
            files.router,
            entries.router,
            feedback.router,
            imports.router,
            attachments.router,
            replies.router,
            sources.catalogue,
            trying.router,
            sources.router,
            deliveries.router,
            taxonomy.router,
            # Before the models, one of which could else be called `external`.
            external_models.router,
            learning.router,
            relabelings.router,
            emerging.router,
            export_router(EXPORTS),
        ],
        routes=[
            *responses.ROUTES,
            *logos.ROUTES,
            *pages.ROUTES,
            *receipts.ROUTES,
            *chats.ROUTES,
            *forms.ROUTES,
            *widget.ROUTES,
            *hooks.ROUTES,
        ],
        openapi_paths=openapi.paths() | sources_openapi.paths() | widget_openapi.paths(),
        openapi_schemas=openapi.schemas() | widget_openapi.schemas(),
        body_limits={
            "/v1/responses/bulk": None,
            "/v1/uploads": files.LARGEST + 1,
            "/w/": max(files.LARGEST, forms.LARGEST) + 1,
            "/s/": pages.LARGEST,
            "/hooks/": hooks.LARGEST,
            "/v1/feedback-imports": IMPORT_BODY_BYTES,
            "/v1/feedback-imports/": runtime.settings.body_limit_bytes,
        },
        lifespan=_open,
    )


@asynccontextmanager
async def _open(runtime: Runtime) -> AsyncIterator[None]:
    async with open_intake(runtime), open_hooks(runtime):
        yield


SERVICE = Service(
    name="survey",
    settings=SurveySettings,
    metadata=Base.metadata,
    create_app=create_app,
    subscriptions=SUBSCRIPTIONS,
    timers={**TIMERS, **export_timers(EXPORTS)},
    loops=(POLLS.run, HINTS.run, MEDIA.run, REPLIES.run, TRAINING.run, LOOKING.run, ASKING.run, IMPORTING.run),
    extra_roles=(INTAKE_ROLE,),
)
