"""What goes to the process that groups texts, and what comes back."""

from shared.http.schemas import Model


class Texts(Model):
    """`least`: how many make a group."""

    texts: list[str]
    least: int


class Group(Model):
    """`members` are places in the list of texts, the most typical first."""

    members: list[int]
    phrases: list[str]


class Found(Model):
    groups: list[Group]
