"""Causes as they go out."""

from shared.http.schemas import Model


class SuggestedCause(Model):
    """`key` is what `root_cause` takes. `evidence`: the customer's words that speak for it."""

    key: str
    name: str
    evidence: list[str]


class SuggestedCauses(Model):
    data: list[SuggestedCause]
