"""The door through which requests come that see and change tickets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Request
from fastapi.params import Security

from services.tickets.access import service as access
from shared.http.dependencies import First, WorkDependency
from shared.work import Work


class SightedWork(WorkDependency):
    """A Work that knows how far whoever asks can see."""

    async def __call__(self, request: Request) -> AsyncIterator[Work]:
        async with asynccontextmanager(super().__call__)(request) as work:
            await access.look(work, changes=self.scope == "tickets:write")
            yield work


def sighted(scope: str, *, first: First | None = None) -> Any:
    """`work_with`, for tickets."""
    return Security(SightedWork(scope, first), scope="function", scopes=[scope])
