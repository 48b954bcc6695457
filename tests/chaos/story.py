"""A small story of one business, from its first customer to a closed loop, and what is left of it in the databases."""

import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from services.notifier.messages.delivery import MESSAGES
from shared.contracts.survey import InvitationCreated
from tests.system.making import made
from tests.system.world import World

# The kit's bookkeeping differs: it is there to make everything else the same. The notifier's log is what was said,
# which is compared as such; keys of the API are never the same; the words of a ticket begin with its number, and are
# those of rows that are compared.
BOOKKEEPING: Final = {
    *("inbox", "outbox", "timers", "idempotency_keys", "dispatches", "events", "api_keys", "ticket_texts"),
}
# Made by chance, or given out in the order in which things arrive.
BY_CHANCE: Final = {"number", "sequence", "position", "traceparent", "password_hash"}
SCORES: Final = {"ana": 2, "ben": 9, "cleo": 5, "emil": 10, "finn": 7, "gina": 0, "hugo": 4, "ines": 8}

# What is another each time by nature, in the order in which it is looked for.
_ANOTHER_EACH_TIME: Final = {
    "id": re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    "/s/link": re.compile(r"/s/[\w-]+"),
    "/p/link": re.compile(r"/p/[\w-]+"),
    "/solved/link": re.compile(r"/solved/[\w-]+"),
    "time": re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?"),
    "moment": re.compile(r"\w+day, \d+ \w+, \d\d:\d\d \w+"),
    "#n": re.compile(r"#\d+"),
    "owner@": re.compile(r"owner-\w+@"),
}


