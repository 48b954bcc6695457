"""Customers made known one by one, many at a time: a lock for the whole account would let only one through at once."""

import json
from contextlib import ExitStack

from tests.bench.load import UNIQUE, Plan
from tests.bench.machine import load, server
from tests.bench.report import Ratio, divided
from tests.bench.stage import Stage, stage

ROUNDS, SECONDS, CONNECTIONS = 5, 3.0, 16


def bench() -> list[Ratio]:
    with stage() as here, ExitStack() as servers:
        port, _ = servers.enter_context(server(["-m", "services", "customers", "web"], here.environment))
        rates: dict[str, list[float]] = {"many": [], "one": []}
        for _ in range(ROUNDS):
            rates["one"].append(_new_customers(here, port, 1))
            rates["many"].append(_new_customers(here, port, CONNECTIONS))
    name = f"new customers of one account, {CONNECTIONS} connections ÷ one connection"
    return [Ratio(name, divided(rates["many"], rates["one"]), at_least=1.3)]


def _new_customers(here: Stage, port: int, connections: int) -> float:
    """A second."""
    unique = UNIQUE.decode()
    body = json.dumps({"external_id": unique, "email": f"{unique}@example.com", "name": "Ana Sousa"})
    headers = {"Authorization": f"Bearer {here.token}"}
    outcome = load(Plan(port, "/v1/customers", headers, body, connections, SECONDS))
    if set(outcome.statuses) != {"201"}:
        raise RuntimeError(f"not every customer was added: {outcome.statuses}")
    return outcome.per_second
