"""The hosted page: an open link opened at 32 connections, as after a mailing; a short survey and a long one."""

import json
from contextlib import ExitStack
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from tests.bench.bench_accept import post, published_survey
from tests.bench.load import Outcome, Plan
from tests.bench.machine import load, server
from tests.bench.report import Ratio, divided
from tests.bench.stage import Stage, stage
from tests.browser.everything import DEFINITION

ROUNDS, SECONDS, CONNECTIONS = 5, 2.0, 32


def bench() -> list[Ratio]:
    with stage() as here, ExitStack() as servers:
        noop, _ = servers.enter_context(server(["-m", "tests.bench.yardsticks", "noop"], here.environment))
        ours, _ = servers.enter_context(server(["-m", "services", "survey", "web"], here.environment))
        short = _path(here, ours, published_survey(here, ours))
        long = _path(here, ours, _survey_of_everything(here, ours))
        rates: dict[str, list[float]] = {"noop": [], "short": [], "long": []}
        for _ in range(ROUNDS):
            for name, port, path in (("noop", noop, "/page"), ("short", ours, short), ("long", ours, long)):
                rates[name].append(_opened(port, path).per_second)
    return [
        Ratio(
            "open the hosted page ÷ a FastAPI endpoint that does nothing",
            divided(rates["short"], rates["noop"]),
            at_least=0.35,
        ),
        Ratio("the same of the first of three long pages", divided(rates["long"], rates["noop"]), at_least=0.2),
    ]


def _opened(port: int, path: str) -> Outcome:
    outcome = load(Plan(port, path, {"Accept-Language": "en"}, "", CONNECTIONS, SECONDS, method="GET"))
    if set(outcome.statuses) != {"200"}:
        raise RuntimeError(f"not every page was shown: {outcome.statuses}")
    return outcome


def _survey_of_everything(here: Stage, port: int) -> str:
    made = post(here, port, "/v1/surveys", {"name": "Everything", "kind": "custom", "definition": DEFINITION})
    post(here, port, f"/v1/surveys/{made['id']}/publish", {})
    return str(made["id"])


def _path(here: Stage, port: int, survey: str) -> str:
    request = Request(
        f"http://127.0.0.1:{port}/v1/surveys/{survey}/link", headers={"Authorization": f"Bearer {here.token}"}
    )
    with urlopen(request) as answer:
        return str(urlsplit(json.load(answer)["url"]).path)
