"""One attempt to post one message: one at a time and one a second for each channel, as Slack asks of incoming webhooks
(api.slack.com/docs/rate-limits)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import httpx
import orjson
from sqlalchemy import update

from services.notifier.slack.models import SlackChannel, SlackPost
from services.notifier.slack.service import KIND, sealing_key, switch_off
from services.notifier.webhooks.schedule import LONGEST_PAUSE, next_attempt
from shared.auth.sealing import unseal
from shared.dispatch.dispatcher import Dispatcher
from shared.dispatch.queue import Claim, finish, hold_lane, open_claim, postpone
from shared.http.client import GuardedClient, NotAllowed, pause_asked_for
from shared.http.egress import guarded_client
from shared.service import Runtime
from shared.work import Work

TIMEOUT_SECONDS: Final = 10.0
# After that it is no news any more: half a day with the pauses of webhooks.
MOST_ATTEMPTS: Final = 6
PACE: Final = timedelta(seconds=1)
_TOO_MANY: Final = 429
# `invalid_token`, `no_service`, `channel_is_archived`: the hook has been taken away.
_GONE: Final = {403, 404, 410}


@dataclass(frozen=True, slots=True)
class Result:
    """Slack's answer, or why there is none."""

    status: int | None
    error: str | None = None
    retry_after: str | None = None


async def attempt(runtime: Runtime, claim: Claim) -> None:
    async with open_claim(runtime, claim) as work:
        found = await _prepare(work, claim, sealing_key(runtime))
    if found is None:
        return
    url, text = found
    result = await _send(guarded_client(runtime), url, text)
    async with open_claim(runtime, claim) as work:
        await _note(work, claim, result)


async def _prepare(work: Work, claim: Claim, key: bytes) -> tuple[str, str] | None:
    """Where and what. None if there is nothing to send any more."""
    post = await work.session.get(SlackPost, claim.id)
    channel = await work.session.get(SlackChannel, claim.lane)
    if post is not None and post.text is not None and channel is not None and channel.enabled:
        return unseal(channel.url, key, channel.id).decode(), post.text
    await finish(work, claim)
    if post is not None and post.state == "pending":
        post.state, post.text, post.finished_at = "canceled", None, work.now
    return None


async def _send(client: GuardedClient, url: str, text: str) -> Result:
    content = orjson.dumps({"text": text, "unfurl_links": False, "unfurl_media": False})
    headers = {"Content-Type": "application/json", "User-Agent": "Heed/1"}
    try:
        answer = await client.post(url, content=content, headers=headers, timeout=TIMEOUT_SECONDS, read_at_most=1_000)
    except NotAllowed as problem:
        return Result(None, f"refused: {problem}")
    except (TimeoutError, httpx.TimeoutException):
        return Result(None, f"no answer within {TIMEOUT_SECONDS:.0f} seconds")
    except (OSError, httpx.HTTPError, httpx.InvalidURL) as problem:
        return Result(None, f"no connection ({type(problem).__name__})")
    if 200 <= answer.status < 300:
        return Result(answer.status)
    # Slack says one word, such as `no_service`.
    said = answer.body[:60].decode(errors="replace")
    word = f" ({said})" if said.replace("_", "").isalnum() and said.isascii() else ""
    return Result(answer.status, f"answered {answer.status}{word}", answer.headers.get("retry-after"))


async def _note(work: Work, claim: Claim, result: Result) -> None:
    """What became of it. Nothing, if the claim was taken over."""
    due_at = None
    if result.error is not None and _is_worth_another(result, claim):
        due_at = next_attempt(claim.attempts, work.now, result.retry_after)
    if result.status == _TOO_MANY:
        # The channel as a whole has to wait, and it is nobody's failure.
        due_at = work.now + max(min(pause_asked_for(result.retry_after, work.now), LONGEST_PAUSE), PACE)
    is_ours = (
        await postpone(work, claim, due_at, counts=result.status != _TOO_MANY)
        if due_at is not None
        else await finish(work, claim)
    )
    if not is_ours:
        return
    await hold_lane(work, claim.lane, due_at if due_at and result.status == _TOO_MANY else work.now + PACE)
    state = "delivered" if result.error is None else "pending" if due_at is not None else "failed"
    values = {"state": state, "attempts": claim.attempts, "last_status": result.status, "last_error": result.error}
    if state != "pending":
        values |= {"text": None, "finished_at": work.now}
    mine = (SlackPost.account_id == work.account_id, SlackPost.id == claim.id)
    await work.session.execute(update(SlackPost).where(*mine).values(values))
    channel = await work.session.get(SlackChannel, claim.lane, with_for_update=True)
    if channel is not None and channel.enabled and result.status in _GONE:
        await switch_off(work, channel, str(result.error))


def _is_worth_another(result: Result, claim: Claim) -> bool:
    """A hook that is gone stays gone, and what Slack cannot read it will not read the next time."""
    is_final = result.status is not None and 400 <= result.status < 500
    return not is_final and claim.attempts < MOST_ATTEMPTS


SLACK = Dispatcher(KIND, attempt, at_once=20, per_lane=1)
