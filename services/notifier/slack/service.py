"""Slack channels as people manage them, and putting a message in the queue."""

from collections.abc import Iterable
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select, update

from services.notifier.slack.models import SlackChannel, SlackPost
from services.notifier.slack.schemas import NewSlackChannel, SlackChannelPatch
from shared.auth.sealing import seal
from shared.contracts.notifier import SlackChannelChanged
from shared.dispatch import queue
from shared.http.client import GuardedClient, NotAllowed
from shared.http.dependencies import check_match
from shared.http.errors import Conflict, NotFound, Unacceptable
from shared.ids import new_id
from shared.service import Runtime
from shared.work import Work

KIND = "slack"
MOST_CHANNELS = 50
_TEST = "Heed can write here. :wave:"


class TooManyChannels(Conflict):
    """This account has as many Slack channels as it may have. Delete one that is not needed."""

    code = "too_many_slack_channels"


def sealing_key(runtime: Runtime) -> bytes:
    key: bytes = runtime.settings.derived_key("slack-hooks")
    return key


async def get(work: Work, channel_id: UUID, *, lock: bool = False) -> SlackChannel:
    found = await work.session.get(SlackChannel, channel_id, with_for_update=lock or None)
    if found is None:
        raise NotFound("There is no such Slack channel.")
    return found


async def create(work: Work, body: NewSlackChannel, client: GuardedClient, key: bytes) -> SlackChannel:
    _check_url(client, body.url)
    mine = select(func.count()).where(SlackChannel.account_id == work.account_id)
    if (await work.session.scalar(mine) or 0) >= MOST_CHANNELS:
        raise TooManyChannels
    channel_id = new_id()
    channel = SlackChannel(
        id=channel_id,
        account_id=work.account_id,
        name=body.name,
        url=seal(body.url.encode(), key, channel_id),
        enabled=True,
        trouble=None,
        version=1,
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(channel)
    await work.session.flush()
    _tell(work, channel, "created")
    return channel


async def change(
    work: Work, channel_id: UUID, patch: SlackChannelPatch, client: GuardedClient, key: bytes, *, expected: int | None
) -> SlackChannel:
    """Switching off drops what waits; a new address or switching on starts afresh."""
    channel = await get(work, channel_id, lock=True)
    check_match(expected, channel.version)
    changes = {name: getattr(patch, name) for name in patch.model_fields_set}
    for name, value in changes.items():
        if value is None:
            raise Unacceptable.field(f"/{name}", "null", "Leave it out to keep it as it is.")
    if "url" in changes:
        _check_url(client, changes["url"])
        channel.url = seal(changes["url"].encode(), key, channel_id)
    channel.name = changes.get("name", channel.name)
    channel.enabled = changes.get("enabled", channel.enabled)
    if "url" in changes or changes.get("enabled") is True:
        channel.trouble = None
    if not channel.enabled:
        await _cancel_waiting(work, channel_id)
    channel.version += 1
    channel.updated_at = work.now
    _tell(work, channel, "updated", changes)
    return channel


async def delete(work: Work, channel_id: UUID) -> None:
    channel = await get(work, channel_id, lock=True)
    await _cancel_waiting(work, channel_id)
    channel.version += 1
    _tell(work, channel, "deleted")
    await work.session.delete(channel)


async def switch_off(work: Work, channel: SlackChannel, trouble: str) -> None:
    """Slack does not take anything there any more; somebody has to connect it anew."""
    channel.enabled, channel.trouble = False, trouble
    channel.version += 1
    channel.updated_at = work.now
    await _cancel_waiting(work, channel.id)
    _tell(work, channel, "disabled")


async def post(work: Work, channel: SlackChannel, text: str, *, customer_id: UUID | None) -> SlackPost:
    """Leaves after this transaction, see `posting`. `text` is Slack's own format; see `rendering.render_slack`."""
    message = SlackPost(
        account_id=work.account_id,
        channel_id=channel.id,
        customer_id=customer_id,
        text=text,
        state="pending",
        attempts=0,
        last_status=None,
        last_error=None,
        created_at=work.now,
        finished_at=None,
    )
    work.session.add(message)
    await work.session.flush()
    await queue.enqueue(work, KIND, [(message.id, channel.id)])
    return message


async def send_test(work: Work, channel_id: UUID) -> SlackPost:
    channel = await get(work, channel_id)
    if not channel.enabled:
        raise Conflict("This channel is switched off. Switch it on first.")
    return await post(work, channel, _TEST, customer_id=None)


def _tell(
    work: Work,
    channel: SlackChannel,
    change: Literal["created", "updated", "deleted", "disabled"],
    fields: Iterable[str] = (),
) -> None:
    changed = SlackChannelChanged(channel_id=channel.id, name=channel.name, change=change, fields=tuple(sorted(fields)))
    work.emit(changed, subject=channel.id, version=channel.version)


async def _cancel_waiting(work: Work, channel_id: UUID) -> None:
    await queue.withdraw_lane(work, channel_id)
    waiting = (SlackPost.channel_id == channel_id) & (SlackPost.state == "pending")
    await work.session.execute(
        update(SlackPost)
        .where(SlackPost.account_id == work.account_id, waiting)
        .values(state="canceled", text=None, finished_at=work.now)
    )


def _check_url(client: GuardedClient, url: str) -> None:
    try:
        client.check_url(url)
    except NotAllowed as problem:
        raise Unacceptable.field("/url", "url", f"{str(problem)[0].upper()}{str(problem)[1:]}.") from None
