"""Slack: what customers write in shared channels (api.slack.com: verifying requests, events API, event types).

Slack repeats a delivery up to three times if the answer takes longer than three seconds; `event_id` stays the same.
"""

import html
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from services.survey.adapters.base import (
    Capabilities,
    Connection,
    Handshake,
    LiveSecrets,
    PushComplete,
    Received,
    Rejected,
    Unreadable,
    Verified,
)
from services.survey.adapters.reading import Maybe, Sent, json_of, named_in, person, read, shaped, version_at
from services.survey.adapters.signatures import check_hmac, check_time
from services.survey.hearing.canonical import FeedbackItem, Item, Media
from shared.http.schemas import Model

# Several of them make one name.
Id = Annotated[str, Field(min_length=1, max_length=100)]
_PREFIX: Final = "v0="
_HANDSHAKE: Final = b"url_verification"
_LONGEST_CHALLENGE: Final = 200
_SPOKEN: Final = {None, "file_share", "thread_broadcast", "me_message"}
_STAMP: Final = re.compile(r"[0-9]{1,11}(\.[0-9]{1,6})?")
# `<@U1|name>`, `<#C1|channel>`, `<!here>`, `<https://example.com|text>`.
_MARK: Final = re.compile(r"<([@#!]?)([^<>|]{1,2000})(?:\|([^<>]{0,2000}))?>")
# The names of the most usual ones; others stay names.
_EMOJI: Final = {
    "+1": "👍",
    "thumbsup": "👍",
    "-1": "👎",
    "thumbsdown": "👎",
    "heart": "❤️",
    "heart_eyes": "😍",
    "tada": "🎉",
    "smile": "😄",
    "slightly_smiling_face": "🙂",
    "slightly_frowning_face": "🙁",
    "confused": "😕",
    "disappointed": "😞",
    "cry": "😢",
    "angry": "😠",
    "rage": "😡",
}
_MOST_FILES: Final = 20


class SlackSettings(Model):
    workspace: str | None = Field(
        None, pattern="^T[A-Z0-9]{2,20}$", description="The workspace's id (`T...`); events of others are refused."
    )
    channels: list[str] = Field(
        default_factory=list,
        max_length=100,
        description="Ids of the channels that customers are in (`C...`). Empty: all that the app was invited to.",
    )


class SlackSecrets(Model):
    signing_secrets: LiveSecrets = Field(description="`Signing Secret` of the app under Basic Information.")


class _Callback(Sent):
    type: str
    team_id: Maybe = None
    event_id: Maybe = None
    event: dict[str, Any] = Field(default_factory=dict)


class _Kind(Sent):
    type: str
    subtype: Maybe = None
    bot_id: Maybe = None


class _File(Sent):
    name: Maybe = None
    mimetype: Maybe = None
    size: int | None = None
    url_private: Maybe = None


class _Edit(Sent):
    ts: Id


class _Message(Sent):
    ts: Id
    user: Maybe = None
    text: Maybe = None
    thread_ts: Maybe = None
    bot_id: Maybe = None
    subtype: Maybe = None
    edited: _Edit | None = None
    files: tuple[_File, ...] = ()


class _Said(_Message):
    channel: Id


class _Changed(Sent):
    channel: Id
    ts: Id
    message: _Message


class _Deleted(Sent):
    channel: Id
    ts: Id
    deleted_ts: Id


class _Target(Sent):
    channel: Maybe = None
    ts: Maybe = None


class _Reaction(Sent):
    user: Id
    reaction: Id
    event_ts: Id
    item: _Target = _Target()


class Slack(PushComplete):
    name: ClassVar = "slack"
    title: ClassVar = "Slack"
    capabilities: ClassVar = Capabilities(deletions=True)
    setup: ClassVar = (
        "At api.slack.com/apps create an app for your workspace and copy its signing secret into `signing_secrets`.",
        "Under Event Subscriptions enter {url} as the Request URL; Slack checks it at once.",
        (
            "Subscribe to the bot events app_mention, message.channels and reaction_added, install the app, "
            "and invite it to the channels that customers are in."
        ),
    )
    settings: ClassVar = SlackSettings
    secrets: ClassVar = SlackSecrets

    def handshake(self, received: Received, connection: Connection) -> Handshake | None:
        """`url_verification`, which is signed like everything else. Only its short, plain challenge is sent back."""
        if len(received.body) > 10_000 or _HANDSHAKE not in received.body:
            return None
        self._check(received, connection)
        try:
            content = json_of(received.body)
        except Unreadable:
            return None
        if not isinstance(content, dict) or content.get("type") != _HANDSHAKE.decode():
            return None
        challenge = content.get("challenge")
        if not isinstance(challenge, str) or not re.fullmatch(rf"[\w.~-]{{1,{_LONGEST_CHALLENGE}}}", challenge, re.A):
            raise Rejected("malformed_signature")
        return Handshake(challenge)

    def verify(self, received: Received, connection: Connection) -> Verified:
        sent_at = self._check(received, connection)
        settings: SlackSettings = connection.settings
        if settings.workspace is not None and named_in(received.body, "team_id") != settings.workspace:
            raise Rejected("wrong_audience")
        return Verified(scheme="v0", delivery_id=named_in(received.body, "event_id"), sent_at=sent_at)

    def parse(self, received: Received, connection: Connection) -> Sequence[Item]:
        callback = read(_Callback, received.body)
        if callback.type != "event_callback":
            return []
        kind = shaped(_Kind, callback.event)
        items = _read(kind, callback.event)
        settings: SlackSettings = connection.settings
        wanted = set(settings.channels)
        return [item for item in items if not wanted or item.external_id.partition(":")[0] in wanted]

    def _check(self, received: Received, connection: Connection) -> datetime:
        """`v0:time:body`. Raises `Rejected`."""
        secrets: SlackSecrets = connection.secrets
        signature, stamp = received.header("x-slack-signature"), received.header("x-slack-request-timestamp")
        if signature and not signature.startswith(_PREFIX):
            raise Rejected("malformed_signature")
        given = signature.removeprefix(_PREFIX) if signature else None
        signed = b"v0:" + (stamp or "").encode() + b":" + received.body
        check_hmac(given, signed, secrets.signing_secrets, algorithm="sha256", encoding="hex")
        return check_time(stamp, received.at)


