"""What no honest client sends: a good body for each operation, and ways to spoil it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from tests.bench import twenty
from tests.system.surface import BODIES, CALENDAR, POLICY

_PERSON: Final = {"email": "bea@example.com", "name": "Bea", "role": "agent", "password": "correct horse battery"}
_ANSWERS: Final = [{"question": "score", "value": 9}, {"question": "comment", "value": "Fine."}]
_RESPONSE: Final = {
    "survey_id": "{survey_id}",
    "submission_id": "s-1",
    "answers": _ANSWERS,
    "customer": {"email": "bea@example.com", "name": "Bea"},
    "completed": True,
    "channel": "api",
    "dimensions": {"shop": "Leipzig"},
    "language": "en",
    "occurred_at": "2026-03-01T12:00:00Z",
}
_CUSTOMER: Final = {
    "external_id": "c-1",
    "email": "bea@example.com",
    "phone": "+4930123456",
    "name": "Bea",
    "locale": "en",
    "timezone": "Europe/Lisbon",
    "company": "Sousa Lda",
    "email_verified": False,
    "preferred_channel": "email",
    "attributes": {"plan": "gold", "orders": 3, "rate": 0.5},
}
_ACTIVITY: Final = {
    "customer": {"email": "bea@example.com", "name": "Bea"},
    "kind": "custom",
    "name": "tasting",
    "occurred_at": "2026-03-01T12:00:00Z",
    "amount": {"amount": "12.50", "currency": "EUR"},
    "touchpoint": "shop",
    "properties": {"guests": 3},
    "source": "till",
    "source_id": "t-1",
}
_OPEN_TICKET: Final = {"type": "open_ticket", "subject": "Call back", "priority": "high", "tags": ["x"]}
_CONDITION: Final = {
    "type": "all",
    "conditions": [
        {"type": "attribute", "name": "plan", "op": "one_of", "value": ["gold"]},
        {"type": "not", "condition": {"type": "activity", "kind": "purchase", "within_days": 30, "value": 3}},
    ],
}
# Besides those of `surface`: what makes something new.
GOOD: Final[Mapping[str, Any]] = {
    **BODIES,
    "PUT /v1/teams/{team_id}/members/{user_id}": {"role": "viewer"},
    "PUT /v1/metrics/privacy": {"minimum": 5},
    "POST /v1/experiments": BODIES["PUT /v1/experiments/{experiment_id}"],
    "POST /v1/experiments/plan": {
        "outcome": {"kind": "nps"},
        "plan": {"baseline": "20", "minimum_effect": "5", "spread": "80"},
    },
    "POST /v1/initiatives": BODIES["PUT /v1/initiatives/{initiative_id}"],
    "POST /v1/lifetime-value/fits": {"currency": "EUR"},
    "PUT /v1/worth-policy": {"begins_with": ["purchase"], "active_by": ["purchase"]},
    "POST /v1/acquisition-spend": BODIES["PUT /v1/acquisition-spend/{spend_id}"],
    "POST /v1/webhook-endpoints/{endpoint_id}/rotate-secret": {"overlap_hours": 0},
    "POST /v1/reply-templates": {"name": "Thanks", "locale": "en", "text": "Thank you, {{name}}!", "lowest": 75},
    "PUT /v1/reply-policy": {"approve_up_to": 25},
    "POST /v1/feedback": {
        "channel": "phone",
        "customer": {"email": "bea@example.com"},
        "text": "It came late.",
        "score": {"kind": "nps", "value": 3},
        "dimensions": {"shop": "porto"},
    },
    "POST /v1/feedback/records": {
        "submission_id": "s-1",
        "source_type": "survey",
        "field_id": "q-1",
        "field_type": "nps",
        "value_number": 3,
        "metadata": {"country": "PT"},
        "collected_at": "2026-03-02T08:00:00Z",
    },
    "POST /v1/accounts": {"name": "Second shop", "locale": "en", "timezone": "UTC", "owner": _PERSON},
    "PATCH /v1/accounts/current": {"name": "Corner shop", "locale": "en", "timezone": "UTC"},
    "PUT /v1/me/password": {"current_password": "correct horse", "new_password": "battery staple"},
    "POST /v1/users": _PERSON,
    "POST /v1/sessions": {"email": "bea@example.com", "password": "correct horse"},
    "POST /v1/api-keys": {"name": "x", "scopes": ["tickets:read"], "expires_at": "2027-01-01T00:00:00Z"},
    "POST /v1/subject-requests": {"kind": "erase", "mode": "delete", "customer_id": "{user_id}"},
    "POST /v1/customers/readmissions": {"email": "bea@example.com"},
    "POST /v1/customers": _CUSTOMER,
    "POST /v1/customers/bulk": {"customers": [_CUSTOMER]},
    "POST /v1/activities": _ACTIVITY,
    "POST /v1/activities/bulk": {"activities": [_ACTIVITY]},
    "POST /v1/customers/actions": {"customer_ids": ["{customer_id}"], "set": {"locale": "pt"}},
    "POST /v1/attributes": {
        "name": "plan_of_choice",
        "kind": "choice",
        "label": "Plan",
        "description": "x",
        "choices": [{"value": "gold", "label": "Gold"}],
    },
    "POST /v1/companies": {"name": "Sousa Lda", "domain": "sousa.example.com"},
    "POST /v1/segments": {"name": "x", "description": "y", "condition": _CONDITION},
    "POST /v1/segments/preview": {"condition": _CONDITION},
    "POST /v1/surveys": {"name": "x", "kind": "nps", "cooldown_days": 3, "texts": {"en": {"question": "Well?"}}},
    "PUT /v1/contact-policy": {
        "gap_days": 2,
        "budgets": [{"most": 3, "days": 7, "channel": "email"}],
        "exceptions": [{"segment_id": "{customer_id}", "never": True, "gap_days": 1, "budgets": []}],
        "quiet_hours": [{"start": "21:00", "end": "08:00", "channel": "sms"}],
    },
    "POST /v1/articles": {
        "visibility": "draft",
        "publish_at": "2027-01-01T00:00:00Z",
        "translations": {"en": {"title": "x", "summary": "y", "body": "z", "questions": ["Where?"]}},
    },
    "POST /v1/article-categories": {"names": {"en": "Returns", "de": "Rückgabe"}, "position": 1},
    "POST /v1/conversations": {"text": "Where is it?", "name": "Bea", "locale": "en", "channel": "chat"},
    "PUT /v1/assistant/external-model": {
        "enabled": False,
        "base_url": "https://127.0.0.1/v1",
        "model": "small",
        "api_key": "sk-x",
        "monthly_calls": 10,
        "monthly_characters": 1_000,
    },
    "PUT /v1/assistant": {"enabled": True, "answer_within_minutes": 5, "chain": ["owner"], "policy_words": ["x"]},
    "PUT /v1/help-centre": {
        "is_open": True,
        "intro": {"en": "Ask us."},
        "accent": "#0b6b63",
        "accent_dark": "#6fd6c9",
        "contact_url": "https://shop.example/contact",
    },
    "PUT /v1/article-synonyms": {"groups": [["refund", "money back"]]},
    "POST /v1/taxonomy/topics": {
        "key": "parking",
        "name": "Parking",
        "parent": "availability",
        "synonyms": {"en": ["car park*"], "any": ["P+R"]},
    },
    "POST /v1/taxonomy/topics/{topic_key}/merge": {"into": "availability"},
    "POST /v1/taxonomy/trial": {"text": "The parcel was late.", "language": "en"},
    "POST /v1/surveys/validate": {"definition": twenty.definition()},
    "POST /v1/responses": _RESPONSE,
    "POST /v1/responses/bulk": {"responses": [_RESPONSE]},
    "POST /v1/attempts": {
        "survey_id": "{survey_id}",
        "submission_id": "s-2",
        "state": "started",
        "seen": {"score": 4_000},
        "last_question": "score",
        "channel": "web",
        "dimensions": {"shop": "Leipzig"},
        "language": "en",
    },
    "POST /v1/sources": {
        "adapter": "judgeme",
        "name": "Reviews of the shop",
        "settings": {"shop_domain": "shop.example"},
        "secrets": {"signing_secrets": ["a secret of the shop"]},
        "silent_after_days": 7,
    },
    "POST /v1/text-models": {"kind": "topics", "precision": 0.8},
    "PUT /v1/text-models/external": {
        "enabled": False,
        "base_url": "https://127.0.0.1/v1",
        "model": "small",
        "api_key": "sk-x",
        "monthly_calls": 10,
        "monthly_characters": 1_000,
    },
    "POST /v1/relabelings": {
        "from": "2026-01-01T00:00:00Z",
        "to": "2026-02-01T00:00:00Z",
        "filter": {"kind": "survey", "channel": "web", "language": "en", "survey_id": "{survey_id}"},
    },
    "POST /v1/calendars": CALENDAR | {"holidays": [{"country": "IT"}], "feed_url": "https://example.com/holidays.ics"},
    "POST /v1/sla-policies": POLICY
    | {
        "position": 3,
        "conditions": {"priorities": ["high"], "channels": ["email"], "tags": ["x"], "origins": ["rule"]},
        "hours": "around_the_clock",
        "paused_in": {"resolution": ["pending"]},
        "warn_at": [50, 90],
    },
    "POST /v1/tickets": {"subject": "Late", "description": "Very.", "tags": ["x"], "customer_id": "{customer_id}"},
    "POST /v1/problems": {
        "title": "It comes late",
        "description": "To the islands",
        "cause": "late",
        "state": "known",
        "ticket_ids": ["{ticket_id}"],
    },
    "POST /v1/improvements": {
        "title": "Another carrier",
        "problem_ids": ["{problem_id}"],
        "description": "From May on",
        "cost": {"amount": "1200.00", "currency": "EUR"},
        "starts_on": "2026-05-01",
        "expected_effect": {"metric": "nps", "change": "5"},
        "state": "in_progress",
    },
    "PUT /v1/loops/policy": {
        "required_at_resolve": ["root_cause"],
        "allowances": {
            "needs_follow_up_seconds": 86_400,
            "contacted_seconds": 604_800,
            "fixed_seconds": None,
            "confirmed_seconds": None,
        },
    },
    "POST /v1/ticket-fields": {
        "key": "colour",
        "kind": "choice",
        "choices": [{"value": "red", "label": "Red"}],
        "required_in": ["closed"],
    },
    "POST /v1/ticket-views": {
        "name": "Late parcels",
        "shared": True,
        "filters": {"state": ["open"], "tag": ["late"], "field": ["order:1017"], "mine": True},
        "columns": ["number", "fields.order"],
    },
    "POST /v1/tickets/bulk": {
        "ticket_ids": ["{ticket_id}"],
        "changes": {"priority": "high", "fields": {"order": "1017"}},
        "add_tags": ["late"],
        "reason": "All of one lorry",
    },
    "PUT /v1/tickets/access-policy": {"other_teams": "read_only"},
    "PUT /v1/tickets/follow-up-policy": {"new_ticket_after_days": 14, "keep_assignee": True},
    "POST /v1/ticket-statuses": {"name": "Lost", "state": "on_hold", "position": 3, "is_default": False},
    "PUT /v1/tickets/satisfaction-policy": {
        "ask": True,
        "kind": "ces",
        "survey_id": "{customer_id}",
        "delay_seconds": 60,
    },
    "POST /v1/macros": {
        "name": "Refund",
        "shared": True,
        "actions": {
            "reply": "Dear {{ customer.first_name | default('customer') }}, the money is on its way.",
            "changes": {"priority": "low", "state": "pending"},
            "add_tags": ["refund"],
            "snooze_seconds": 86_400,
            "reason": "Refunded",
        },
    },
    "POST /v1/teams": {"name": "Refunds", "strategy": "round_robin", "longest_unassigned_seconds": 600},
    "POST /v1/routing-rules": {
        "name": "Refunds",
        "condition": "ticket.subject.contains('refund')",
        "team_id": "{team_id}",
        "skills": ["refunds"],
        "priority": "high",
        "tags": ["refund"],
        "position": 3,
    },
    "POST /v1/routing-rules/simulate": {
        "days": 7,
        "limit": 10,
        "rules": [{"name": "x", "condition": "true", "team_id": "{team_id}"}],
    },
    "POST /v1/rules": {
        "name": "x",
        "event_type": "heed.survey.feedback.received.v1",
        "condition": "data.text != ''",
        "actions": [_OPEN_TICKET],
        "max_event_age_seconds": 3_600,
    },
    "POST /v1/messages": {"customer_id": "{customer_id}", "subject": "Hello", "text": "It is on its way."},
    "POST /v1/alerts": {
        "name": "Mails",
        "metric": "nps",
        "filter": {"channel": ["email"]},
        "by": "touchpoint",
        "direction": "down",
        "minimum_effect": 8,
        "minimum_n": 30,
        "alarms_per_month": 0.25,
    },
    "POST /v1/custom-metrics": {"name": "calmer", "title": "Calmer", "expression": "nps - csat"},
    "POST /v1/slack-channels": {"name": "#complaints", "url": "https://127.0.0.1/services/T0/B0/X"},
    "POST /v1/webhook-endpoints": {"url": "https://127.0.0.1/heed", "description": "x", "types": ["heed.*"]},
}

# No JSON, or no text that PostgreSQL can hold: never to be accepted, wherever it stands.
REFUSED: Final[Mapping[str, bytes]] = {
    "NUL": b'"a\\u0000b"',
    "raw NUL": b'"a\x00b"',
    "lone surrogate": b'"a\\ud800b"',
    "invalid UTF-8": b'"a\xffb"',
    "not a number": b"NaN",
    "infinity": b"-Infinity",
    "beyond floats": b"1e999",
    "beyond integers": b"9" * 5_000,
    "deep list": b"[" * 10_000 + b"]" * 10_000,
    "deep object": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
}
# May be welcome in one place or another, and must not break any.
ODD: Final[Mapping[str, bytes]] = {
    "null": b"null",
    "list": b"[]",
    "object": b"{}",
    "negative": b"-1",
    "large": b"99999999999999999999",
    "long": b'"' + b"x" * 200_000 + b'"',
    "other scripts": '"\u202e\ufeff\U0010ffff\u0085"'.encode(),
}
WHOLE: Final[Mapping[str, bytes]] = {
    "nothing": b"",
    "text": b'"text"',
    "list": b"[]",
    "null": b"null",
    "half": b'{"name": ',
    "ten megabytes": b'{"name": "' + b"x" * 10_000_000 + b'"}',
    "no text": bytes(range(256)),
    **REFUSED,
}
QUERY: Final = ("%00", "%FF%FE", "x" * 60_000, "9" * 400, "NaN", "%F0%9F%92%A9", "2026-02-30")

_MARK: Final = "\ufdd0here"


def spoiled(good: Any, tokens: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """The body with each of its values, and each key of its free mappings, replaced by each token in turn."""
    for place in _places(good):
        marked = orjson.dumps(_replaced(good, place, _MARK))
        for name, token in tokens.items():
            yield f"{name} at /{'/'.join(map(str, place))}", marked.replace(orjson.dumps(_MARK), token)


def _places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from _places(value, (*path, key))


def _replaced(node: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy = node.copy()
    copy[path[0]] = _replaced(node[path[0]], path[1:], value)
    return copy
