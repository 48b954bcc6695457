"""What conditions mean: the compiled statement agrees with plain Python about everybody, now and later."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.customers.activities.models import Activity
from services.customers.consents.models import Consent
from services.customers.records.models import Customer
from services.customers.segments.compiling import compile_condition
from services.customers.segments.conditions import CONDITION
from services.customers.segments.models import FeedbackFact, SegmentMember
from services.customers.segments.scope import Scope
from shared.contracts.consent import Statement
from shared.ids import new_id
from shared.testing.harness import Harness
from shared.work import Work
from tests.customers.segments.evaluator import Did, Said, Somebody, is_true

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SEGMENTS = [UUID(int=number) for number in (1, 2)]
TEXTS = ["", "gold", "Gold", "gol", "ö", "a", "10", "9", "\U0001f600"]
VALUES = st.sampled_from([*TEXTS, True, False, 0, 1, 1.0, 10, 9, -3, 0.1, 2**53 - 1])
NAMES = st.sampled_from(["plan", "seats"])
MONEY = st.decimals(0, 200, places=2)
# Whole days ago and a moment beside them: where windows begin and end.
MOMENTS = st.builds(
    lambda days, shift: NOW - timedelta(days=days, microseconds=shift), st.integers(0, 6), st.sampled_from([0, 1, -1])
)
KINDS = st.sampled_from(["purchase", "visit", "custom"])
BANDS = st.sampled_from(["negative", "neutral", "positive"])
SCHEMES = st.sampled_from(["nps", "csat"])
COMPARISON = {"op": st.sampled_from(["gte", "lt", "eq", "lte", "gt"]), "value": st.integers(0, 3)}
WINDOW = st.none() | st.integers(1, 6)


def said_of(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


@st.composite
def valued(draw: st.DrawFn, /, kind: str, **fields: Any) -> dict[str, Any]:
    ops = ["eq", "one_of", "begins_with", "contains", "known", "unknown"]
    op = draw(st.sampled_from(ops if kind == "profile" else [*ops, "lt", "lte", "gt", "gte"]))
    texts = st.sampled_from(TEXTS)
    body = {"type": kind, "op": op, **{name: draw(value) for name, value in fields.items()}}
    if op == "one_of":
        return body | {"value": draw(st.lists(texts if kind == "profile" else VALUES, min_size=1, max_size=3))}
    if op in ("known", "unknown"):
        return body
    if op in ("begins_with", "contains"):
        return body | {"value": draw(texts.filter(bool))}
    values = texts if kind == "profile" else VALUES.filter(lambda value: op == "eq" or not isinstance(value, bool))
    return body | {"value": draw(values)}


@st.composite
def activity(draw: st.DrawFn) -> dict[str, Any]:
    measure = draw(st.sampled_from(["count", "sum", "days_since_last"]))
    kind = draw(st.none() | KINDS)
    fields = {
        "kind": kind,
        "name": draw(st.none() | st.just("tasting")) if kind == "custom" else None,
        "touchpoint": draw(st.none() | st.just("shop")),
        "currency": "EUR" if measure == "sum" else None,
        "within_days": draw(WINDOW) if measure != "days_since_last" else None,
        **{name: draw(value) for name, value in COMPARISON.items()},
    }
    if measure == "sum":
        fields["value"] = str(draw(MONEY))
    return {"type": "activity", "measure": measure, **said_of(fields)}


@st.composite
def feedback(draw: st.DrawFn) -> dict[str, Any]:
    measure = draw(st.sampled_from(["count", "last", "average", "days_since_last"]))
    fields = {
        "scheme": draw(SCHEMES if measure in ("last", "average") else st.none() | SCHEMES),
        "band": draw(st.none() | BANDS),
        "sentiment": draw(st.none() | BANDS),
        "within_days": draw(WINDOW) if measure != "days_since_last" else None,
        **{name: draw(value) for name, value in COMPARISON.items()},
    }
    return {"type": "feedback", "measure": measure, **said_of(fields)}


CONSENT = st.fixed_dictionaries(
    {
        "type": st.just("consent"),
        "purpose": st.sampled_from(["marketing", "surveys"]),
        "channel": st.sampled_from(["email", "any"]),
        "allowed": st.booleans(),
    }
)
LEAVES = st.one_of(
    valued("profile", field=st.sampled_from(["name", "locale", "company", "preferred_channel"])),
    valued("attribute", name=NAMES),
    activity(),
    feedback(),
    CONSENT,
    st.fixed_dictionaries({"type": st.just("known_for"), **COMPARISON}),
    st.sampled_from(SEGMENTS).map(lambda each: {"type": "segment", "segment_id": str(each)}),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda below: (
        st.builds(lambda part: {"type": "not", "condition": part}, below)
        | st.builds(
            lambda kind, parts: {"type": kind, "conditions": parts},
            st.sampled_from(["all", "any"]),
            st.lists(below, min_size=1, max_size=3),
        )
    ),
    max_leaves=6,
)
DID = st.builds(
    lambda kind, touchpoint, at, money: Did(
        new_id(), kind, "tasting" if kind == "custom" else None, touchpoint, at, *money
    ),
    KINDS,
    st.none() | st.just("shop"),
    MOMENTS.map(lambda at: min(at, NOW)),
    st.just((None, None)) | st.tuples(MONEY, st.sampled_from(["EUR", "EUR", "USD"])),
)
SAID = st.builds(
    lambda scheme, value, band, sentiment, at: Said(
        new_id(), scheme, Decimal(value) if scheme else None, band if scheme else None, sentiment, at
    ),
    st.none() | SCHEMES,
    st.integers(0, 6),
    BANDS,
    st.none() | BANDS,
    MOMENTS.map(lambda at: min(at, NOW)),
)
STATED = st.builds(
    lambda purpose, channel, granted, at: Statement(new_id(), purpose, channel, granted, "consent", at),
    st.sampled_from(["marketing", "surveys", "marketing", "surveys", "analytics"]),
    st.sampled_from(["email", "any"]),
    st.booleans(),
    st.sampled_from([NOW, NOW - timedelta(days=1)]),
)
SOMEBODY = st.builds(
    lambda **fields: Somebody(new_id(), **fields),
    record=st.fixed_dictionaries(
        dict.fromkeys(["name", "locale", "company", "preferred_channel"], st.none() | st.sampled_from(TEXTS))
    ),
    attributes=st.dictionaries(NAMES, VALUES),
    known_since=MOMENTS.map(lambda at: min(at, NOW)),
    restricted=st.integers(0, 9).map(lambda number: number == 9),
    did=st.lists(DID, max_size=5),
    said=st.lists(SAID, max_size=4),
    stated=st.lists(STATED, max_size=4),
    segments=st.lists(st.sampled_from(SEGMENTS), unique=True),
)


def store(work: Work, who: Somebody) -> None:
    whose = {"account_id": work.account_id, "customer_id": who.id}
    empty = dict.fromkeys(column.key for column in Customer.__table__.columns)
    times = {"version": 1, "created_at": who.known_since, "updated_at": NOW}
    own = {"id": who.id, "account_id": work.account_id, "attributes": who.attributes, "restricted": who.restricted}
    work.session.add(Customer(**{**empty, **times, **own, **who.record}))
    for did in who.did:
        fields = {**vars(did), "source_id": str(did.id), "source": "test", "received_at": NOW}
        work.session.add(Activity(**whose, **fields, properties={}, version=1, told_version=1))
    for said in who.said:
        fields = {name: value for name, value in vars(said).items() if name != "id"}
        row = FeedbackFact(**whose, **fields, feedback_id=said.id, question="", is_leading=True, version=1)
        work.session.add(row)
    for stated in who.stated:
        fields = {name: getattr(stated, name) for name in ("purpose", "channel", "granted", "basis", "effective_at")}
        fields |= {"id": stated.consent_id, "source": "form", "proof": {}, "actor": "test", "recorded_at": NOW}
        work.session.add(Consent(**whose, **fields))
    for segment_id in who.segments:
        work.session.add(SegmentMember(**whose, segment_id=segment_id, entered_at=NOW))


async def judged(work: Work, condition: Any, scope: Scope, now: datetime) -> dict[UUID, tuple[bool, datetime | None]]:
    compiled = compile_condition(CONDITION.validate_python(condition), scope, now)
    rows = await work.session.execute(compiled.judged())
    return {customer_id: (belongs, review_at) for customer_id, belongs, review_at in rows}


class TestCompiled:
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        people=st.lists(SOMEBODY, min_size=1, max_size=4),
        conditions=st.tuples(CONSENT, activity(), feedback(), CONDITIONS, CONDITIONS),
    )
    async def test_agrees_with_plain_python_now_and_whenever_it_says_it_may_change(
        self, customers: Harness, people: list[Somebody], conditions: tuple[Any, ...]
    ) -> None:
        """Between now and the review that it plans, nothing changes; that is tried at every turn of time."""
        account = new_id()
        turns = [NOW + timedelta(days=days, microseconds=shift) for days in range(8) for shift in (0, 1)]
        async with customers.work(account) as work:
            for who in people:
                store(work, who)
            await work.session.flush()
            for condition in conditions:
                read = CONDITION.validate_python(condition)
                found = await judged(work, condition, Scope(account), NOW)
                wanted = {who.id: is_true(read, who, NOW) for who in people if who.can_belong()}
                assert {each: belongs for each, (belongs, _) in found.items()} == wanted
                for who in people:
                    alone = await judged(work, condition, Scope(account, ids=[who.id]), NOW)
                    assert alone == {each: found[each] for each in found if each == who.id}
                    if who.id in found:
                        belongs, review_at = found[who.id]
                        assert review_at is None or review_at > NOW
                        early = [turn for turn in turns if turn < (review_at or turns[-1] + timedelta(days=99))]
                        assert {is_true(read, who, turn) for turn in early} <= {belongs}

    async def test_of_a_yes_and_a_no_at_once_the_no_counts(self, customers: Harness, account: UUID) -> None:
        said = (("email", True, 0), ("any", False, 0), ("any", True, 1))
        stated = [
            Statement(new_id(), "marketing", channel, granted, "consent", NOW - timedelta(days=days))
            for channel, granted, days in said
        ]
        who = Somebody(new_id(), {}, {}, stated=stated)
        condition = {"type": "consent", "purpose": "marketing", "channel": "email", "allowed": False}
        assert is_true(CONDITION.validate_python(condition), who, NOW)
        async with customers.work(account) as work:
            store(work, who)
            await work.session.flush()
            assert await judged(work, condition, Scope(account), NOW) == {who.id: (True, None)}

    async def test_text_is_a_value_and_never_a_statement(self, customers: Harness, account: UUID) -> None:
        hostile = "'; drop table customers.customers; --"
        who = Somebody(new_id(), {"name": hostile}, {"plan": hostile})
        async with customers.work(account) as work:
            store(work, who)
            await work.session.flush()
            for body in ({"type": "profile", "field": "name"}, {"type": "attribute", "name": "plan"}):
                condition = {**body, "op": "eq", "value": hostile}
                assert await judged(work, condition, Scope(account), NOW) == {who.id: (True, None)}
                compiled = compile_condition(CONDITION.validate_python(condition), Scope(account), NOW)
                assert hostile not in str(compiled.judged())
