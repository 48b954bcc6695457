"""Slack channels in requests and answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from shared.http.schemas import Model, Name

HookURL = Annotated[
    str, Field(min_length=1, max_length=2_000, examples=["https://hooks.slack.com/services/T000/B000/XXXX"])
]
PostState = Literal["pending", "delivered", "failed", "canceled"]


class NewSlackChannel(Model):
    """`url` is the incoming webhook's, as Slack shows it; Mattermost and others that take the same body work too."""

    name: Name
    url: HookURL


class SlackChannelPatch(Model):
    name: Name | None = None
    url: HookURL | None = None
    enabled: bool | None = None


class SlackChannelOut(Model):
    """Without the URL, which is a secret. `trouble`: why Slack refused the last message, which switched it off."""

    id: UUID
    name: str
    enabled: bool
    trouble: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class SlackPostOut(Model):
    """What became of a message; its text is not kept once it has left."""

    id: UUID
    state: PostState
    attempts: int
    last_status: int | None
    last_error: str | None
    created_at: datetime
    finished_at: datetime | None
