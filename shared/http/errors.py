"""The one error family. A subclass's docstring is what people read unless a `detail` says more.

AppError
├── Unreadable 400         ├── WrongMethod 405     ├── TooLarge 413
├── Unauthenticated 401    ├── Conflict 409        ├── WrongMediaType 415
├── Forbidden 403          ├── Gone 410            ├── Unacceptable 422
└── NotFound 404           └── StaleVersion 412    ├── TooMany 429
                                                   └── Unavailable 503
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field: a JSON Pointer (RFC 6901) to it, a stable code, and a sentence."""

    pointer: str
    code: str
    detail: str


class AppError(Exception):
    """Something went wrong on our side. Try again; if it stays, tell us the request id."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: tuple[FieldProblem, ...] = (),
        retry_after: int | None = None,
    ) -> None:
        self.detail = detail or " ".join((type(self).__doc__ or "").split())
        self.errors = errors
        self.retry_after = retry_after
        super().__init__(self.detail)


class Unreadable(AppError):
    """The request could not be read as JSON."""

    status = 400
    code = "unreadable"
    title = "Unreadable request"


class Unauthenticated(AppError):
    """Sign in, or send `Authorization: Bearer` with a valid API key."""

    status = 401
    code = "unauthenticated"
    title = "Not signed in"


class Forbidden(AppError):
    """Your credential does not allow this."""

    status = 403
    code = "forbidden"
    title = "Not allowed"


class NotFound(AppError):
    """There is no such thing here."""

    status = 404
    code = "not_found"
    title = "Not found"


class WrongMethod(AppError):
    """This address does not take this method; `Allow` lists those it takes."""

    status = 405
    code = "wrong_method"
    title = "Wrong method"


class Conflict(AppError):
    """This contradicts the present state."""

    status = 409
    code = "conflict"
    title = "Conflict"


class Gone(AppError):
    """This has ended and does not come back."""

    status = 410
    code = "gone"
    title = "Gone"


class StaleVersion(AppError):
    """Somebody else changed this since you read it. Read it again, then repeat your change with the new ETag."""

    status = 412
    code = "stale_version"
    title = "Changed in the meantime"


class TooLarge(AppError):
    """The body is larger than this address accepts."""

    status = 413
    code = "too_large"
    title = "Too large"


class WrongMediaType(AppError):
    """Send the body as JSON, with `Content-Type: application/json`."""

    status = 415
    code = "wrong_media_type"
    title = "Wrong media type"


class Unacceptable(AppError):
    """A value is not acceptable; `errors` says which and why."""

    status = 422
    code = "unacceptable"
    title = "Unacceptable value"

    @classmethod
    def field(cls, pointer: str, code: str, detail: str) -> "Unacceptable":
        """The usual case: one field. `pointer` is a JSON Pointer into the body, such as `/answers/0/value`."""
        return cls(detail, errors=(FieldProblem(pointer, code, detail),))


class TooMany(AppError):
    """Too many requests. Wait for the seconds in `Retry-After`, then go on."""

    status = 429
    code = "too_many"
    title = "Too many requests"


class Unavailable(AppError):
    """Something Heed needs is not answering at the moment. Nothing was stored; try again shortly."""

    status = 503
    code = "unavailable"
    title = "Temporarily unavailable"
