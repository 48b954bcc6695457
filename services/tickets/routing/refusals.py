"""Whom, and which team, a ticket cannot be given to."""

from shared.http.errors import Unacceptable


def unknown_person(pointer: str = "/assignee_id") -> Unacceptable:
    """For who is nobody, or nobody who works on tickets."""
    detail = "Nobody who works on tickets has this id; see GET /v1/agents for those who do."
    return Unacceptable.field(pointer, "unknown_person", detail)


def unknown_team(pointer: str = "/team_id") -> Unacceptable:
    return Unacceptable.field(pointer, "unknown_team", "There is no such team; see GET /v1/teams.")