def _read(kind: _Kind, event: dict[str, Any]) -> list[FeedbackItem]:
    """What people say; a bot's words, Heed's own among them, are not heard."""
    if kind.type in {"reaction_added", "reaction_removed"}:
        return _reacted(shaped(_Reaction, event), removed=kind.type == "reaction_removed")
    if kind.type not in {"message", "app_mention"} or kind.bot_id is not None:
        return []
    if kind.subtype == "message_deleted":
        gone = shaped(_Deleted, event)
        return [_gone(f"{gone.channel}:{gone.deleted_ts}", gone.ts)]
    if kind.subtype == "message_changed":
        changed = shaped(_Changed, event)
        return _spoken(changed.message, changed.channel, kind.type) if changed.message.edited else []
    if kind.subtype not in _SPOKEN:
        return []
    said = shaped(_Said, event)
    return _spoken(said, said.channel, kind.type)


def _spoken(message: _Message, channel: str, kind: str) -> list[FeedbackItem]:
    """A mention comes as a message too, with the same time, which names it."""
    text = plain(message.text or "") or None
    if message.user is None or message.bot_id or message.subtype not in _SPOKEN or not (text or message.files):
        return []
    return [
        FeedbackItem(
            external_id=f"{channel}:{message.ts}",
            external_version=version_at(_moment(message.edited.ts if message.edited else message.ts)),
            op="update" if message.edited else "create",
            occurred_at=_moment(message.ts),
            author=person(handle=message.user),
            kind="mention" if kind == "app_mention" else "message",
            channel="slack",
            text=text,
            thread=f"{channel}:{message.thread_ts or message.ts}",
            in_reply_to=f"{channel}:{message.thread_ts}" if message.thread_ts else None,
            media=tuple(
                Media(url=file.url_private, name=file.name, media_type=file.mimetype, size=file.size)
                for file in message.files[:_MOST_FILES]
            ),
        )
    ]


def _reacted(reaction: _Reaction, *, removed: bool) -> list[FeedbackItem]:
    target = reaction.item
    if target.channel is None or target.ts is None:
        return []
    name = f"{target.channel}:{target.ts}:{reaction.user}:{reaction.reaction}"
    if removed:
        return [_gone(name, reaction.event_ts)]
    emoji = reaction.reaction.partition("::")[0]
    return [
        FeedbackItem(
            external_id=name,
            external_version=version_at(_moment(reaction.event_ts)),
            occurred_at=_moment(reaction.event_ts),
            author=person(handle=reaction.user),
            kind="mention",
            channel="slack",
            text=_EMOJI.get(emoji, f":{emoji}:"),
            thread=f"{target.channel}:{target.ts}",
            in_reply_to=f"{target.channel}:{target.ts}",
        )
    ]


def _gone(external_id: str, stamp: str) -> FeedbackItem:
    at = _moment(stamp)
    return FeedbackItem(
        external_id=external_id,
        external_version=version_at(at),
        op="delete",
        occurred_at=at,
        kind="message",
        channel="slack",
    )


def plain(text: str) -> str:
    """Slack's marks as a person reads them: `<@U1> see <https://a.example|this> &amp; that` → `@U1 see this & that`."""
    return html.unescape(_MARK.sub(_shown, text)).strip()


def _shown(mark: re.Match[str]) -> str:
    sign, name, label = mark.groups()
    if sign == "!":
        return f"@{label or name.partition('^')[0]}"
    return f"{sign}{label or name}"


def _moment(stamp: str) -> datetime:
    """Slack's times are seconds with six decimals, and names. Raises `Unreadable`."""
    if not _STAMP.fullmatch(stamp):
        raise Unreadable("A message's `ts` is not a time.")
    return datetime.fromtimestamp(float(stamp), UTC)
