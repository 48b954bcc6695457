"""What an account starts with before anybody has thought about targets."""

from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import orjson

from shared.bus.events import Event
from shared.contracts.gateway import AccountCreated
from shared.db.database import driver_of
from shared.ids import new_id
from shared.work import Work

HOUR: Final = 3_600
TARGETS: Final[dict[str, dict[str, int]]] = {
    "urgent": {"first_response_seconds": 1 * HOUR, "resolution_seconds": 8 * HOUR},
    "high": {"first_response_seconds": 4 * HOUR, "resolution_seconds": 24 * HOUR},
    "normal": {"first_response_seconds": 24 * HOUR, "resolution_seconds": 72 * HOUR},
    "low": {"first_response_seconds": 48 * HOUR, "resolution_seconds": 120 * HOUR},
}

# Without what a policy has by itself; see `PolicyIn`.
STANDARD: Final[dict[str, object]] = {"name": "Standard", "targets": TARGETS}

_POLICY = """
    with made as (
        insert into tickets.sla_policies (
            id, account_id, name, is_default, position, by_calendar, spec, version, created_at, updated_at
        ) values ($1, $2, 'Standard', true, 0, false, $3::text::jsonb, 1, $4, $4) on conflict do nothing
        returning id, account_id, spec
    )
    insert into tickets.sla_policy_versions (policy_id, account_id, version, spec, actor, created_at)
    select id, account_id, 1, spec, 'system:tickets', $4 from made
"""
_COUNTER = """
    insert into tickets.counters (account_id, last_number, terms_revision) values ($1, 0, gen_random_uuid())
    on conflict do nothing
"""


async def prepare_account(work: Work, event: Event[AccountCreated]) -> None:
    await ensure_defaults(await driver_of(work.session), work.account_id, work.now)


async def ensure_defaults(connection: asyncpg.Connection, account_id: UUID, now: datetime) -> None:
    """A default policy and a counter, if there are none."""
    await connection.execute(_POLICY, new_id(), account_id, orjson.dumps(STANDARD).decode(), now)
    await connection.execute(_COUNTER, account_id)
