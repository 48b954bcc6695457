"""The other ways of signing, what is refused of a mapping, and what one says about what it cannot read.

Seen to fail: each way of signing with its comparison taken out, `{timestamp}` allowed unsigned, the rule that an
address makes feedback only.
"""

import base64
import hmac
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.survey.adapters.base import Connection, Handshake, Rejected, Unreadable
from services.survey.hearing.canonical import FeedbackItem
from services.survey.mapping.adapter import SignedJson
from services.survey.mapping.config import JsonSettings
from services.survey.mapping.presets import presets
from services.survey.mapping.reading import Unmapped, read_items
from shared.testing.harness import Harness
from tests.survey.adapters.broken import FAULTS, Sender, check, payload

REVIEW: dict[str, Any] = {
    "what": "feedback",
    "kind": "review",
    "channel": "own",
    "id": "$.data.id",
    "rating": {"value": "$.data.stars"},
}
BODY = payload("json", "review")
JWT = {
    "kind": "jwt",
    "jwks_url": "https://idp.example/keys",
    "issuer": "https://idp.example",
    "audience": "heed",
}
NO_TIME = dict.fromkeys(("stale", "future"), "no time is signed")
PLAIN = dict.fromkeys(("flipped_byte", "reserialised", "stale", "future", "oversize"), "the secret goes along as it is")


class OwnSender(Sender):
    adapter: ClassVar = SignedJson()

    def __init__(self, auth: dict[str, Any], signed_by: Sequence[str], exempt: dict[str, str]) -> None:
        self.auth = auth
        self.signed_by = tuple(signed_by)  # type: ignore[misc]
        self.exempt = exempt  # type: ignore[misc]

    def settings(self) -> dict[str, Any]:
        return {"auth": self.auth, "rules": [REVIEW]}

    def secrets(self, account: str) -> dict[str, Any]:
        return {"secrets": [f"name:secret of {account}"]}

    def headers(self, body: bytes, connection: Connection, at: datetime) -> Sequence[tuple[str, str]]:
        secret, stamp = connection.secrets.secrets[0], str(int(at.timestamp() * 1000))
        match self.auth["kind"]:
            case "bearer":
                return [("authorization", f"Bearer {secret}")]
            case "basic":
                return [("authorization", f"Basic {base64.b64encode(secret.encode()).decode()}")]
            case "shared_secret_header":
                return [("x-secret", secret)]
        if "timestamp_header" not in self.auth:
            return [("x-signature", f"sha256={hmac.digest(secret.encode(), body, 'sha256').hex()}")]
        signed = f"{stamp}|m1|{connection.url}|".encode() + body
        signature = base64.urlsafe_b64encode(hmac.digest(secret.encode(), signed, "sha512")).decode()
        return [("x-id", "m1"), ("x-time", stamp), ("x-signature", signature)]


SENDERS = {
    "hmac": OwnSender(
        {"kind": "hmac", "header": "X-Signature", "prefix": "sha256=", "delivery_field": "type"},
        ["x-signature"],
        NO_TIME,
    ),
    "hmac_all": OwnSender(
        {
            "kind": "hmac",
            "header": "x-signature",
            "algorithm": "sha512",
            "encoding": "base64url",
            "signed": "{timestamp}|{id}|{url}|{body}",
            "timestamp_header": "x-time",
            "timestamp_unit": "ms",
            "id_header": "x-id",
        },
        ["x-id", "x-time", "x-signature"],
        {},
    ),
    "bearer": OwnSender({"kind": "bearer"}, ["authorization"], PLAIN),
    "basic": OwnSender({"kind": "basic"}, ["authorization"], PLAIN),
    "shared_secret_header": OwnSender({"kind": "shared_secret_header", "headers": ["x-secret"]}, ["x-secret"], PLAIN),
}


@pytest.mark.parametrize("name", SENDERS)
@pytest.mark.parametrize("fault", FAULTS)
def test_broken(name: str, fault: str) -> None:
    check(fault, SENDERS[name], BODY)


@pytest.mark.parametrize("name", SENDERS)
def test_both_secrets_are_live_and_none_is_no_secret(name: str) -> None:
    sender = SENDERS[name]
    own = sender.connection()
    request = sender.request(BODY)
    for secrets, accepted in ((["another", *own.secrets.secrets], True), (["another"], False), (None, False)):
        with_them = replace(own, secrets=own.secrets.model_copy(update={"secrets": secrets}))
        if accepted:
            assert sender.heard(request, with_them)
        else:
            with pytest.raises(Rejected):
                sender.heard(request, with_them)


