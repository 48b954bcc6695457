"""One attempt to deliver one event to one endpoint."""

from dataclasses import dataclass
from uuid import UUID

import httpx
from sqlalchemy import select, update

from services.notifier.log.models import LoggedEvent
from services.notifier.webhooks.models import WebhookDelivery, WebhookEndpoint
from services.notifier.webhooks.ordering import KIND, let_go, lock
from services.notifier.webhooks.schedule import PATIENCE, hold_after, next_attempt
from services.notifier.webhooks.secrets import signature_headers
from services.notifier.webhooks.service import disable, sealing_key
from shared.auth.sealing import unseal
from shared.dispatch.dispatcher import Dispatcher
from shared.dispatch.queue import Claim, finish, hold_lane, open_claim, postpone
from shared.http.client import Answer, GuardedClient, NotAllowed
from shared.http.egress import guarded_client
from shared.service import Runtime
from shared.work import Work

TIMEOUT_SECONDS = 15.0
READ_AT_MOST = 128 * 1024
# Of what was read, this much is kept to show; it may hold anything, so it is shown to the endpoint's owner only.
KEPT_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Letter:
    """What goes out."""

    url: str
    headers: dict[str, str]
    body: bytes
    order_key: UUID | None


@dataclass(frozen=True, slots=True)
class Result:
    """What came back: an answer, or why there is none."""

    status: int | None
    error: str | None = None
    retry_after: str | None = None
    response: str | None = None

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


async def attempt(runtime: Runtime, claim: Claim) -> None:
    async with open_claim(runtime, claim) as work:
        letter = await _prepare(work, claim, runtime)
    if letter is None:
        return
    result = await _send(guarded_client(runtime), letter)
    async with open_claim(runtime, claim) as work:
        await _note(work, claim, letter, result)


async def _prepare(work: Work, claim: Claim, runtime: Runtime) -> Letter | None:
    """None if there is nothing to send any more."""
    delivery = await work.session.get(WebhookDelivery, claim.id)
    endpoint = await work.session.get(WebhookEndpoint, claim.lane)
    if delivery is None or endpoint is None or not endpoint.enabled:
        await finish(work, claim)
        if delivery is not None:
            delivery.state, delivery.finished_at, delivery.next_attempt_at = "canceled", work.now, None
        return None
    body = await body_of(work, delivery)
    if body is None:
        endpoint = await lock(work, endpoint.id)
        await finish(work, claim)
        delivery.state, delivery.last_error, delivery.finished_at = "failed", "the event is no longer kept", work.now
        if endpoint is not None and delivery.order_key is not None:
            await let_go(work, endpoint, [delivery.order_key])
        return None
    key = sealing_key(runtime)
    sealed = [endpoint.secret]
    if endpoint.old_secret and endpoint.old_secret_until and work.now < endpoint.old_secret_until:
        sealed.append(endpoint.old_secret)
    live = [unseal(secret, key, endpoint.id).decode() for secret in sealed]
    headers = {"Content-Type": "application/json", "User-Agent": "Heed-Webhooks/1"}
    headers |= signature_headers(delivery.event_id, body, live, work.now)
    return Letter(endpoint.url, headers, body, delivery.order_key)


async def _send(client: GuardedClient, letter: Letter) -> Result:
    try:
        answer = await client.post(
            letter.url,
            content=letter.body,
            headers=letter.headers,
            timeout=TIMEOUT_SECONDS,
            read_at_most=READ_AT_MOST,
        )
    except NotAllowed as problem:
        return Result(None, f"refused: {problem}")
    except (TimeoutError, httpx.TimeoutException):
        return Result(None, f"no answer within {TIMEOUT_SECONDS:.0f} seconds")
    except (OSError, httpx.HTTPError, httpx.InvalidURL) as problem:
        return Result(None, f"no connection ({type(problem).__name__})")
    return _read(answer)


def _read(answer: Answer) -> Result:
    error = None
    if 300 <= answer.status < 400:
        error = f"answered {answer.status}: redirects are not followed, register the final URL"
    elif not 200 <= answer.status < 300:
        error = f"answered {answer.status}"
    text = answer.body[: KEPT_CHARACTERS * 4].decode(errors="replace").replace("\x00", "\ufffd")[:KEPT_CHARACTERS]
    return Result(answer.status, error, answer.headers.get("retry-after"), text)


async def _note(work: Work, claim: Claim, letter: Letter, result: Result) -> None:
    """The delivery's outcome, and what it means for the endpoint. Nothing, if the claim was taken over."""
    is_simple = result.is_success and letter.order_key is None
    endpoint = None if is_simple else await lock(work, claim.lane)
    due_at = None
    if not result.is_success and result.status != 410:
        due_at = next_attempt(claim.attempts, work.now, result.retry_after)
    is_ours = await postpone(work, claim, due_at) if due_at is not None else await finish(work, claim)
    if not is_ours:
        return
    state = "delivered" if result.is_success else "pending" if due_at is not None else "failed"
    await work.session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.account_id == work.account_id, WebhookDelivery.id == claim.id)
        .values(
            state=state,
            attempts=claim.attempts,
            last_request={"url": letter.url, "headers": letter.headers},
            last_status=result.status,
            last_error=result.error,
            last_response=result.response,
            next_attempt_at=due_at,
            finished_at=None if due_at is not None else work.now,
        )
    )
    if result.is_success:
        await _mark_well(work, claim.lane)
    elif endpoint is not None:
        await _mark_failing(work, endpoint, is_gone=result.status == 410)
    if endpoint is not None and endpoint.enabled and letter.order_key is not None and due_at is None:
        await let_go(work, endpoint, [letter.order_key])


async def _mark_well(work: Work, endpoint_id: UUID) -> None:
    failing = (WebhookEndpoint.id == endpoint_id) & WebhookEndpoint.failing_since.is_not(None)
    well = {"failing_since": None, "failures": 0, "held_until": None}
    await work.session.execute(update(WebhookEndpoint).where(failing).values(well))


async def _mark_failing(work: Work, endpoint: WebhookEndpoint, *, is_gone: bool) -> None:
    """The endpoint is locked."""
    if not endpoint.enabled:
        return
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or work.now
    if is_gone:
        await disable(work, endpoint, "it answered 410 Gone")
    elif work.now - endpoint.failing_since >= PATIENCE:
        await disable(work, endpoint, f"every attempt failed for {PATIENCE.days} days")
    elif (pause := hold_after(endpoint.failures)) is not None:
        endpoint.held_until = work.now + pause
        await hold_lane(work, endpoint.id, endpoint.held_until)


async def body_of(work: Work, delivery: WebhookDelivery) -> bytes | None:
    """What is sent; None once the event is no longer kept."""
    if delivery.body is not None:
        return delivery.body
    statement = select(LoggedEvent.body).where(
        LoggedEvent.account_id == work.account_id, LoggedEvent.sequence == delivery.sequence
    )
    found: bytes | None = await work.session.scalar(statement)
    return found


# Dozens of endpoints that hang, each with its full share, must leave room for those that answer.
WEBHOOKS = Dispatcher(KIND, attempt, at_once=120, per_lane=4)
