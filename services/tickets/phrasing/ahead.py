"""Asking the external model before a request's own transaction is opened; see `service`."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import Request

from services.tickets.access.edge import sighted
from services.tickets.assistant.schemas import NewConversation, NewMessage
from services.tickets.assistant.talking import Phrased
from services.tickets.phrasing import service as phrasing
from services.tickets.phrasing.service import Asked
from shared.auth.tokens import Principal
from shared.work import Work

_PHRASED: Final = "heed.phrased"


def phrased_for(request: Request) -> Phrased | None:
    """What came back, for an endpoint that has a `Talking` work."""
    phrased: Phrased | None = request.scope.get(_PHRASED)
    return phrased


async def _first(request: Request, principal: Principal) -> None:
    try:
        asked = _asked(request.path_params.get("conversation_id"), await request.body())
    except ValueError:  # the endpoint will say so
        return
    request.scope[_PHRASED] = await phrasing.ask(request, principal.account_id, principal.actor, asked)


def _asked(conversation_id: str | None, body: bytes) -> Asked:
    """Raises `ValueError`, which `ValidationError` is."""
    if conversation_id is None:
        first = NewConversation.model_validate_json(body)
        return Asked(first.text, first.locale)
    message = NewMessage.model_validate_json(body)
    return Asked(message.text, conversation_id=UUID(conversation_id), message_id=message.message_id)


Talking = Annotated[Work, sighted("tickets:write", first=_first)]