def test_another_shop_is_another_audience() -> None:
    sender = OwnSender(SENDERS["bearer"].auth | {"expected": {"X-Shop": "ours"}}, [], {})
    request = sender.request(BODY)
    assert sender.heard(replace(request, headers=(*request.headers, ("x-shop", "ours"))))
    with pytest.raises(Rejected, match="wrong_audience"):
        sender.heard(replace(request, headers=(*request.headers, ("x-shop", "theirs"))))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"auth": {"kind": "hmac", "header": "x", "algorithm": "sha1"}}, ("auth", "hmac", "algorithm")),
        ({"auth": {"kind": "hmac", "header": "x", "signed": "{id}"}}, ("auth", "hmac")),
        ({"auth": {"kind": "hmac", "header": "x", "timestamp_header": "y"}}, ("auth", "hmac")),
        ({"auth": {"kind": "none"}}, ("auth",)),
        ({"auth": {"kind": "ed25519", "header": "x", "timestamp_header": "y"}}, ("auth", "ed25519")),
        ({"auth": {"kind": "bearer", "networks": ["198.51.100.7/24"]}}, ("auth", "bearer", "networks", 0)),
        ({"auth": JWT | {"jwks_url": "http://idp.example/keys"}}, ("auth", "jwt", "jwks_url")),
        ({"auth": {"kind": "address"}, "rules": [{"what": "privacy", "id": "$.id", "request": "erase"}]}, ()),
        ({"rules": [REVIEW | {"id": "data.id"}]}, ("rules", 0, "feedback", "id", "path")),
        ({"rules": [REVIEW | {"id": {"path": "$.a", "header": "b"}}]}, ("rules", 0, "feedback", "id")),
        ({"rules": [REVIEW | {"amount": "$.a"}]}, ("rules", 0, "feedback", "amount")),
        (
            {"rules": [REVIEW | {"time": {"value": "$.a", "formats": ["%d%d%d"]}}]},
            ("rules", 0, "feedback", "time", "formats", 0),
        ),
        ({"rules": [REVIEW | {"time": {"zone": "Mars/Base"}}]}, ("rules", 0, "feedback", "time", "zone")),
        ({"rules": [REVIEW | {"id": {"template": "{{ 1 + 1 }}"}}]}, ("rules", 0, "feedback", "id", "template")),
    ],
)
def test_what_a_mapping_may_not_say(change: dict[str, Any], place: tuple[str | int, ...]) -> None:
    with pytest.raises(ValidationError) as refused:
        JsonSettings.model_validate({"auth": {"kind": "bearer"}, "rules": [REVIEW]} | change)
    assert place in [each["loc"] for each in refused.value.errors()]


def test_all_that_is_wrong_is_named() -> None:
    mapping = JsonSettings.model_validate(
        {
            "auth": {"kind": "bearer"},
            "rules": [REVIEW | {"id": "$.nowhere", "verified": "$.data.title", "time": {"value": "$.data.text"}}],
        }
    )
    request = SENDERS["bearer"].request(BODY.replace(b'"stars": 2', b'"stars": 9'))
    with pytest.raises(Unmapped) as found:
        read_items(mapping, request)
    assert {problem.place for problem in found.value.problems} == {
        "rules/0/id",
        "rules/0/verified",
        "rules/0/time",
        "rules/0/rating",
    }
    assert "pizza" not in str(found.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("$.data['title']", "Cold pizza"),
        ({"first": ["$.none", "$.data.title"]}, "Cold pizza"),
        ({"template": "{$.data.order}/{$.data.product}"}, "R-1044/SKU-9"),
        ({"template": "{$.data.order}/{$.none}", "default": "-"}, "-"),
        ({"path": "$.data.order", "transform": [{"regex": "-([0-9]+)"}]}, "1044"),
        ({"path": "$.data.stars", "map": {"2": "two"}}, "two"),
        ({"path": "$.data.stars", "map": {"3": "three"}}, None),
        ({"path": "$.data.title", "transform": [{"shorten": 5}, "lower"]}, "cold…"),
        ({"difference": ["$.data.stars", {"constant": 5}]}, "-3"),
        ({"sum": {"each": "$.data", "value": "$.stars"}}, "2"),
        ({"constant": "x", "when": [{"value": "$.data.stars", "above": 2}]}, None),
        ({"path": "$body.type"}, "review.created"),
    ],
)
def test_values(value: Any, expected: str | None) -> None:
    mapping = {"auth": {"kind": "bearer"}, "rules": [REVIEW | {"text": value}]}
    (item,) = read_items(JsonSettings.model_validate(mapping), SENDERS["bearer"].request(BODY))
    assert isinstance(item, FeedbackItem)
    assert item.text == expected


def test_a_time_without_a_zone_is_in_that_of_the_mapping() -> None:
    time = {"value": {"constant": "29.11.2026 12:00"}, "formats": ["iso", "%d.%m.%Y %H:%M"], "zone": "Europe/Berlin"}
    mapping = {"auth": {"kind": "bearer"}, "rules": [REVIEW | {"time": time}]}
    (item,) = read_items(JsonSettings.model_validate(mapping), SENDERS["bearer"].request(BODY))
    assert (item.occurred_at.isoformat(), item.time_confidence) == ("2026-11-29T11:00:00+00:00", "assumed")


