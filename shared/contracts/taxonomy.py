"""The topics that an account looks for, as the survey service tells it."""

from typing import ClassVar

from shared.contracts.base import Part, Payload


class TaxonomyTopic(Part):
    """`parent`: the key of the topic that it is a part of. `retired`: not looked for any more; `merged_into` says where
    it went."""

    key: str
    name: str
    parent: str | None
    retired: bool
    merged_into: str | None


class TaxonomyChanged(Payload):
    """The account's topics are these from now on, the retired ones included. Subject: the account."""

    TYPE: ClassVar[str] = "heed.survey.taxonomy.changed.v1"

    topics: tuple[TaxonomyTopic, ...]
