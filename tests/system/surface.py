"""What the services offer to the outside, read off their routes; and what of it is open to whom, which is frozen here.

A new route is in the matrix by itself. If it is public, or a viewer may write with it, that must be said here.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})

# Answers without a credential: what every service says of itself, ...
_OWN: Final = {"GET /livez", "GET /readyz", "GET /metrics", "GET /openapi.json"}
PUBLIC: Final = {
    # ... the pages and documents for everybody, the way in, and what the edge asks about the credential it got, ...
    "gateway": _OWN
    | {
        "GET /",
        "GET /assets",
        "GET /docs",
        "GET /docs/events",
        "GET /favicon.ico",
        "GET /robots.txt",
        "GET /v1/asyncapi.json",
        "GET /v1/openapi.json",
        "GET /v1/subject-requests/keys",
        "POST /v1/sessions",
        "GET /internal/exchange",
    },
    "customers": _OWN,
    # ... the hosted page and the receipt, whose link is the credential, the widget, whose key is, and
    # where platforms send, who sign, ...
    "survey": _OWN
    | {"GET /s/{token}", "POST /s/{token}", "GET /s/logos/{token}"}
    | {"GET /r/{token}", "GET /r/{token}/change", "POST /r/{token}/change"}
    | {"GET /r/{token}/delete", "POST /r/{token}/delete"}
    | {"GET /w/{key}.js", "GET /w/{key}/surveys/{survey_id}"}
    | {"GET /hooks/{token}", "POST /hooks/{token}"}
    | {"POST /w/{key}/attempts", "POST /w/{key}/responses", "POST /w/{key}/uploads"}
    | {"GET /w/{key}/messages", "POST /w/{key}/messages"}
    | {"POST /w/{key}/chats", "GET /w/{key}/chats/{chat}/messages", "POST /w/{key}/chats/{chat}/messages"},
    # ... the help pages, which are for everybody, ...
    "tickets": _OWN
    | {"GET /solved/{token}", "POST /solved/{token}", "GET /files/{token}"}
    | {"GET /help/{site}", "GET /help/{site}/{locale}", "GET /help/{site}/{locale}/search"}
    | {"GET /help/{site}/sitemap.xml", "GET /help/{site}/suggestions", "GET /help/{site}/{locale}/feed.atom"}
    | {"GET /help/{site}/{locale}/articles/{named}", "POST /help/{site}/{locale}/articles/{named}/vote"}
    | {"GET /help/{site}/{locale}/articles/{named}/files/{file}"}
    # ... the assistant on web pages, by their key, ...
    | {"POST /assistant/{key}/conversations"}
    | {"GET /assistant/{key}/conversations/{chat}/messages", "POST /assistant/{key}/conversations/{chat}/messages"},
    "metrics": _OWN,
    # ... the page that a message leads to, and the mailbox of those who try Heed out, which production does not have.
    "notifier": _OWN
    | {"GET /p/{token}", "POST /p/{token}"}
    | {"GET /mailbox", "GET /mailbox/{mail_id}", "GET /mailbox/{mail_id}/html"},
}

# Not in the API document: what services ask each other, and pages that people open in a browser; the assistant's
# addresses are its script's own.
UNDESCRIBED: Final = re.compile(
    r"/(?:livez|readyz|metrics|openapi\.json|internal/.*|docs.*|assets|favicon\.ico|robots\.txt|v1/(?:async|open)api\.json"
    r"|r/.*|s/logos/.*|help/.*|files/.*|solved/.*|p/.*|mailbox.*|assistant/.*)?"
)

# Not GET, and still allowed to a viewer: what changes nothing, and what concerns only the viewer.
VIEWER_MAY: Final = {
    "POST /v1/experiments/plan",
    "POST /v1/segments/preview",
    "POST /v1/surveys/validate",
    "POST /v1/taxonomy/trial",
    "POST /v1/surveys/{survey_id}/validate",
    "PUT /v1/me/password",
    "DELETE /v1/sessions/current",
    "POST /v1/rules/{rule_id}/simulate",
    "POST /v1/sla-policies/{policy_id}/what-if",
    "POST /v1/routing-rules/simulate",
    "POST /v1/macros/{macro_id}/preview",
    "POST /v1/templates/{template_id}/preview",
}

_TARGETS: Final = {"first_response_seconds": 3_600, "resolution_seconds": 86_400}
POLICY: Final = {"name": "Faster", "targets": dict.fromkeys(("low", "normal", "high", "urgent"), _TARGETS)}
CALENDAR: Final = {
    "name": "Office",
    "timezone": "Europe/Rome",
    "week": {"monday": [{"opens": "09:00", "closes": "12:00"}, {"opens": "13:00", "closes": "24:00"}]},
    "dates": [{"date": "2026-12-24", "name": "Christmas Eve", "hours": [{"opens": "09:00", "closes": "12:00"}]}],
}
_TRIGGER: Final = {
    "name": "After a large purchase",
    "on": {
        "event": "activity",
        "kind": "purchase",
        "conditions": [{"field": "amount", "test": "at_least", "value": 100}],
    },
    "delay_minutes": 60,
    "sample_percent": "50",
    "window": {"start": "09:00", "end": "17:00", "days": [1, 2]},
    "weekly_cap": 100,
}
# A good body for every operation on something that exists: what is refused must be refused for the id's sake.
EXPERIMENT: Final = {
    "name": "Voucher",
    "hypothesis": "Who gets a voucher after a complaint buys again.",
    "variants": [{"key": "nothing"}, {"key": "voucher"}],
    "outcome": {"measure": "conversion"},
    "plan": {"baseline": "10", "minimum_effect": "5"},
}
INITIATIVE: Final = {
    "name": "Call back within a day",
    "started_at": "2026-02-01T00:00:00Z",
    "outcome": {"measure": "conversion"},
    "cost": {"amount": "500", "currency": "EUR"},
    "comparator": {"kind": "matched"},
}

BODIES: Final[Mapping[str, Any]] = {
    "PATCH /v1/users/{user_id}": {"name": "Somebody else"},
    "PATCH /v1/api-keys/{api_key_id}": {"name": "The website's"},
    "PATCH /v1/customers/{customer_id}": {"name": "Ana Lima"},
    "PATCH /v1/attributes/{attribute_id}": {"label": "Plan"},
    "PATCH /v1/companies/{company_id}": {"name": "Sousa & Filhos"},
    "POST /v1/imports/{import_id}/run": {"country": "PT", "dry_run": False, "mapping": {"email": "email"}},
    "POST /v1/customers/merge-suggestions/{suggestion_id}/decide": {"merge": False},
    "POST /v1/customers/{customer_id}/identities": {"kind": "device", "value": "browser-2"},
    "POST /v1/customers/{customer_id}/notes": {"text": "Call after six"},
    "PUT /v1/customers/{customer_id}/notes/{note_id}": {"text": "Call before six"},
    "POST /v1/customers/{customer_id}/merge": {"customer_id": "{other_customer_id}"},
    "POST /v1/customers/{customer_id}/unmerge": {"customer_id": "{other_customer_id}"},
    "POST /v1/customers/{customer_id}/consents": {
        "purpose": "surveys",
        "granted": True,
        "proof": {"source": "form"},
    },
    "PATCH /v1/segments/{segment_id}": {"name": "Renamed"},
    "POST /v1/segments/{segment_id}/members": {"customer_ids": ["{customer_id}"]},
    "PUT /v1/segments/{segment_id}/persona": {
        "summary": "Climbs twice a week",
        "goals": ["Come back unhurt"],
        "picture": {"emoji": "🧗", "colour": "#2f6f4e"},
    },
    "PATCH /v1/surveys/{survey_id}": {"name": "Renamed"},
    "POST /v1/surveys/{survey_id}/invitations": {"customers": [{"email": "nobody@example.com"}], "channel": "link"},
    "PUT /v1/surveys/{survey_id}/asking": {
        "answered_days": 90,
        "most_times": 3,
        "sample_percent": "50",
        "reminders": {"most": 2, "days": 3},
    },
    "POST /v1/surveys/{survey_id}/runs": {"customer_ids": ["00000000-0000-4000-8000-000000000000"], "channel": "link"},
    "POST /v1/surveys/{survey_id}/triggers": _TRIGGER,
    "PUT /v1/surveys/{survey_id}/triggers/{trigger_id}": _TRIGGER,
    "POST /v1/surveys/{survey_id}/experiments": {
        "name": "Subjects",
        "of": "invitation",
        "variants": [{"key": "plain", "weight": 2}, {"key": "warm", "subject": "A word?", "text": "It helps us."}],
        "holdout_percent": "5",
    },
    "PUT /v1/surveys/{survey_id}/recurrence": {"every_days": 90, "anchor_attribute": "since"},
    "POST /v1/feedback-imports/{import_id}/preview": {},
    "POST /v1/feedback-imports/{import_id}/run": {"dry_run": False},
    "PATCH /v1/feedback/{feedback_id}": {"sentiment": "positive"},
    "POST /v1/feedback/{feedback_id}/reply": {"text": "Thank you!"},
    "PATCH /v1/replies/{reply_id}": {"text": "Thank you so much!"},
    "POST /v1/replies/{reply_id}/reject": {"reason": "Too short"},
    "PUT /v1/reply-templates/{template_id}": {"name": "Thanks", "locale": "en", "text": "Thank you!"},
    "PATCH /v1/sources/{source_id}": {"name": "Renamed", "settings": {}, "silent_after_days": 3},
    "POST /v1/sources/{source_id}/secrets": {"secrets": {"signing_secrets": ["another secret"]}},
    "POST /v1/sources/dry-run": {
        "body": '{"id": "1"}',
        "settings": {
            "auth": {"kind": "bearer"},
            "rules": [{"what": "feedback", "kind": "review", "channel": "own", "id": "$.id"}],
        },
    },
    "POST /v1/sources/{source_id}/dry-run": {"body": "{}", "headers": {"x-topic": "reviews"}, "settings": {}},
    "POST /v1/sources/{source_id}/replay": {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"},
    "POST /v1/emerging-topics/{topic_id}/adopt": {"key": "loud_music", "name": "Loud music"},
    "PUT /v1/taxonomy": {"topics": [{"key": "delivery", "name": "Delivery", "synonyms": {"en": ["deliver*"]}}]},
    "PATCH /v1/taxonomy/topics/{topic_key}": {"name": "Parcels", "synonyms": {"en": ["parcel*"]}},
    "PATCH /v1/tickets/{ticket_id}": {"priority": "low"},
    "POST /v1/tickets/{ticket_id}/resolve": {"reason": "Sent a new box"},
    "POST /v1/tickets/{ticket_id}/reopen": {"reason": "It came broken again"},
    "POST /v1/tickets/{ticket_id}/messages": {"text": "A new box is on its way."},
    "POST /v1/tickets/{ticket_id}/links": {"ticket_id": "{lost_ticket_id}", "relation": "related"},
    "POST /v1/tickets/{ticket_id}/merge": {"ticket_ids": ["{other_ticket_id}"]},
    "POST /v1/tickets/{ticket_id}/split": {"message_ids": ["{said_id}"], "subject": "The lamp"},
    "POST /v1/tickets/{ticket_id}/snooze": {"until": "2026-03-04T09:00:00Z"},
    "POST /v1/tickets/{ticket_id}/escalate": {"reason": "She waits for a week"},
    "PATCH /v1/ticket-views/{view_id}": {"name": "Mine", "filters": {"mine": True}, "sort": "updated_at"},
    "PATCH /v1/problems/{problem_id}": {"state": "investigating"},
    "POST /v1/problems/{problem_id}/link": {"ticket_ids": ["{ticket_id}"]},
    "POST /v1/problems/{problem_id}/unlink": {"ticket_ids": ["{ticket_id}"]},
    "PATCH /v1/improvements/{improvement_id}": {"title": "Another carrier"},
    "POST /v1/improvements/{improvement_id}/ship": {"shipped_at": "2026-03-01T09:00:00Z"},
    "POST /v1/improvements/{improvement_id}/tell": {"you_said": "It is late.", "we_did": "Not any more."},
    "POST /v1/loops/{loop_id}/contacted": {"reason": "Called her"},
    "POST /v1/loops/{loop_id}/confirmed": {"reason": "She is glad"},
    "PUT /v1/tickets/{ticket_id}/draft": {"text": "A new box"},
    "POST /v1/tickets/{ticket_id}/draft/send": {"seen_version": 9},
    "PUT /v1/tickets/{ticket_id}/presence": {"activity": "writing"},
    "PATCH /v1/ticket-fields/{field_id}": {"label": "Order", "required_in": ["closed"]},
    "PATCH /v1/ticket-statuses/{status_id}": {"name": "Waiting for the carrier"},
    "PUT /v1/sla-policies/{policy_id}": POLICY,
    "POST /v1/sla-policies/{policy_id}/what-if": {"days": 7, "policy": POLICY, "calendar": CALENDAR},
    "PUT /v1/calendars/{calendar_id}": CALENDAR,
    "PATCH /v1/articles/{article_id}": {"visibility": "internal", "note": "For staff only"},
    "POST /v1/articles/{article_id}/revisions/{version}/restore": {"note": "It was better"},
    "POST /v1/articles/{article_id}/attachments": "any bytes",
    "POST /v1/tickets/{ticket_id}/attachments": "any bytes",
    "POST /v1/articles/{article_id}/vote": {"helpful": False, "visitor": "v-1", "comment": "Where is the form?"},
    "POST /v1/conversations/{conversation_id}/messages": {"text": "And the lamp?"},
    "POST /v1/conversations/{conversation_id}/end": {"resolved": False, "rating": 4},
    "PATCH /v1/article-categories/{category_id}": {"names": {"en": "Sending back"}, "position": 3},
    "PUT /v1/teams/{team_id}/satisfaction-policy": {"kind": "ces", "delay_seconds": 600},
    "PUT /v1/teams/{team_id}/follow-up-policy": {"new_ticket_after_days": 7, "keep_assignee": False},
    "PATCH /v1/custom-metrics/{metric_id}": {"expression": "nps / (1 + backlog)"},
    "PATCH /v1/macros/{macro_id}": {"name": "Renamed", "actions": {"note": "For {{ customer.name }}"}},
    "POST /v1/macros/{macro_id}/preview": {"ticket_id": "{ticket_id}"},
    "POST /v1/macros/{macro_id}/apply": {"ticket_ids": ["{ticket_id}"]},
    "POST /v1/tickets/{ticket_id}/take": {"assignee_id": "{user_id}"},
    "PATCH /v1/teams/{team_id}": {"strategy": "least_load", "longest_unassigned_seconds": 600},
    "PUT /v1/agents/{user_id}": {
        "skills": ["refunds"],
        "languages": ["pt"],
        "capacity": 20,
        "channel_capacity": {"chat": 3},
    },
    "POST /v1/agents/{user_id}/absences": {"starts_at": "2026-07-01T00:00:00Z", "ends_at": "2026-07-15T00:00:00Z"},
    "PATCH /v1/routing-rules/{rule_id}": {"condition": "ticket.channel == 'email'", "skills": ["refunds"]},
    "PATCH /v1/rules/{rule_id}": {"enabled": True},
    "POST /v1/rules/{rule_id}/simulate": {},
    "PUT /v1/templates/{template_id}": {
        "subject": "Hello",
        "text": "Hello.",
        "mjml": "<mjml><mj-body></mj-body></mjml>",
    },
    "POST /v1/templates/{template_id}/preview": {},
    "PATCH /v1/webhook-endpoints/{endpoint_id}": {"description": "The shop's"},
    "POST /v1/webhook-endpoints/{endpoint_id}/redeliver": {"after": 0},
    "PATCH /v1/slack-channels/{channel_id}": {"name": "#praise"},
    "PUT /v1/experiments/{experiment_id}": EXPERIMENT,
    "PUT /v1/alerts/{watch_id}": {"name": "Falls", "metric": "nps", "minimum_effect": 8, "every": "day"},
    "PUT /v1/initiatives/{initiative_id}": INITIATIVE,
    "POST /v1/initiatives/{initiative_id}/members": {
        "members": [{"customer_id": "00000000-0000-7000-8000-000000000000", "treated": True}]
    },
    "PUT /v1/acquisition-spend/{spend_id}": {
        "from": "2026-02-01",
        "to": "2026-03-01",
        "amount": {"amount": "600", "currency": "EUR"},
    },
}


_NOTHING: Final = "00000000-0000-7000-8000-000000000000"
# What has to be asked for.
QUERIES: Final = {"GET /v1/experiments/{experiment_id}/assignment": f"?customer_id={_NOTHING}"}


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def ids(self) -> list[str]:
        """Names of the path's parameters that stand for something of an account."""
        return [name for name in re.findall(r"\{(\w+)", self.path) if name.endswith("_id")]

    @property
    def is_write(self) -> bool:
        return self.method in WRITES

    def url(self, values: Mapping[str, Any]) -> str:
        """The path with its parameters filled in; `x` where `values` has none."""
        path = re.sub(r"\{(\w+)[^}]*\}", lambda found: str(values.get(found[1], "x")), self.path)
        return path + QUERIES.get(str(self), "")

    def body(self, values: Mapping[str, Any]) -> Any:
        """Of `BODIES`, with the ids in braces filled in; an id of nothing where `values` has none."""
        text = json.dumps(BODIES.get(str(self)))
        return json.loads(re.sub(r"\{(\w+_id)\}", lambda found: str(values.get(found[1], _NOTHING)), text))


def operations(app: FastAPI) -> list[Operation]:
    """Everything that the application's routes answer; last what ends the life of something that others need, a part
    before the whole."""
    ends = ("archive", "cancel", "resolve", "DELETE")
    found = sorted(
        set(_operations(app)),
        key=lambda one: (str(one).startswith(ends) or one.path.endswith(ends), -one.path.count("/"), str(one)),
    )
    assert len(found) > len(_OWN), "the routes were not found"
    return found


def _operations(app: FastAPI) -> Iterator[Operation]:
    for route in iter_route_contexts(app.routes):
        # What is mounted, such as files, has no methods.
        for method in set(route.methods or {"GET"}) - {"HEAD", "OPTIONS"}:
            yield Operation(method, route.path or "")
