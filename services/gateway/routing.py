"""Which path belongs to which service: one table, for one process and for nginx alike.

`python -m services.gateway.routing nginx` prints it as nginx locations (deploy/nginx/heed/routes.conf).
"""

import re
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

GATEWAY: Final = "gateway"


class Kind(StrEnum):
    """What the edge does for a route besides passing it on."""

    # A credential is exchanged for a token; without one the service decides.
    SIGNED = "signed"
    # The same, for bodies of any length.
    BULK = "bulk"
    # The same, for answers that stay open.
    STREAM = "stream"
    # The path or the body carries its own secret, or none is needed: nothing is exchanged.
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class Route:
    """`pattern` is a regular expression that Python and PCRE read alike, matched against the whole path."""

    pattern: str
    service: str
    kind: Kind = Kind.SIGNED


# The first that matches counts.
ROUTES: Final = (
    # survey
    Route(r"/(?:s|hooks|w|r)/.*", "survey", Kind.PUBLIC),
    Route(r"/v1/responses/bulk|/v1/uploads|/v1/feedback-imports", "survey", Kind.BULK),
    Route(
        r"/v1/(?:surveys|survey-templates|contact-policy|exposures|triggers|responses|attempts|uploads|feedback|feedback-imports|taxonomy|sources|adapters|replies|reply-templates|reply-policy)(?:/.*)?",
        "survey",
    ),
    Route(r"/v1/(?:text-models|relabelings|emerging-topics)(?:/.*)?", "survey"),
    # notifier
    Route(r"/p/.*", "notifier", Kind.PUBLIC),
    # There in development only; the service sees to that.
    Route(r"/mailbox(?:/.*)?", "notifier", Kind.PUBLIC),
    Route(r"/v1/events/stream", "notifier", Kind.STREAM),
    Route(r"/v1/customers/[^/]+/preferences", "notifier"),
    Route(r"/v1/(?:rules|rule-runs|templates|messages|webhook-endpoints|events|event-consumers)(?:/.*)?", "notifier"),
    Route(r"/v1/(?:slack-channels|suppressions)(?:/.*)?", "notifier"),
    # metrics
    Route(r"/v1/customers/[^/]+/health", "metrics"),
    Route(r"/v1/improvements/[^/]+/effect", "metrics"),
    Route(r"/v1/exports/.*", "metrics", Kind.STREAM),
    Route(
        r"/v1/(?:metrics|custom-metrics|drivers|goals|alerts|experiments|initiatives|risk|topics|journey|cohorts|lifetime-value|rfm|worth-policy|acquisition-spend)(?:/.*)?",
        "metrics",
    ),
    # tickets
    Route(r"/(?:help|assistant|solved|files)/.*", "tickets", Kind.PUBLIC),
    Route(r"/v1/(?:tickets|articles)/[^/]+/attachments", "tickets", Kind.BULK),
    Route(r"/v1/(?:article-categories|article-synonyms|help-centre|assistant)(?:/.*)?", "tickets"),
    Route(
        r"/v1/(?:tickets|ticket-statuses|ticket-fields|ticket-views|sla-policies|calendars|teams|agents|routing-rules|macros|articles|conversations|loops|problems|improvements)(?:/.*)?",
        "tickets",
    ),
    # customers
    Route(r"/v1/(?:customers|activities)/bulk", "customers", Kind.BULK),
    Route(r"/v1/(?:customers|activities|segments|personas)(?:/.*)?", "customers"),
    Route(r"/v1/imports", "customers", Kind.BULK),
    Route(r"/v1/(?:attributes|companies|imports)(?:/.*)?", "customers"),
    # gateway: whoever signs in may carry a cookie that has expired
    Route(r"/v1/sessions", GATEWAY, Kind.PUBLIC),
    Route(r"/v1/(?:accounts|me|users|api-keys|sessions|audit|subject-requests)(?:/.*)?", GATEWAY),
    Route(r"/v1/(?:openapi|asyncapi)\.json", GATEWAY, Kind.PUBLIC),
    Route(r"/(?:docs|assets)(?:/.*)?", GATEWAY, Kind.PUBLIC),
    Route(r"/|/favicon\.ico|/robots\.txt|/livez|/readyz|/metrics|/internal/exchange", GATEWAY, Kind.PUBLIC),
)

# One expression with one group for each route: the regular expression engine is the fastest router there is.
_ANY: Final = re.compile("|".join(f"({route.pattern})" for route in ROUTES))


def find_route(path: str) -> Route | None:
    """The route of a path, or None if no service answers there."""
    match = _ANY.fullmatch(path)
    return ROUTES[match.lastindex - 1] if match is not None and match.lastindex is not None else None


def nginx_locations() -> str:
    """The routes of all services but the gateway, which nginx asks for everything else."""
    lines = ["# Written by `python -m services.gateway.routing nginx`; change services/gateway/routing.py instead."]
    for route in ROUTES:
        if route.service != GATEWAY:
            # Quoted, because a brace or a semicolon would end a bare one.
            place = f'location ~ "^(?:{route.pattern})$"'
            lines.append(f"{place} {{ set $service {route.service}; include heed/{route.kind}.conf; }}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] != ["nginx"]:
        sys.exit("usage: python -m services.gateway.routing nginx")
    sys.stdout.write(nginx_locations())
