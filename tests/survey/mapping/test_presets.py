"""The acceptance test of the mapping language: what the adapters in code can, a mapping can."""

import importlib
from dataclasses import replace
from typing import Any

import pytest

from services.survey.adapters.base import Received, Rejected
from services.survey.mapping.adapter import JsonSecrets, SignedJson
from services.survey.mapping.config import JsonSettings
from services.survey.mapping.presets import presets
from tests.survey.adapters.broken import Sender, payload, payloads

CODED = ("shopify", "stamped", "stripe", "trustpilot", "woocommerce", "yotpo")
GENERIC = SignedJson()
# What a mapping does not do, and why. Stamped's versions are a hash of what is read, in both; the words hashed differ.
EXEMPT: dict[str, set[str]] = {"stamped": {"external_version"}}
SIGNED = ("shopify", "stamped", "stripe", "woocommerce")


def sender_of(name: str) -> Sender:
    sender: Sender = importlib.import_module(f"tests.survey.adapters.test_{name}").SENDER
    return sender


def mapped(sender: Sender) -> Any:
    """The same source, but with the preset instead of the adapter, and the same secrets."""
    own = sender.connection()
    given = own.secrets.model_dump()
    secrets = given.get("signing_secrets") or given.get("webhook_secrets")
    settings = JsonSettings.model_validate(presets()[sender.adapter.name].settings)
    # The first one, with which the sender signs: Stripe's shares its second one between accounts.
    return replace(own, settings=settings, secrets=JsonSecrets(secrets=secrets[:1] if secrets else None))


def heard(sender: Sender, request: Received) -> list[dict[str, Any]]:
    GENERIC.verify(request, mapped(sender))
    return [item.model_dump() for item in GENERIC.parse(request, mapped(sender))]


def without(items: list[dict[str, Any]], exempt: set[str]) -> list[dict[str, Any]]:
    return [{name: value for name, value in item.items() if name not in exempt} for item in items]


@pytest.mark.parametrize(("name", "body"), [(name, each) for name in CODED for each in payloads(name)])
def test_a_preset_hears_what_the_adapter_hears(name: str, body: str) -> None:
    sender = sender_of(name)
    request = sender.request(payload(name, body))
    coded = [item.model_dump() for item in sender.heard(request)]

    assert without(heard(sender, request), EXEMPT.get(name, set())) == without(coded, EXEMPT.get(name, set()))


@pytest.mark.parametrize("name", SIGNED)
@pytest.mark.parametrize("fault", ["missing", "wrong_secret", "duplicate_header", "wrong_encoding"])
def test_a_preset_refuses_what_the_adapter_refuses(name: str, fault: str) -> None:
    sender = sender_of(name)
    request = sender.request(payload(name, payloads(name)[0]))
    broken = {
        "missing": sender.unsigned(request),
        "wrong_secret": sender.request(request.body, sender.connection("nobody's")),
        "duplicate_header": sender.doubled(request),
        "wrong_encoding": sender.miscoded(request),
    }[fault]
    with pytest.raises(Rejected):
        GENERIC.verify(broken, mapped(sender))


def test_an_edit_is_a_new_version() -> None:
    """Of the field that is exempt above."""
    sender = sender_of("stamped")
    (before,) = heard(sender, sender.request(payload("stamped", "review")))
    (after,) = heard(sender, sender.request(payload("stamped", "review").replace(b'"testing"', b'"tested"')))

    assert before["external_version"] != after["external_version"]
    assert before["external_id"] == after["external_id"]


def test_the_presets_are_those_that_the_guide_names() -> None:
    assert set(presets()) == {*CODED, "standard_webhooks"}
