"""Conditions as SQL: one statement for any number of customers, in which every value is a bound parameter.

Each table that conditions ask about is read once, grouped by customer, with one filtered aggregate for each question.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    DateTime,
    Integer,
    Numeric,
    Select,
    Text,
    and_,
    case,
    cast,
    extract,
    false,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, INTERVAL, JSONB, aggregate_order_by
from sqlalchemy.sql.selectable import FromClause
from sqlalchemy.types import TypeEngine

from services.customers.activities.models import Activity
from services.customers.consents.models import Consent
from services.customers.records.models import Bytewise, Customer
from services.customers.segments import conditions as c
from services.customers.segments.comparing import COMPARE, NO_KINDS, Kinds, in_time, is_in_time
from services.customers.segments.models import FeedbackFact, ListedCustomer, SegmentMember
from services.customers.segments.scope import Scope
from shared.contracts.consent import ALLOWED_BY_DEFAULT, ANY

DAY: Final = timedelta(days=1)
TIMESTAMP: Final = DateTime(timezone=True)


@dataclass(frozen=True, slots=True)
class Question:
    """One condition of the document: where it stands, whether it is true (never null), and what it looked at."""

    place: str
    type: str
    condition: c.Leaf | None
    truth: ColumnElement[bool]
    observed: ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Compiled:
    """`review_at` is when time alone may change the outcome, null if never. `questions`: outermost first."""

    scope: Scope
    source: FromClause
    truth: ColumnElement[bool]
    review_at: ColumnElement[Any] | None
    questions: Sequence[Question]

    @property
    def review(self) -> ColumnElement[Any]:
        return null().cast(TIMESTAMP) if self.review_at is None else self.review_at

    def judged(self) -> Select[UUID, bool, datetime]:
        """Everybody in the scope who can belong to segments, with whether they belong to this one."""
        columns = (Customer.id.label("id"), self.truth.label("belongs"), self.review.label("review_at"))
        return select(*columns).select_from(self.source).where(*self.scope.population())


def compile_condition(condition: c.AnyCondition, scope: Scope, now: datetime, kinds: Kinds = NO_KINDS) -> Compiled:
    """The condition for the customers in the scope, as it is `now`, with attributes of these kinds."""
    compiler = _Compiler(scope, now, kinds)
    truth = compiler.truth_of(condition, "")
    review_at = func.least(*compiler.reviews) if compiler.reviews else None
    return Compiled(scope, compiler.source(), truth, review_at, sorted(compiler.questions, key=lambda one: one.place))


def compile_list(segment_id: UUID, scope: Scope) -> Compiled:
    """Those who are on a static segment's list."""
    listed = select(ListedCustomer.customer_id).where(
        *scope.holds(ListedCustomer.account_id, ListedCustomer.customer_id), ListedCustomer.segment_id == segment_id
    )
    truth = Customer.id.in_(listed)
    question = Question("", "list", None, truth, cast(null(), Text))
    return Compiled(scope, Customer.__table__, truth, None, (question,))


@dataclass(slots=True)
class _Summary:
    """One table grouped by customer. `rows` is what of it anybody asks for."""

    name: str
    account_id: Any
    customer_id: Any
    occurred_at: Any = None
    aggregates: list[ColumnElement[Any]] = field(default_factory=list)
    rows: list[ColumnElement[bool]] = field(default_factory=list)
    earliest: list[datetime | None] = field(default_factory=list)

    def ask(self, aggregate: Any, rows: ColumnElement[bool], kind: TypeEngine[Any]) -> ColumnElement[Any]:
        """The aggregate of these rows, as a column of the summary; null for who has none."""
        label = f"answer_{len(self.aggregates)}"
        self.aggregates.append(aggregate.label(label))
        if not any(rows is known for known in self.rows):
            self.rows.append(rows)
        return literal_column(f"{self.name}.{label}", kind)

    def joined(self, source: FromClause, scope: Scope) -> FromClause:
        if not self.aggregates:
            return source
        wanted = [*scope.holds(self.account_id, self.customer_id), or_(*self.rows)]
        since = [moment for moment in self.earliest if moment is not None]
        if since and len(since) == len(self.earliest):
            wanted.append(self.occurred_at > min(since))
        grouped = select(self.customer_id.label("customer_id"), *self.aggregates).where(*wanted)
        summary = grouped.group_by(self.customer_id).subquery(self.name)
        return source.outerjoin(summary, summary.c.customer_id == Customer.id)


