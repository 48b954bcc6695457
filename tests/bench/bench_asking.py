"""Who may be asked, of 100,000; and 10,000 invitations, from the wish to a message in the notifier's queue."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

import asyncpg

from services.notifier.app import SERVICE as NOTIFIER
from services.survey.app import SERVICE as SURVEY
from services.survey.eligibility import service as eligibility
from services.survey.runs import service as runs
from services.survey.surveys import service as surveys
from services.survey.surveys.models import Survey
from services.survey.surveys.schemas import NewSurvey
from shared.bus.consumer import deliver
from shared.bus.events import Actor
from shared.bus.timers import run_due_timers
from shared.contracts.base import ActorKind
from shared.contracts.survey import InvitationCreated
from shared.ids import new_id
from shared.process import settle
from shared.service import Runtime, open_runtime
from shared.work import open_work
from tests.bench.report import Ratio, divided
from tests.bench.stage import Stage, stage

CUSTOMERS, INVITED, ROUNDS, PIECE = 100_000, 10_000, 5, 1_000
_ACTOR = Actor(ActorKind.HUMAN, "bench")

# A fifth has said something about surveys, half were contacted twice, a tenth answered some survey.
PEOPLE = """
insert into survey.contacts
    (account_id, customer_id, version, email, locale, timezone, is_deleted, attributes, restricted)
select {account}, gen_random_uuid(), 1, 'c' || n || '@example.com', 'de', 'Europe/Berlin', false, '{{}}', n % 50 = 0
from generate_series(1, {count}) n;
insert into survey.segment_members (account_id, segment_id, customer_id, version, is_member)
select account_id, {segment}, customer_id, 1, true from survey.contacts where account_id = {account};
insert into survey.segments (account_id, segment_id, name, version, is_deleted)
values ({account}, {segment}, 'Everybody', 1, false)
"""
HISTORY = """
insert into survey.consents
select account_id, customer_id, 'surveys', 'email', gen_random_uuid(), random() < 0.8, 'consent', now() - interval '1 y'
from survey.contacts where account_id = {account} and random() < 0.2;
insert into survey.exposures (account_id, id, customer_id, kind, channel, at)
select account_id, gen_random_uuid(), customer_id, 'message', 'email', now() - random() * interval '20 days'
from survey.contacts, generate_series(1, 2) where account_id = {account} and right(customer_id::text, 1) < '8';
insert into survey.invitations
    (id, account_id, survey_id, customer_id, channel, locale, state, created_at, expires_at, answered_at, cause)
select gen_random_uuid(), account_id, {survey}, customer_id, 'email', 'de', 'answered',
    now() - random() * interval '90 days', now() - interval '1 day', now() - interval '2 days', 'call'
from survey.contacts where account_id = {account} and right(customer_id::text, 1) = '0'
"""
# The same rows, joined and fetched, with nothing decided.
JOIN = """
select member.customer_id, contact.locale, contact.timezone, contact.email is not null, contact.preferred_channel,
    contact.restricted, consent.granted, invitation.created_at, invitation.answered_at, exposure.at, exposure.channel
from survey.segment_members member
join survey.contacts contact using (account_id, customer_id)
left join survey.consents consent on consent.account_id = member.account_id
    and consent.customer_id = member.customer_id and consent.purpose = 'surveys'
left join survey.invitations invitation on invitation.account_id = member.account_id
    and invitation.customer_id = member.customer_id and invitation.survey_id = $3
left join survey.exposures exposure on exposure.account_id = member.account_id
    and exposure.customer_id = member.customer_id
