"""Accepting what a review platform sends, at 64 connections: its signature verified, kept durably with its event."""

import json
from contextlib import ExitStack
from urllib.parse import urlsplit

from tests.bench.bench_accept import post
from tests.bench.load import UNIQUE, Plan
from tests.bench.machine import load, server
from tests.bench.report import Ratio, divided
from tests.bench.stage import stage

ROUNDS, SECONDS, CONNECTIONS = 5, 3.0, 64
SECRET = "the secret that the shop signs with"
REVIEW = {
    "id": UNIQUE.decode(),
    "title": "Warm bread, cold driver",
    "body": "The bread was warm, thank you. The driver left it in the rain, though, and did not ring.",
    "rating": 3,
    "product_external_id": "4512236789",
    "reviewer": {"id": 52, "external_id": "c-1042", "email": "ana@example.com", "name": "Ana Sousa"},
    "source": "email",
    "verified": "buyer",
    "created_at": "2026-03-02T09:00:00Z",
    "updated_at": "2026-03-02T09:00:00Z",
}


def bench() -> list[Ratio]:
    with stage() as here, ExitStack() as servers:
        noop, _ = servers.enter_context(server(["-m", "tests.bench.yardsticks", "noop"], here.environment))
        ours, _ = servers.enter_context(server(["-m", "services", "survey", "web"], here.environment))
        wanted = {"adapter": "judgeme", "name": "Reviews", "secrets": {"signing_secrets": [SECRET]}}
        path = urlsplit(str(post(here, ours, "/v1/sources", wanted)["hook_url"])).path
        body = json.dumps({"review": REVIEW})
        rates: dict[str, list[float]] = {"noop": [], "ours": []}
        for _ in range(ROUNDS):
            for name, port in (("noop", noop), ("ours", ours)):
                signed = ("judgeme-hmac-sha256", SECRET)
                outcome = load(Plan(port, path, {}, body, CONNECTIONS, SECONDS, signed=signed))
                if set(outcome.statuses) != {"200"}:
                    raise RuntimeError(f"not every review was accepted: {outcome.statuses}")
                rates[name].append(outcome.per_second)
    return [
        Ratio(
            "accept a signed review ÷ a FastAPI endpoint that only reads it",
            divided(rates["ours"], rates["noop"]),
            at_least=0.35,
        )
    ]
