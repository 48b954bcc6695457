"""Who opens a ticket, and in which transaction."""

from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Request
from fastapi.params import Security

from services.tickets.cases.opening import Author
from shared.http.dependencies import WorkDependency, authenticate, runtime_of
from shared.http.idempotency import HEADER
from shared.ids import new_id


class OpensTickets(WorkDependency):
    """A request with an Idempotency-Key gets a transaction of its own, in which its answer is kept. All others share
    theirs with whoever opens a ticket at the same moment, so there is none to be opened for them here."""

    async def __call__(self, request: Request) -> Author:  # type: ignore[override]  # an author, who may have a Work
        if HEADER in request.headers:
            # FastAPI's own stack for this scope. A dependency that yields would be entered there for every request, and
            # that is a tenth of what opening a ticket costs.
            stack = request.scope["fastapi_function_astack"]
            return Author.of(await stack.enter_async_context(asynccontextmanager(super().__call__)(request)))
        principal = authenticate(request, self.scope)
        return Author(
            account_id=principal.account_id,
            actor=principal.actor,
            now=runtime_of(request).clock.now(),
            correlation_id=new_id(),
            causation_id=None,
            traceparent=request.scope.get("state", {}).get("traceparent"),
            work=None,
        )


AuthorDep = Annotated[Author, Security(OpensTickets("tickets:write"), scopes=["tickets:write"])]