def test_what_no_rule_fits_is_put_aside_or_left() -> None:
    rule = REVIEW | {"when": [{"value": "$.type", "equals": "other"}]}
    for otherwise in ("quarantine", "ignore"):
        mapping = JsonSettings.model_validate({"auth": {"kind": "bearer"}, "rules": [rule], "otherwise": otherwise})
        request = SENDERS["bearer"].request(BODY)
        if otherwise == "ignore":
            assert read_items(mapping, request) == []
        else:
            with pytest.raises(Unreadable, match="none of them fits"):
                read_items(mapping, request)


@pytest.mark.parametrize("body", [b"[" * 60 + b"]" * 60, b"[" + b'{"data": {"id": 1}},' * 600 + b"{}]"])
def test_limits(body: bytes) -> None:
    mapping = JsonSettings.model_validate({"auth": {"kind": "bearer"}, "items": "$[*]", "rules": [REVIEW]})
    with pytest.raises(Unreadable, match=r"deeper than 50|At most 500"):
        read_items(mapping, SENDERS["bearer"].request(body))


def test_handshakes() -> None:
    sender = SENDERS["bearer"]
    own = sender.connection()
    query = {"kind": "echo_query", "param": "challenge", "token_param": "token"}
    asks = replace(
        own,
        settings=own.settings.model_validate({**sender.settings(), "handshake": query}),
        secrets=own.secrets.model_copy(update={"handshake_token": "token of ours"}),
    )
    request = replace(sender.request(b""), method="GET", query=(("challenge", "42"), ("token", "token of ours")))
    assert sender.adapter.handshake(request, asks) == Handshake("42")
    for pairs in ((("challenge", "42"),), (("challenge", "42"), ("token", "another"))):
        with pytest.raises(Rejected):
            sender.adapter.handshake(replace(request, query=pairs), asks)
    echo = {**sender.settings(), "handshake": {"kind": "echo_json", "field": "challenge"}}
    asks = replace(own, settings=own.settings.model_validate(echo))
    signed = sender.request(b'{"challenge": "42"}')
    assert sender.adapter.handshake(signed, asks) == Handshake("42")
    with pytest.raises(Rejected):
        sender.adapter.handshake(sender.unsigned(signed), asks)
    assert sender.adapter.handshake(sender.request(BODY), asks) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("$.[]*{}%Y'a0", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kind", "path", "first", "when", "what", "id", "each", "sum", "value", "regex"]), inner
        )
    ),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(JSON, st.sampled_from(["auth", "rules", "items", "refuse", "handshake", "otherwise"]), JSON)
def test_hostile_mappings(part: Any, name: str, value: Any) -> None:
    """They are refused, or they read what comes."""
    for given_ in ({"auth": {"kind": "bearer"}, "rules": [REVIEW | {"text": value}]}, {name: part}, part):
        try:
            mapping = JsonSettings.model_validate(given_)
            read_items(mapping, SENDERS["bearer"].request(BODY))
        except (ValidationError, Unreadable):
            continue


async def test_a_preset_is_tried_and_connected(survey: Harness, account: Any) -> None:
    client: httpx.AsyncClient = survey.client(account=account)
    listed = (await client.get("/v1/adapters/json/presets")).json()["data"]
    assert [each["name"] for each in listed] == list(presets())
    preset = next(each for each in listed if each["name"] == "standard_webhooks")

    sample = {"body": BODY.decode(), "settings": preset["settings"]}
    tried = (await client.post("/v1/sources/dry-run", json=sample)).json()
    assert [item["external_id"] for item in tried["items"]] == ["r-1001"]
    wrong = await client.post("/v1/sources/dry-run", json=sample | {"body": BODY.decode().replace("r-1001", "")})
    assert wrong.json()["fields"] == [{"place": "rules/0/id", "detail": "is not there"}]
    refused = await client.post("/v1/sources/dry-run", json=sample | {"settings": {"auth": {"kind": "md5"}}})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"].startswith("/settings")

    for each in listed:
        secrets = {} if each["settings"]["auth"]["kind"] == "address" else {"secrets": ["whsec_c2VjcmV0"]}
        wanted = {"adapter": "json", "name": each["title"], "settings": each["settings"], "secrets": secrets}
        made = await client.post("/v1/sources", json=wanted)
        assert made.status_code == 201, made.text
        again = await client.patch(f"/v1/sources/{made.json()['id']}", json={"settings": made.json()["settings"]})
        assert again.json()["settings"] == made.json()["settings"]
