"""Definitions and attempts: a test states only what matters to it."""

from typing import Any

from services.survey.definition.document import Definition
from services.survey.definition.facts import Attempt

TODAY = "2026-03-02"
YES_NO = [{"id": "yes", "label": {"en": "Yes"}}, {"id": "no", "label": {"en": "No"}}]
ABC = [{"id": letter, "label": {"en": letter.upper()}} for letter in "abc"]


def question(key: str, type: str = "short_text", **fields: Any) -> dict[str, Any]:
    base: dict[str, Any] = {"key": key, "type": type, "title": {"en": key.capitalize()}}
    needed: dict[str, dict[str, Any]] = {
        "ces": {"direction": "high_is_good"},
        "csi": {"items": [{"id": name, "label": {"en": name}} for name in ("speed", "price")]},
        "single": {"options": YES_NO},
        "multiple": {"options": ABC},
        "ranking": {"options": ABC},
        "matrix": {"rows": ABC[:2], "columns": ABC},
        "consent": {"statement": {"en": "I agree."}},
    }
    return base | needed.get(type, {}) | fields


def page(key: str, *questions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"key": key, "questions": [*questions], **fields}


def definition(*pages: dict[str, Any], **fields: Any) -> Definition:
    return Definition.model_validate({"pages": [*pages], **fields})


def attempt(left: frozenset[str] | None = None, hidden: dict[str, str] | None = None, **answers: Any) -> Attempt:
    return Attempt(answers, hidden or {}, "en", "web", TODAY, left)


def when(subject: str, operator: str, *value: Any) -> dict[str, Any]:
    return {"subject": subject, "operator": operator} | ({"value": value[0]} if value else {})
