"""The policy as it comes in and goes out."""

from pydantic import Field

from shared.http.schemas import Model


class PolicyIn(Model):
    """What the customer writes to a resolved or closed ticket opens it again, or begins a new one."""

    new_ticket_after_days: int | None = Field(
        None,
        ge=0,
        le=3_650,
        description="Days after it was resolved; 0: always a new ticket; null: never, it is opened again.",
    )
    keep_assignee: bool = Field(True, description="Who had it has it again; else nobody has until somebody takes it.")


class PolicyOut(Model):
    """`version` 0: there is none yet; what is shown is what holds without one."""

    new_ticket_after_days: int | None
    keep_assignee: bool
    version: int
