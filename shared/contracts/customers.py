"""What the customers service tells the others: who the account's customers are."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field, JsonValue

from shared.contracts.base import Part, Payload
from shared.contracts.subjects import ErasureMode, SubjectPart

Channel = Literal["email", "sms", "phone", "none"]


class CustomerProfile(Part):
    """How a customer can be named, reached and spoken to. E-mail in lower case, phone in E.164.

    `preferred_channel` `none`: does not want to be contacted. `restricted`: the customer's data stays, but nobody asks,
    writes to or computes on them. `attributes` are all there are, by name.
    """

    external_id: str | None
    email: str | None
    phone: str | None
    name: str | None
    locale: str | None
    timezone: str | None
    company: str | None
    company_id: UUID | None = None
    preferred_channel: Channel | None = None
    attributes: dict[str, JsonValue] = Field(default_factory=dict)
    restricted: bool = False


class CustomerCreated(Payload):
    """A customer is known for the first time. Subject: the customer."""

    TYPE: ClassVar[str] = "heed.customers.customer.created.v1"

    customer_id: UUID
    profile: CustomerProfile


class CustomerUpdated(Payload):
    """A customer's record changed; `profile` is the whole record after the change. Subject: the customer."""

    TYPE: ClassVar[str] = "heed.customers.customer.updated.v1"

    customer_id: UUID
    profile: CustomerProfile


class CustomerIdentified(Payload):
    """Answer to `CustomerSighted`: this is who that was. Subject: the customer.

    `origin_customer_id` is the record, merged into this one, whose identity was named; null: its own.
    """

    TYPE: ClassVar[str] = "heed.customers.customer.identified.v1"

    customer_id: UUID
    sighting_id: UUID
    origin_customer_id: UUID | None = None


class CustomerMerged(Payload):
    """Two records are one person: `customer_id` stays, and whatever belongs to `merged_customer_id` is now theirs.

    Keep whose it was: an answer goes to the identity it answers, and `CustomerUnmerged` gives it back. `merged_version`
    is the merged record's own, and orders what is heard of it. What the kept record took over comes as
    `CustomerUpdated`. Subject: the kept customer.
    """

    TYPE: ClassVar[str] = "heed.customers.customer.merged.v1"

    customer_id: UUID
    merged_customer_id: UUID
    merged_version: int
    automatic: bool


class CustomerUnmerged(Payload):
    """A merge was taken back: `restored_customer_id` is a customer again, with all that came under its identities, even
    after the merge. Both records come as `CustomerUpdated`. Subject: the customer that it had been merged into.
    """

    TYPE: ClassVar[str] = "heed.customers.customer.unmerged.v1"

    customer_id: UUID
    restored_customer_id: UUID
    restored_version: int


class NoteChanged(Payload):
    """A note about a customer was left, edited or removed. What it says stays where it is. Subject: the note."""

    TYPE: ClassVar[str] = "heed.customers.note.changed.v1"

    note_id: UUID
    customer_id: UUID
    change: Literal["left", "edited", "removed"]


class CustomerDeleted(Payload):
    """A customer's record, identities and timeline are gone; forget every copy of them. The id is never used again.

    Its version is above that of every earlier event of the customer. Subject: the customer.
    """

    TYPE: ClassVar[str] = "heed.customers.customer.deleted.v1"

    customer_id: UUID


class SightingUnresolved(Payload):
    """Answer to `CustomerSighted`: nobody can be told from what it names, go on without. Subject: the sighting."""

    TYPE: ClassVar[str] = "heed.customers.sighting.unresolved.v1"

    sighting_id: UUID
    reason: str


class SegmentChanged(Payload):
    """A segment was made, or what it is called or who belongs to it was changed. Subject: the segment.

    Who belongs to it now is told by `SegmentMembershipChanged`, as it is found out.
    """

    TYPE: ClassVar[str] = "heed.customers.segment.changed.v1"

    segment_id: UUID
    name: str
    kind: Literal["dynamic", "static"]
    is_persona: bool


class SegmentDeleted(Payload):
    """A segment is gone and nobody belongs to it any more; no `left` follows. The id is never used again.

    Subject: the segment.
    """

    TYPE: ClassVar[str] = "heed.customers.segment.deleted.v1"

    segment_id: UUID


class SegmentMembershipChanged(Payload):
    """Customers came into a segment or went out of it; at most 1,000 ids. Subject: the segment.

    The event's version grows with every change of the segment's members: of two events about the same customer the one
    with the higher version says what is true.
    """

    TYPE: ClassVar[str] = "heed.customers.segment.membership-changed.v1"

    segment_id: UUID
    segment_name: str
    entered: tuple[UUID, ...] = ()
    left: tuple[UUID, ...] = ()


class CustomerErased(Payload):
    """A person asked to be erased, and was: whoever keeps anything under one of these ids erases it too.

    `customer_ids` are all ids the person was ever known by. Earlier events about them have been emptied in the log,
    under their numbers. It is said once more if something turned up later. Subject: the customer.
    """

    TYPE: ClassVar[str] = "heed.customers.customer.erased.v1"

    customer_id: UUID
    customer_ids: tuple[UUID, ...]
    request_id: UUID
    mode: ErasureMode


class CustomerReadmitted(Payload):
    """Somebody let an identity of an erased person be used again. It does not say which. Subject: the act."""

    TYPE: ClassVar[str] = "heed.customers.customer.readmitted.v1"

    readmission_id: UUID
    kind: str


class CustomersPartDone(Payload):
    """What customers did for a subject request, and who the person is: none if nobody has the id. Subject: the request.

    `customer_version` is the version of the record after it.
    """

    TYPE: ClassVar[str] = "heed.customers.subject-part.done.v1"

    part: SubjectPart
    customer_id: UUID
    customer_ids: tuple[UUID, ...]
    customer_version: int | None
