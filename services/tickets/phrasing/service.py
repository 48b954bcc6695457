"""A question goes to the external model before the conversation is touched: nobody's connection is held while it
thinks, and whatever goes wrong, the built-in answer is given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from fastapi import Request

from services.tickets.assistant import service as conversations
from services.tickets.assistant.knowing import ASKS_AT
from services.tickets.assistant.models import Line
from services.tickets.assistant.retrieval import Candidate, candidates
from services.tickets.assistant.settings import settings_of
from services.tickets.assistant.talking import Known, Phrased, needs_articles
from services.tickets.phrasing import speaking
from services.tickets.phrasing.models import ExternalModel
from shared.bus.events import Actor
from shared.external_models import service as external
from shared.external_models.asking import Letter, Result, address_of, send
from shared.http.dependencies import public_work, runtime_of
from shared.http.egress import guarded_client
from shared.masking import masked
from shared.work import Work

# A customer waits for it.
SECONDS: Final = 8.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What a customer says, and where: in a conversation that goes on, or in one that begins."""

    text: str
    locale: str = "en"
    conversation_id: UUID | None = None
    message_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class _Question:
    letter: Letter
    sent_to: str
    found: Sequence[Candidate]

    def read(self, body: bytes) -> speaking.Said:
        return speaking.answer(body, self.found)


async def ask(request: Request, account_id: UUID, actor: Actor, asked: Asked) -> Phrased | None:
    """None if nothing was sent: the account wants no such model, its caps are reached, or no article may answer."""
    async with public_work(request, account_id, actor) as work:
        question = await _prepare(work, asked)
    if question is None:
        return None
    client = guarded_client(runtime_of(request))
    result = await send(client, question.letter, question.read, seconds=SECONDS)
    async with public_work(request, account_id, actor) as work:
        await _note(work, result)
    return speaking.phrased(result.said, question.sent_to, question.found)


async def _prepare(work: Work, asked: Asked) -> _Question | None:
    if not await external.is_on(work, ExternalModel):
        return None
    found = await _may_answer(work, asked)
    if not found:
        return None
    model = await external.find(work, ExternalModel)
    text, task = masked(asked.text), speaking.task_with(found)
    if model is None or not model.enabled or not external.take(work, model, len(task) + len(text)):
        return None
    body = speaking.question(model.model, task, text)
    letter = Letter(address_of(model.base_url), external.opened_key(model, work.settings), body)
    return _Question(letter, model.model, found)


async def _may_answer(work: Work, asked: Asked) -> Sequence[Candidate]:
    """Articles, if it is them that this is answered from: nothing of what goes to a person leaves the house."""
    settings, known, locale = await settings_of(work), Known(), asked.locale
    offered: dict[str, str] = {}
    if asked.conversation_id is not None:
        conversation = await conversations.find(work, asked.conversation_id)
        heard = await work.session.get(Line, (conversation.id, asked.message_id)) if asked.message_id else None
        if conversation.ticket_id is not None or heard is not None:
            return []
        known, locale = await conversations.known_of(work, conversation), conversation.locale
        offered = dict(conversation.offered)
    if not settings.enabled or not needs_articles(asked.text, known, offered, settings.policy_words):
        return []
    return [one for one in await candidates(work, asked.text, locale) if one.confidence >= ASKS_AT]


async def _note(work: Work, result: Result[speaking.Said]) -> None:
    model = await external.find(work, ExternalModel)
    if model is None:
        return
    if result.said is not None:
        model.failures = 0
    else:
        external.note_failure(work, model, result)
