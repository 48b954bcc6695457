"""`/v1/slack-channels`."""

from uuid import UUID

from fastapi import Response
from sqlalchemy import select

from services.notifier.slack import service as slack
from services.notifier.slack.models import SlackChannel, SlackPost
from services.notifier.slack.schemas import NewSlackChannel, SlackChannelOut, SlackChannelPatch, SlackPostOut
from services.notifier.webhooks.auth import WebhooksRead, WebhooksWrite
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, RuntimeDep, set_etag
from shared.http.egress import guarded_client
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/slack-channels", tags=["slack"])


@router.get("")
async def list_slack_channels(work: WebhooksRead, page: PageQuery) -> Page[SlackChannelOut]:
    """Oldest first."""
    statement = select(SlackChannel).where(SlackChannel.account_id == work.account_id)
    found: Page[SlackChannel] = await paginate(work.session, statement, page, keys=(SlackChannel.id.asc(),))
    return found.map(_out)


@router.post("", status_code=201)
async def create_slack_channel(
    body: NewSlackChannel, work: WebhooksWrite, runtime: RuntimeDep, response: Response
) -> SlackChannelOut:
    """Rules can write there with the action `post_to_slack`. The URL is stored sealed and not shown again."""
    channel = await slack.create(work, body, guarded_client(runtime), slack.sealing_key(runtime))
    set_etag(response, channel.version)
    return _out(channel)


@router.get("/{channel_id}")
async def get_slack_channel(channel_id: UUID, work: WebhooksRead, response: Response) -> SlackChannelOut:
    channel = await slack.get(work, channel_id)
    set_etag(response, channel.version)
    return _out(channel)


@router.patch("/{channel_id}")
async def patch_slack_channel(
    channel_id: UUID,
    body: SlackChannelPatch,
    work: WebhooksWrite,
    runtime: RuntimeDep,
    expected: IfMatch,
    response: Response,
) -> SlackChannelOut:
    """Change what is given. Switching off drops what waits to be posted."""
    key = slack.sealing_key(runtime)
    channel = await slack.change(work, channel_id, body, guarded_client(runtime), key, expected=expected)
    set_etag(response, channel.version)
    return _out(channel)


@router.delete("/{channel_id}", status_code=204)
async def delete_slack_channel(channel_id: UUID, work: WebhooksWrite) -> None:
    """Rules that write there go on, and say in their runs that the channel is gone."""
    await slack.delete(work, channel_id)


@router.get("/{channel_id}/posts")
async def list_slack_posts(channel_id: UUID, work: WebhooksRead, page: PageQuery) -> Page[SlackPostOut]:
    """Newest first."""
    await slack.get(work, channel_id)
    statement = select(SlackPost).where(SlackPost.account_id == work.account_id, SlackPost.channel_id == channel_id)
    found: Page[SlackPost] = await paginate(work.session, statement, page, keys=(SlackPost.id.desc(),))
    return found.map(_post_out)


@router.post("/{channel_id}/test", status_code=202)
async def test_slack_channel(channel_id: UUID, work: WebhooksWrite) -> SlackPostOut:
    """Post a word of greeting; watch it in Slack, or under `/posts`."""
    return _post_out(await slack.send_test(work, channel_id))


def _out(channel: SlackChannel) -> SlackChannelOut:
    return SlackChannelOut.model_validate({name: getattr(channel, name) for name in SlackChannelOut.model_fields})


def _post_out(post: SlackPost) -> SlackPostOut:
    return SlackPostOut.model_validate({name: getattr(post, name) for name in SlackPostOut.model_fields})
