"""Opening a ticket over HTTP: numbered, assigned, with its targets' timers, its history and its event."""

import json
from contextlib import ExitStack

from tests.bench.load import UNIQUE, Outcome, Plan
from tests.bench.machine import load, server
from tests.bench.report import Ratio, divided
from tests.bench.stage import Stage, stage

ROUNDS, SECONDS, CONNECTIONS = 5, 3.0, 64
BODY = {
    "subject": f"The box was damaged {UNIQUE.decode()}",
    "description": "She says that the corner was open when it came.",
    "priority": "high",
    "tags": ["delivery"],
}


def bench() -> list[Ratio]:
    with stage() as here, ExitStack() as servers:
        noop, _ = servers.enter_context(server(["-m", "tests.bench.yardsticks", "noop"], here.environment))
        ours, _ = servers.enter_context(server(["-m", "services", "tickets", "web"], here.environment))
        rates: dict[str, list[float]] = {"noop": [], "ours": []}
        for _ in range(ROUNDS):
            for name, port in (("noop", noop), ("ours", ours)):
                rates[name].append(_measure(here, port).per_second)
    return [Ratio("open a ticket ÷ a no-op endpoint", divided(rates["ours"], rates["noop"]), at_least=0.2)]


def _measure(here: Stage, port: int) -> Outcome:
    headers = {"Authorization": f"Bearer {here.token}"}
    outcome = load(Plan(port, "/v1/tickets", headers, json.dumps(BODY), CONNECTIONS, SECONDS))
    if set(outcome.statuses) != {"201"}:
        raise RuntimeError(f"not every ticket was opened: {outcome.statuses}")
    return outcome