class Shuffled:
    """A bus at its worst that still keeps its promise: every event three times, in any order, in batches of any size;
    some copies only after what they led to."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._kept: dict[str, list[bytes]] = {}

    def __call__(self, service: str, fresh: Sequence[bytes]) -> Sequence[Sequence[bytes]]:
        kept = self._kept.pop(service, [])
        bodies = kept + list(fresh) * 3
        self._chance.shuffle(bodies)
        if fresh:
            cut = len(bodies) * 2 // 3
            bodies, self._kept[service] = bodies[:cut], bodies[cut:]
        batches = []
        while bodies:
            size = self._chance.randint(1, 20)
            batches.append(bodies[:size])
            bodies = bodies[size:]
        return batches


async def tell(world: World) -> None:
    """The whole story. Each step is complete everywhere before the next one begins; within a step all is at once."""
    await hire(world)
    customers = await get_to_know(world)
    survey_id = await ask(world, customers)
    await answer(world, survey_id)
    await work_on_tickets(world)
    await send_mail(world)
    await ask_again(world)
    await send_mail(world)


async def hire(world: World) -> None:
    """Somebody who only looks on: with two to work on tickets, who gets which depends on the order of arrival."""
    gateway = world["gateway"].client(account=world.account)
    email = f"jonas-{world.account.hex}@example.com"
    await made(gateway, "/v1/users", {"email": email, "name": "Jonas", "role": "viewer", "password": "x" * 12})
    await world.settle()


async def get_to_know(world: World) -> dict[str, str]:
    """Customers who are changed several times before anybody has heard of them, and one who is forgotten again."""
    client = world["customers"].client(account=world.account)
    ids = {}
    for name in ("ana", "ben", "cleo", "dora"):
        body = {"email": f"{name}@example.com", "name": name, "external_id": f"c-{name}"}
        ids[name] = (await made(client, "/v1/customers", body))["id"]
    for step in range(3):
        for name in ("ana", "ben"):
            answer = await client.patch(f"/v1/customers/{ids[name]}", json={"name": f"{name.title()} the {step + 2}nd"})
            assert answer.status_code == 200, answer.text
    assert (await client.delete(f"/v1/customers/{ids['dora']}")).status_code == 204
    await world.settle()
    return ids


async def ask(world: World, customers: Mapping[str, str]) -> str:
    client = world["survey"].client(account=world.account)
    survey_id: str = (await made(client, "/v1/surveys", {"name": "After delivery", "kind": "nps"}))["id"]
    for name in ("After the delivery", "After your delivery"):
        await made(client, f"/v1/surveys/{survey_id}/publish", None, 200)
        assert (await client.patch(f"/v1/surveys/{survey_id}", json={"name": name})).status_code == 200
    await made(client, f"/v1/surveys/{survey_id}/publish", None, 200)
    invited = [{"id": customers[name]} for name in ("ana", "ben", "cleo")]
    result = await made(client, f"/v1/surveys/{survey_id}/invitations", {"customers": invited}, 200)
    assert result["queued"] == 3, result
    await world.settle()
    return survey_id


async def answer(world: World, survey_id: str) -> None:
    """Known people and new ones; one of the unhappy ones was so a month ago."""
    client = world["survey"].client(account=world.account)
    for name, score in SCORES.items():
        await hand_in(world, survey_id, name, score)
    assert (await client.get("/v1/responses")).status_code == 200
    await hand_in(world, survey_id, "late", 1, world["survey"].clock.now() - timedelta(days=30))
    await world.settle()


async def hand_in(world: World, survey_id: str, name: str, score: int, at: datetime | None = None) -> None:
    client = world["survey"].client(account=world.account)
    answers = [
        {"question": "score", "value": score},
        {"question": "comment", "value": f"{name}: the delivery was late"},
    ]
    body: dict[str, Any] = {
        "survey_id": survey_id,
        "submission_id": name,
        "answers": answers,
        "customer": {"email": f"{name}@example.com"},
    }
    await made(client, "/v1/responses", body | ({"occurred_at": at.isoformat()} if at else {}))


async def work_on_tickets(world: World) -> None:
    client = world["tickets"].client(account=world.account)
    tickets = (await client.get("/v1/tickets?limit=100")).json()["data"]
    for ticket in sorted(tickets, key=lambda one: str(one["description"])):
        path = f"/v1/tickets/{ticket['id']}"
        await made(client, f"{path}/messages", {"text": f"We are sorry about: {ticket['description']}"})
        await made(client, f"{path}/resolve", {"reason": "Sent a new box"}, 200)
        if "ana" in str(ticket["description"]):
            await made(client, f"{path}/reopen", {"reason": "It came broken again"}, 200)
            await made(client, f"{path}/resolve", {"reason": "Went there in person"}, 200)
    await world.settle()


async def send_mail(world: World) -> None:
    while await MESSAGES.run_due(world["notifier"].runtime):
        pass
    await world.settle()


async def ask_again(world: World) -> None:
    """After a while everybody whose ticket was resolved is asked how it was, and answers."""
    world.advance(timedelta(hours=2))
    await world["notifier"].run_timers()
    await world.settle()
    for event in await world["survey"].emitted(world.account, InvitationCreated):
        invitation: Any = event.data
        if invitation.ticket_id is not None:
            path = invitation.url[invitation.url.index("/s/") :]
            page = await world["survey"].anonymous().post(path, data={"score": "5", "comment": "Well done"})
            assert page.status_code == 200, page.text
    await world.settle()


async def state_of(world: World, url: str) -> dict[str, Counter[str]]:
    """Each table's rows of the account, and what each service said: without ids, times and numbers of arrival."""
    state: dict[str, Counter[str]] = {}
    connection = await asyncpg.connect(url)
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(kind, encoder=str, decoder=orjson.loads, schema="pg_catalog")
    try:
        for name in world.services:
            for table in await _tables(connection, name):
                query = f'select * from "{name}"."{table}" where account_id = $1'
                rows = await connection.fetch(query, world.account)
                state[f"{name}.{table}"] = Counter(_canonical(dict(row), world) for row in rows)
    finally:
        await connection.close()
    for event in await world.events():
        said = _canonical(orjson.loads(event.raw)["data"], world)
        state.setdefault(f"said {event.type}", Counter())[said] += 1
    return state


async def _tables(connection: asyncpg.Connection, schema: str) -> list[str]:
    query = """
        select table_name from information_schema.columns
        where table_schema = $1 and column_name = 'account_id' order by 1"""
    names = [row["table_name"] for row in await connection.fetch(query, schema)]
    return [name for name in names if name not in BOOKKEEPING]


def _canonical(row: Mapping[str, Any], world: World) -> str:
    kept = {name: value for name, value in row.items() if name not in BY_CHANCE}
    text = orjson.dumps(_plain(kept), option=orjson.OPT_SORT_KEYS, default=str).decode()
    text = text.replace(world.account.hex, "account")
    for word, pattern in _ANOTHER_EACH_TIME.items():
        text = pattern.sub(word, text)
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return "id"
    if isinstance(value, datetime):
        return "time"
    if isinstance(value, bytes):
        return "bytes"
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if key not in BY_CHANCE}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
