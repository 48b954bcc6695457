"""The notifier: who must know, and what happens next."""

from fastapi import FastAPI

from services.notifier.db import Base
from services.notifier.log import endpoints as log
from services.notifier.mailbox import endpoints as mailbox
from services.notifier.messages import endpoints as messages
from services.notifier.messages.delivery import MESSAGES
from services.notifier.notices.delivery import NOTICES
from services.notifier.preferences import endpoints as preferences
from services.notifier.rules import endpoints as rules
from services.notifier.settings import NotifierSettings
from services.notifier.slack import endpoints as slack
from services.notifier.slack.posting import SLACK
from services.notifier.subjects.part import EXPORTS
from services.notifier.subscriptions import SUBSCRIPTIONS, TIMERS
from services.notifier.suppressions import endpoints as suppressions
from services.notifier.templates import endpoints as templates
from services.notifier.webhooks import endpoints as webhooks
from services.notifier.webhooks.sending import WEBHOOKS
from shared.http.app import service_app
from shared.service import Runtime, Service
from shared.subjects.exports import export_router, export_timers


def create_app(runtime: Runtime) -> FastAPI:
    return service_app(
        runtime,
        title="notifier",
        routers=[
            log.router,
            rules.router,
            rules.runs_router,
            templates.router,
            messages.router,
            webhooks.router,
            slack.router,
            suppressions.router,
            preferences.router,
            mailbox.router,
            export_router(EXPORTS),
        ],
    )


SERVICE = Service(
    name="notifier",
    settings=NotifierSettings,
    metadata=Base.metadata,
    create_app=create_app,
    subscriptions=SUBSCRIPTIONS,
    timers={**TIMERS, **export_timers(EXPORTS)},
    loops=(MESSAGES.run, NOTICES.run, SLACK.run, WEBHOOKS.run),
)