where member.account_id = $1 and member.segment_id = $2 and member.is_member
"""
QUEUED = "select * from notifier.messages where account_id = $1"


def bench() -> list[Ratio]:
    with stage() as here:
        return asyncio.run(_measure(here))


async def _measure(here: Stage) -> list[Ratio]:
    survey = open_runtime(SURVEY, here.databases.settings(SURVEY))
    notifier = open_runtime(NOTIFIER, here.databases.settings(NOTIFIER))
    owner = await asyncpg.connect(here.databases.url)
    settle()  # as a service's process does
    try:
        return [await _eligibility(here, survey, owner), *await _sending(survey, notifier, owner)]
    finally:
        await owner.close()
        await survey.database.close()
        await notifier.database.close()


async def _eligibility(here: Stage, survey: Runtime, owner: asyncpg.Connection) -> Ratio:
    asked, segment = await _publish(survey, here.account), new_id()
    names = {"account": here.account, "segment": segment, "survey": asked.id}
    await _execute(owner, PEOPLE + ";\n" + HISTORY, count=CUSTOMERS, **names)
    await owner.execute("analyze")

    async def decide() -> None:
        async with open_work(survey.database, here.account, _ACTOR, clock=survey.clock) as work:
            found = await eligibility.of_many(work, asked, segment, "email")
        if found.customers != CUSTOMERS or not 0 < found.eligible < CUSTOMERS:
            raise RuntimeError(f"{found.eligible} of {found.customers} may be asked")

    async def join() -> None:
        if len(await owner.fetch(JOIN, here.account, segment, asked.id)) < CUSTOMERS:
            raise RuntimeError("the join has lost somebody")

    times = await _take_turns({"decide": decide, "join": join})
    return Ratio(
        "who of 100,000 may be asked ÷ one join of the rows", divided(times["decide"], times["join"]), at_most=5
    )


async def _sending(survey: Runtime, notifier: Runtime, owner: asyncpg.Connection) -> list[Ratio]:
    """Each round with new people on a new survey: nobody is in anybody's way."""
    bodies: list[bytes] = []
    rows: list[asyncpg.Record] = []
    account = new_id()

    async def invite() -> None:
        async with open_work(survey.database, account, _ACTOR, clock=survey.clock) as work:
            asked = await surveys.read(work, survey_id)
            await runs.start(work, asked, segment_id=segment, customer_ids=(), channel="email", send_at=None, days=None)
        await run_due_timers(survey)

    async def queue() -> None:
        for start in range(0, INVITED, PIECE):
            await deliver(notifier, bodies[start : start + PIECE])

    async def insert() -> None:
        places = ", ".join(f"${place}" for place, _ in enumerate(rows[0].keys(), 1))
        statement = f"insert into notifier.messages ({', '.join(rows[0].keys())}) values ({places})"
        for start in range(0, INVITED, PIECE):
            piece = [tuple(row.values()) for row in rows[start : start + PIECE]]
            await owner.executemany(statement, piece)

    taken: dict[str, list[float]] = {"invite": [], "queue": [], "insert": []}
    for _ in range(ROUNDS):
        account, segment = new_id(), new_id()
        survey_id = (await _publish(survey, account)).id
        await _execute(owner, PEOPLE, count=INVITED, account=account, segment=segment)
        await owner.execute("update survey.contacts set restricted = false where account_id = $1", account)
        taken["invite"].append(await _timed(invite))
        outbox = "select body from survey.outbox where account_id = $1 and type = $2"
        bodies = [row["body"] for row in await owner.fetch(outbox, account, InvitationCreated.TYPE)]
        if len(bodies) != INVITED:
            raise RuntimeError(f"{len(bodies)} of {INVITED} were invited")
        taken["queue"].append(await _timed(queue))
        rows = await owner.fetch(QUEUED, account)
        if len(rows) != INVITED:
            raise RuntimeError(f"{len(rows)} of {INVITED} messages are in the queue")
        await owner.execute("delete from notifier.messages")
        taken["insert"].append(await _timed(insert))
        await owner.execute("delete from notifier.messages; delete from notifier.dispatches; delete from survey.outbox")
    whole = [one + other for one, other in zip(taken["invite"], taken["queue"], strict=True)]
    return [
        Ratio(
            "making 10,000 invitations ÷ inserting 10,000 messages",
            divided(taken["invite"], taken["insert"]),
            at_most=4,
        ),
        Ratio("the same, until they are in the notifier's queue", divided(whole, taken["insert"]), at_most=8),
    ]


async def _timed(way: Callable[[], Awaitable[None]]) -> float:
    started = time.perf_counter()
    await way()
    return time.perf_counter() - started


async def _take_turns(ways: dict[str, Callable[[], Awaitable[None]]]) -> dict[str, list[float]]:
    """Seconds each took, by round."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            times[name].append(await _timed(way))
    return times


async def _publish(survey: Runtime, account: UUID) -> Survey:
    async with open_work(survey.database, account, _ACTOR, clock=survey.clock) as work:
        made = await surveys.create(work, NewSurvey(name="After delivery", kind="nps"))
        await surveys.publish(work, made)
    return made


async def _execute(owner: asyncpg.Connection, statements: str, *, count: int, **ids: UUID) -> None:
    await owner.execute(statements.format(count=count, **{name: f"'{value}'::uuid" for name, value in ids.items()}))
