"""Logs carry what operators need, and nothing that belongs to a person or opens a door."""

import io
import json
import logging

import pytest
import structlog

from shared.observability.logging import configure_logging


def logged(**values: object) -> str:
    stream = io.StringIO()
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    try:
        configure_logging("INFO", stream)
        structlog.get_logger("test").info("happened", **values)
    finally:
        root.handlers[:], root.level = before, level
        structlog.reset_defaults()
    return stream.getvalue()


class TestRedaction:
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("email", "ana@example.com"),
            ("detail", "mail to ana@example.com bounced"),
            ("error", "cannot reach +351 912 345 678"),
            ("authorization", "Bearer abc"),
            ("api_key", "hk_abcdefgh12345678"),
            ("note", "used hk_abcdefgh12345678 today"),
            ("url", "postgresql://heed:hunter2@db/heed"),
            ("nested", {"phone": "0912", "list": ["ana@example.com"]}),
        ],
    )
    def test_personal_data_and_secrets_do_not_get_out(self, key: str, value: object) -> None:
        line = logged(**{key: value})
        line = line.replace(json.loads(line)["timestamp"], "")  # any digits may stand in it
        for leaked in ("ana@", "912", "hunter2", "hk_abc", "Bearer abc"):
            assert leaked not in line
        assert "redacted" in line

    def test_ids_and_numbers_stay(self) -> None:
        line = json.loads(logged(account="01a2-x", count=7))
        assert (line["account"], line["count"], line["event"]) == ("01a2-x", 7, "happened")

    def test_the_libraries_logs_are_cleaned_too(self) -> None:
        stream = io.StringIO()
        root = logging.getLogger()
        before, level = root.handlers[:], root.level
        try:
            configure_logging("INFO", stream)
            logging.getLogger("some.library").warning("sent to ana@example.com")
        finally:
            root.handlers[:], root.level = before, level
            structlog.reset_defaults()
        assert "ana@" not in stream.getvalue()
        assert json.loads(stream.getvalue())["level"] == "warning"
