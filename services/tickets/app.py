"""The tickets service: who is fixing it, and by when."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from services.tickets.access import endpoints as access
from services.tickets.agents import endpoints as agents
from services.tickets.articles import attachments as article_files
from services.tickets.articles import categories, finding
from services.tickets.articles import endpoints as articles
from services.tickets.assistant import endpoints as assistant
from services.tickets.assistant import visits
from services.tickets.attachments import downloads
from services.tickets.attachments import endpoints as attachments
from services.tickets.attachments.service import LARGEST as LARGEST_ATTACHMENT
from services.tickets.bulk import endpoints as bulk
from services.tickets.calendars import endpoints as calendars
from services.tickets.calendars.renewing import RENEWALS
from services.tickets.cases import endpoints as cases
from services.tickets.cases.desk import open_desk
from services.tickets.causes import endpoints as causes
from services.tickets.confirmations import endpoints as confirmations
from services.tickets.conversation import endpoints as conversation
from services.tickets.db import Base
from services.tickets.drafts import endpoints as drafts
from services.tickets.duplicates import endpoints as duplicates
from services.tickets.escalating import endpoints as escalating
from services.tickets.fields import endpoints as fields
from services.tickets.followups import endpoints as followups
from services.tickets.help import endpoints as help_centre
from services.tickets.help import pages as help_pages
from services.tickets.improvements import endpoints as improvements
from services.tickets.links import endpoints as links
from services.tickets.loops import endpoints as loops
from services.tickets.macros import endpoints as macros
from services.tickets.merging import endpoints as merging
from services.tickets.phrasing import endpoints as phrasing
from services.tickets.presence import endpoints as presence
from services.tickets.problems import endpoints as problems
from services.tickets.recovery import endpoints as recovery
from services.tickets.routing import endpoints as routing
from services.tickets.satisfaction import endpoints as satisfaction
from services.tickets.search import endpoints as search
from services.tickets.settings import TicketsSettings
from services.tickets.slas import endpoints as slas
from services.tickets.snoozing import endpoints as snoozing
from services.tickets.statuses import endpoints as statuses
from services.tickets.subjects.part import EXPORTS
from services.tickets.subscriptions import SUBSCRIPTIONS, TIMERS
from services.tickets.teams import endpoints as teams
from services.tickets.views import endpoints as views
from services.tickets.watchers import endpoints as watchers
from shared.http.app import service_app
from shared.service import Runtime, Service
from shared.subjects.exports import export_router, export_timers


@asynccontextmanager
async def lifespan(runtime: Runtime) -> AsyncIterator[None]:
    desk = runtime.state["desk"] = open_desk(runtime.database.url)
    await desk.open()
    try:
        yield
    finally:
        await desk.close()


def create_app(runtime: Runtime) -> FastAPI:
    return service_app(
        runtime,
        title="tickets",
        routers=[
            bulk.router,
            search.router,
            followups.account,
            access.router,
            satisfaction.account,
            cases.router,
            causes.router,
            confirmations.router,
            conversation.router,
            attachments.router,
            downloads.router,
            drafts.router,
            watchers.router,
            links.router,
            merging.router,
            duplicates.router,
            presence.router,
            snoozing.router,
            escalating.router,
            fields.router,
            views.router,
            statuses.router,
            slas.targets,
            slas.router,
            calendars.router,
            # Before the loops, whose ids would take its name for one of theirs.
            recovery.router,
            loops.router,
            problems.router,
            improvements.router,
            # Before the articles, one of which could else be called `search`.
            finding.router,
            finding.suggestions,
            finding.synonyms,
            articles.router,
            article_files.router,
            categories.router,
            help_centre.router,
            macros.router,
            satisfaction.team,
            followups.team,
            teams.router,
            agents.router,
            routing.rules,
            routing.tickets,
            assistant.router,
            assistant.assistant,
            phrasing.router,
            export_router(EXPORTS),
        ],
        routes=[*help_pages.ROUTES, *visits.ROUTES],
        body_limits={"/v1/articles": article_files.LARGEST + 1, "/v1/tickets/": LARGEST_ATTACHMENT + 1},
        lifespan=lifespan,
    )


SERVICE = Service(
    name="tickets",
    settings=TicketsSettings,
    metadata=Base.metadata,
    create_app=create_app,
    subscriptions=SUBSCRIPTIONS,
    timers={**TIMERS, **export_timers(EXPORTS)},
    loops=(RENEWALS.run,),
)
