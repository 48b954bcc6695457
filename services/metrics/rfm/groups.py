"""Names for customers by how lately and how often they bought: the ten that the field uses (Putler's, which others took
over), without gaps and overlaps."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

GroupName = Literal[
    "champions",
    "loyal",
    "potential_loyalists",
    "new",
    "promising",
    "need_attention",
    "about_to_sleep",
    "cannot_lose",
    "at_risk",
    "hibernating",
]


class Group(NamedTuple):
    """From and to which scores, both included."""

    recency: tuple[int, int]
    frequency: tuple[int, int]


GROUPS: Final[Mapping[GroupName, Group]] = {
    "champions": Group((5, 5), (4, 5)),
    "loyal": Group((3, 4), (4, 5)),
    "potential_loyalists": Group((4, 5), (2, 3)),
    "new": Group((5, 5), (1, 1)),
    "promising": Group((4, 4), (1, 1)),
    "need_attention": Group((3, 3), (3, 3)),
    "about_to_sleep": Group((3, 3), (1, 2)),
    "cannot_lose": Group((1, 2), (5, 5)),
    "at_risk": Group((1, 2), (3, 4)),
    "hibernating": Group((1, 2), (1, 2)),
}
