"""What a credential may do: `<noun>:read` or `<noun>:write`. Roles are named sets of them."""

from typing import Final

NOUNS: Final = (
    "accounts",
    "users",
    "api_keys",
    "audit",
    "customers",
    "surveys",
    "responses",
    "feedback",
    "replies",
    "tickets",
    "metrics",
    "rules",
    "templates",
    "messages",
    "webhooks",
    "events",
    "subjects",
    "sources",
)
ALL: Final = frozenset(f"{noun}:{verb}" for noun in NOUNS for verb in ("read", "write"))
READ_ALL: Final = frozenset(scope for scope in ALL if scope.endswith(":read"))

_PEOPLE_ADMIN = frozenset(
    {"accounts:write", "users:write", "api_keys:read", "api_keys:write", "audit:read", "subjects:read"}
)
_AGENT_WRITES = frozenset({"customers:write", "tickets:write", "feedback:write", "responses:write", "messages:write"})

ROLES: Final[dict[str, frozenset[str]]] = {
    "owner": ALL,
    "admin": ALL - {"accounts:write"},
    "agent": (READ_ALL - _PEOPLE_ADMIN) | _AGENT_WRITES,
    "analyst": READ_ALL - _PEOPLE_ADMIN,
    "viewer": READ_ALL - _PEOPLE_ADMIN - {"events:read", "webhooks:read", "sources:read"},
    # Numbers alone: what nobody in particular said.
    "reporter": frozenset({"metrics:read"}),
}
