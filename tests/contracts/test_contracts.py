"""The published language: nothing in it changes by accident."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from shared.bus.events import decode_event
from shared.contracts.asyncapi import asyncapi_document
from shared.contracts.registry import UnknownEventType, payload_class, registry, service_of
from shared.contracts.schemas import incompatibilities, schema_of

HERE = Path(__file__).parent
TYPES = sorted(registry())


def sample(event_type: str) -> bytes:
    return (HERE / "samples" / f"{event_type}.json").read_bytes()


class TestSnapshots:
    @pytest.mark.parametrize("event_type", TYPES)
    def test_a_schema_only_changes_in_ways_that_old_readers_survive(self, event_type: str) -> None:
        stored = json.loads((HERE / "schemas" / f"{event_type}.json").read_text())
        assert list(incompatibilities(stored, schema_of(registry()[event_type]))) == []

    @pytest.mark.parametrize("event_type", TYPES)
    def test_the_stored_schema_is_the_present_one(self, event_type: str) -> None:
        stored = json.loads((HERE / "schemas" / f"{event_type}.json").read_text())
        assert stored == schema_of(registry()[event_type]), "run: python -m shared.contracts snapshot"

    def test_no_published_type_has_disappeared(self) -> None:
        assert {path.stem for path in (HERE / "schemas").iterdir()} == set(TYPES)


class TestWhatCountsAsIncompatible:
    schema = schema_of(payload_class("heed.tickets.ticket.opened.v1"))

    def changed(self, change: Any) -> list[str]:
        new = copy.deepcopy(self.schema)
        change(new)
        return list(incompatibilities(self.schema, new))

    def test_a_removed_field_does(self) -> None:
        assert self.changed(lambda new: new["properties"].pop("number")) == ["number was removed"]

    def test_another_type_does(self) -> None:
        assert self.changed(lambda new: new["properties"]["number"].update(type="string"))

    def test_a_field_that_is_newly_required_does(self) -> None:
        assert self.changed(lambda new: new["required"].append("mood"))

    def test_a_field_that_is_no_longer_always_there_does(self) -> None:
        assert self.changed(lambda new: new["required"].remove("number"))

    def test_a_part_that_goes_does(self) -> None:
        assert self.changed(lambda new: new["$defs"].pop("Origin")) == ["Origin is gone"]

    def test_a_value_that_is_no_longer_allowed_does(self) -> None:
        assert self.changed(lambda new: new["properties"]["priority"]["enum"].pop()) == ["priority changed its type"]

    def test_a_further_value_does_not(self) -> None:
        assert self.changed(lambda new: new["properties"]["priority"]["enum"].append("sometime")) == []

    def test_a_new_optional_field_does_not(self) -> None:
        assert self.changed(lambda new: new["properties"].update(mood={"type": "string"})) == []


class TestSamples:
    @pytest.mark.parametrize("event_type", TYPES)
    def test_each_event_has_a_golden_sample_that_reads_and_fits_its_schema(self, event_type: str) -> None:
        event = decode_event(sample(event_type))
        assert event.type == event_type
        assert service_of(event.type) == event.source.rsplit("/", 1)[1]
        jsonschema.validate(json.loads(sample(event_type))["data"], schema_of(registry()[event_type]))

    @pytest.mark.parametrize("event_type", TYPES)
    def test_a_reader_ignores_what_a_newer_writer_adds(self, event_type: str) -> None:
        newer = json.loads(sample(event_type))
        newer["data"]["added_later"] = {"deep": [1]}
        newer["extension"] = "x"
        assert decode_event(json.dumps(newer).encode()).data == decode_event(sample(event_type)).data

    @pytest.mark.parametrize("event_type", TYPES)
    def test_a_writer_cannot_add_what_the_contract_does_not_know(self, event_type: str) -> None:
        data = json.loads(sample(event_type))["data"] | {"misspelt": 1}
        with pytest.raises(ValueError, match="misspelt"):
            registry()[event_type].model_validate(data)


class TestRegistry:
    def test_an_unknown_type_is_said_to_be_unknown(self) -> None:
        with pytest.raises(UnknownEventType):
            payload_class("heed.tickets.ticket.vanished.v1")


class TestAsyncAPI:
    document = asyncapi_document()

    def test_every_type_has_a_channel_with_its_schema(self) -> None:
        addresses = {channel["address"] for channel in self.document["channels"].values()}
        assert addresses == set(TYPES)

    def test_every_reference_leads_somewhere(self) -> None:
        for target in references(self.document):
            node: Any = self.document
            for part in target.removeprefix("#/").split("/"):
                node = node[part]

    @pytest.mark.parametrize("event_type", TYPES)
    def test_the_golden_sample_fits_the_published_message(self, event_type: str) -> None:
        name = payload_class(event_type).__name__
        schema = self.document["components"]["messages"][name]["payload"]
        jsonschema.validate(json.loads(sample(event_type)), {**schema, "components": self.document["components"]})


def references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [target for value in node.values() for target in references(value)]
    return [target for item in node for target in references(item)] if isinstance(node, list) else []
