"""When two records are one person: the rules, without any storage.

What is strong belongs to one person: a key of the account's own systems, a mailbox that somebody showed to be theirs, a
telephone. What is weak may be shared: families share mailboxes, offices share browsers, and names are common.
"""

from collections.abc import Collection, Iterable

from services.customers.records.holdings import Holding
from services.customers.records.identities import Identity, IdentityKind, WeakKind

# Named in one breath with something of the other record's.
NAMED_TOGETHER = "named_together"

# How probable each makes it that two are one. Judgements, to be corrected by what people accept and dismiss.
WEIGHTS = {
    WeakKind.NAME.value: 0.30,
    WeakKind.DEVICE.value: 0.30,
    WeakKind.ORDER.value: 0.60,
    WeakKind.HANDLE.value: 0.60,
    NAMED_TOGETHER: 0.70,
}
CONFLICT_FACTOR = 0.6
SUGGESTED_FROM = 50


def score(signs: Collection[str], *, conflict: bool) -> int:
    """0 to 100: how probable it is that two records are one person.

    Signs count as independent of each other (noisy-or; Pearl 1988, section 4.3). Strong identities that contradict each
    other lower it; only a person may then merge.
    """
    doubt = 1.0
    for sign in set(signs):
        doubt *= 1 - WEIGHTS[sign]
    return round(100 * (1 - doubt) * (CONFLICT_FACTOR if conflict else 1))


def is_strong(kind: IdentityKind, *, verified: bool) -> bool:
    return kind is not IdentityKind.EMAIL or verified


def strong_ones(held: Iterable[tuple[Identity, Holding]]) -> set[Identity]:
    return {identity for identity, holding in held if is_strong(identity[0], verified=holding.verified)}


def contradictions(one: Collection[Identity], other: Collection[Identity]) -> list[IdentityKind]:
    """The kinds of which both have strong identities and share none: two people, as far as one can tell."""
    found = []
    for kind in IdentityKind:
        ones, others = ({value for k, value in side if k is kind} for side in (one, other))
        if ones and others and not ones & others:
            found.append(kind)
    return found