class _Compiler:
    def __init__(self, scope: Scope, now: datetime, kinds: Kinds) -> None:
        self.scope = scope
        self.kinds = kinds
        self.now = literal(now, TIMESTAMP)
        self._moment = now
        self.questions: list[Question] = []
        self.reviews: list[ColumnElement[Any]] = []
        self.activities = _Summary("did", Activity.account_id, Activity.customer_id, Activity.occurred_at)
        facts = (FeedbackFact.account_id, FeedbackFact.customer_id, FeedbackFact.occurred_at)
        self.feedback = _Summary("said", *facts)
        self.consents = _Summary("allowed", Consent.account_id, Consent.customer_id)

    def source(self) -> FromClause:
        source: FromClause = Customer.__table__
        for summary in (self.activities, self.feedback, self.consents):
            source = summary.joined(source, self.scope)
        return source

    def truth_of(self, condition: c.AnyCondition, place: str) -> ColumnElement[bool]:
        truth: ColumnElement[bool]
        observed: ColumnElement[Any] = cast(null(), Text)
        match condition:
            case c.All():
                truth = and_(true(), *self._parts(condition.conditions, place))
            case c.AnyOf():
                truth = or_(false(), *self._parts(condition.conditions, place))
            case c.Not():
                truth = ~self.truth_of(condition.condition, f"{place}/condition")
            case c.OfProfile():
                truth, observed = self._of_profile(condition)
            case c.OfAttribute():
                truth, observed = self._of_attribute(condition)
            case c.OfAge():
                truth, observed = self._days_since(Customer.created_at, condition.op, condition.value)
            case c.OfActivity():
                truth, observed = self._of_activity(condition)
            case c.OfFeedback():
                truth, observed = self._of_feedback(condition)
            case c.OfConsent():
                truth, observed = self._of_consent(condition)
            case _:
                truth = self._of_segment(condition)
        leaf = None if isinstance(condition, c.All | c.AnyOf | c.Not) else condition
        self.questions.append(Question(place, condition.type, leaf, truth, observed))
        return truth

    def _parts(self, conditions: Sequence[c.AnyCondition], place: str) -> list[ColumnElement[bool]]:
        return [self.truth_of(part, f"{place}/conditions/{index}") for index, part in enumerate(conditions)]

    def _of_profile(self, condition: c.OfProfile) -> tuple[ColumnElement[bool], ColumnElement[Any]]:
        column: Any = getattr(Customer, condition.field)
        text = cast(column, Bytewise)
        match condition.op:
            case "known":
                truth: ColumnElement[bool] = column.is_not(None)
            case "unknown":
                truth = column.is_(None)
            case "one_of":
                truth = func.coalesce(text.in_(condition.value), false())
            case op:
                truth = func.coalesce(COMPARE[op](text, literal(condition.value, Bytewise)), false())
        return truth, text

    def _of_attribute(self, condition: c.OfAttribute) -> tuple[ColumnElement[bool], ColumnElement[Any]]:
        found = Customer.attributes.op("->", return_type=JSONB())(condition.name)
        text = Customer.attributes.op("->>", return_type=Bytewise)(condition.name)
        value = condition.value
        kind = self.kinds.get(condition.name)
        match condition.op:
            case "known":
                truth: ColumnElement[bool] = found.is_not(None)
            case "unknown":
                truth = found.is_(None)
            case op if kind is not None and is_in_time(kind, op):
                truth = in_time(kind, op, value, found, text)
            case "eq":
                truth = func.coalesce(found == literal(value, JSONB()), false())
            case "one_of":
                truth = func.coalesce(or_(*(found == literal(item, JSONB()) for item in value)), false())
            case op:
                is_text = isinstance(value, str)
                type_ = func.coalesce(func.jsonb_typeof(found), "")
                one: Any = cast(text, Bytewise) if is_text else cast(text, Numeric)
                other = literal(value, Bytewise) if is_text else cast(literal(repr(value), Bytewise), Numeric)
                # A cast is only safe behind the type; `case` is what keeps this order.
                truth = case((type_ == ("string" if is_text else "number"), COMPARE[op](one, other)), else_=false())
        return truth, found

    def _of_activity(self, condition: c.OfActivity) -> tuple[ColumnElement[bool], ColumnElement[Any]]:
        # What is yet to come is told when it happens.
        wanted: list[ColumnElement[bool]] = [Activity.occurred_at <= self.now]
        for column, value in (
            (Activity.kind, condition.kind),
            (Activity.name, condition.name),
            (Activity.touchpoint, condition.touchpoint),
            (Activity.currency, condition.currency),
        ):
            if value is not None:
                wanted.append(column == value)
        return self._measured(condition, self.activities, wanted, {"sum": func.sum(Activity.amount)})

    def _of_feedback(self, condition: c.OfFeedback) -> tuple[ColumnElement[bool], ColumnElement[Any]]:
        wanted: list[ColumnElement[bool]] = []
        for column, value in (
            (FeedbackFact.scheme, condition.scheme),
            (FeedbackFact.band, condition.band),
            (FeedbackFact.sentiment, condition.sentiment),
            (FeedbackFact.survey_id, condition.survey_id),
        ):
            if value is not None:
                wanted.append(column == value)
        if condition.scheme is None:
            wanted.append(FeedbackFact.is_leading.is_(True))
        newest = (FeedbackFact.occurred_at.desc(), FeedbackFact.feedback_id.desc(), FeedbackFact.question.desc())
        values = func.array_agg(aggregate_order_by(FeedbackFact.value, *newest), type_=ARRAY(Numeric))
        measures = {"last": values, "average": func.avg(FeedbackFact.value)}
        return self._measured(condition, self.feedback, wanted, measures)

    def _measured(
        self,
        condition: c.OfActivity | c.OfFeedback,
        summary: _Summary,
        wanted: Sequence[ColumnElement[bool]],
        measures: dict[str, Any],
    ) -> tuple[ColumnElement[bool], ColumnElement[Any]]:
        """Compare what is measured, and say when time may change it."""
        days = condition.within_days
        since = self._moment - days * DAY if days is not None else None
        summary.earliest.append(since)
        rows = and_(*wanted, *(() if since is None else (summary.occurred_at > literal(since, TIMESTAMP),)))
        compare = COMPARE[condition.op]
        value = literal(condition.value, Numeric)
        if condition.measure == "days_since_last":
            last = summary.ask(func.max(summary.occurred_at).filter(rows), rows, TIMESTAMP)
            return self._days_since(last, condition.op, int(condition.value))
        observed: ColumnElement[Any]
        if condition.measure == "count":
            observed = func.coalesce(summary.ask(func.count().filter(rows), rows, Integer()), 0)
        elif condition.measure == "last":
            observed = summary.ask(measures["last"].filter(rows)[1], rows, Numeric())
        else:
            observed = summary.ask(measures[condition.measure].filter(rows), rows, Numeric())
        if condition.measure == "sum":
            observed = func.coalesce(observed, 0)
        truth = func.coalesce(compare(observed, value), false())
        if days is not None:
            first = func.max if condition.measure == "last" else func.min
            leaves_at = summary.ask(first(summary.occurred_at).filter(rows), rows, TIMESTAMP) + days * DAY
            self.reviews.append(_if_it_matters(condition, truth, leaves_at))
        return truth, observed

    def _days_since(self, moment: Any, op: str, days: int) -> tuple[ColumnElement[bool], ColumnElement[Any]]:
        """Compare the whole days that have passed, and say when there will be one more that matters."""
        seconds = extract("epoch", self.now - moment)
        passed = func.greatest(func.floor(seconds / literal(int(DAY.total_seconds()), Numeric)), 0)
        observed = case((moment.is_not(None), passed))
        turns = [moment + literal((days + more) * DAY, INTERVAL()) for more in (0, 1)]
        self.reviews.append(func.least(*(case((turn > self.now, turn)) for turn in turns)))
        return func.coalesce(COMPARE[op](observed, literal(days, Numeric)), false()), observed

    def _of_consent(self, condition: c.OfConsent) -> tuple[ColumnElement[bool], ColumnElement[Any]]:
        """`consent.decide`, in SQL."""
        own, own_at = self._last_word(condition.purpose, condition.channel)
        general, general_at = self._last_word(condition.purpose, ANY)
        decided = case(
            (own.is_(None), general),
            (general.is_(None), own),
            (and_(own, ~general, general_at >= own_at), false()),
            else_=own,
        )
        allowed = func.coalesce(decided, literal(condition.purpose in ALLOWED_BY_DEFAULT, Boolean))
        return allowed == literal(condition.allowed, Boolean), allowed

    def _last_word(self, purpose: str, channel: str) -> tuple[ColumnElement[bool], ColumnElement[Any]]:
        rows = and_(Consent.purpose == purpose, Consent.channel == channel)
        latest = (Consent.effective_at.desc(), Consent.granted, Consent.id.desc())
        words = func.array_agg(aggregate_order_by(Consent.granted, *latest), type_=ARRAY(Boolean)).filter(rows)
        granted = self.consents.ask(words[1], rows, Boolean())
        return granted, self.consents.ask(func.max(Consent.effective_at).filter(rows), rows, TIMESTAMP)

    def _of_segment(self, condition: c.OfSegment) -> ColumnElement[bool]:
        members = select(SegmentMember.customer_id).where(
            *self.scope.holds(SegmentMember.account_id, SegmentMember.customer_id),
            SegmentMember.segment_id == condition.segment_id,
        )
        return Customer.id.in_(members)


def _if_it_matters(
    condition: c.OfActivity | c.OfFeedback, truth: ColumnElement[bool], leaves_at: ColumnElement[Any]
) -> ColumnElement[Any]:
    """A count or a sum only shrinks by time: what is enough may become too little, and what is little stays so."""
    if condition.measure not in ("count", "sum") or condition.op == "eq":
        return leaves_at
    return case((truth if condition.op in ("gt", "gte") else ~truth, leaves_at))
