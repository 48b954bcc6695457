"""Bodies of `/w/{key}/chats`."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from services.survey.forms.schemas import Visitor, says_something
from shared.http.schemas import Model

ChatText = Annotated[str, Field(min_length=1, max_length=4_000), AfterValidator(says_something)]


class NewMessage(Model):
    """`message_id`, a UUID at random, makes sending it twice the same as once."""

    message_id: UUID
    text: ChatText


class NewChat(Visitor, NewMessage):
    """The first message, and who writes it."""


class MessageOut(Model):
    id: UUID
    author: Literal["visitor", "staff"]
    name: str | None
    text: str
    written_at: datetime


class ChatOut(Model):
    """`chat` is the key to this conversation: who has it can read and write there."""

    chat: str
    messages: list[MessageOut]


class MessagesOut(Model):
    """In order. `after` asks for what came since."""

    messages: list[MessageOut]
    after: str | None
