"""A survey of twenty questions of every common type, with logic, and a whole answer to it."""

from typing import Any

_SCALE = {"low_label": {"en": "Low"}, "high_label": {"en": "High"}}
_OPTIONS = [{"id": letter, "label": {"en": letter.upper(), "de": letter.upper()}} for letter in "abcdef"]
_LOW = {"subject": "question.score", "operator": "at_most", "value": 6}


def _question(key: str, type: str, **fields: Any) -> dict[str, Any]:
    return {"key": key, "type": type, "title": {"en": f"Question {key}?", "de": f"Frage {key}?"}, **fields}


def definition() -> dict[str, Any]:
    first = [
        _question("score", "nps", required=True),
        _question("why", "long_text", show_when=_LOW, required=True),
        _question("friendly", "csat"),
        _question("easy", "ces", direction="high_is_good"),
        _question("parts", "csi", items=_OPTIONS[:4]),
        _question("stars", "rating"),
        _question("plan", "single", options=_OPTIONS, required=True),
        _question("likes", "multiple", options=_OPTIONS, other=True),
        _question("order", "ranking", options=_OPTIONS),
        _question("grid", "matrix", rows=_OPTIONS[:3], columns=_OPTIONS),
    ]
    second = [
        _question("visits", "number", minimum=0, maximum=1000),
        _question("day", "date", latest="today"),
        _question("code", "short_text", pattern="[A-Z]{2}-[0-9]{1,6}"),
        _question("comment", "long_text"),
        _question("mail", "email"),
        _question("agree", "consent", statement={"en": "I agree.", "de": "Einverstanden."}),
        _question("again", "single", options=_OPTIONS, show_when={"not": _LOW}),
        _question("speed", "rating", points=10, style="numbers"),
        _question("late", "single", options=_OPTIONS, required_when=_LOW),
        _question(
            "more",
            "short_text",
            checks=[
                {
                    "must": {"subject": "question.more", "operator": "length_at_least", "value": 3},
                    "message": {"en": "More.", "de": "Mehr."},
                }
            ],
        ),
    ]
    add = {"variable": "points", "operation": "add", "operand": "question.score", "when": {"not": _LOW}}
    return {
        "locales": ["en", "de"],
        "pages": [
            {
                "key": "first",
                "questions": first,
                "calculations": [add],
                "jumps": [{"to": "bye", "when": {"subject": "question.plan", "operator": "equals", "value": "f"}}],
            },
            {"key": "second", "questions": second},
        ],
        "variables": [{"key": "points", "initial": 0}],
        "endings": [
            {"key": "thanks", "title": {"en": "Thanks", "de": "Danke"}},
            {"key": "bye", "title": {"en": "Bye", "de": "Bis bald"}},
        ],
    }


ANSWERS: dict[str, Any] = {
    "score": 3,
    "why": "The bread was cold and the driver was late, again.",
    "friendly": 4,
    "easy": 6,
    "parts": {"a": 7, "b": 9, "c": 3, "d": 10},
    "stars": 4,
    "plan": "b",
    "likes": ["a", "c", {"other": "The smell"}],
    "order": ["c", "a", "b", "f", "e", "d"],
    "grid": {"a": "a", "b": "c", "c": "f"},
    "visits": 12,
    "day": "2026-02-27",
    "code": "AB-1234",
    "comment": "The bread was warm and the driver was kind, thank you.",
    "mail": "ana@example.com",
    "agree": True,
    "speed": 8,
    "late": "d",
    "more": "Nothing more.",
}


def answers() -> list[dict[str, Any]]:
    """As in the body of `POST /v1/responses`."""
    return [{"question": key, "value": value} for key, value in ANSWERS.items()]
