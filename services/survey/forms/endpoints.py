"""`/w/{key}/messages`: the contact form of a business's own web site, by a script or as a plain form."""

from typing import Any
from urllib.parse import urlsplit

from fastapi import Request, Response
from pydantic import ValidationError
from starlette.routing import Route

from services.survey.forms.schemas import FormMessage
from services.survey.forms.visitors import author_of, page_of, place_of, signs_of
from services.survey.hearing.canonical import FeedbackItem, Media
from services.survey.hearing.service import hear
from services.survey.pages.forms import Sent, form_of
from services.survey.responses import suspicion
from services.survey.sources.builtin import builtin_source
from services.survey.widget.door import DOOR, VISITOR
from services.survey.widget.endpoints import json_answer
from shared.http.dependencies import public_work, runtime_of
from shared.http.errors import TooLarge, Unacceptable
from shared.http.problems import from_validation
from shared.visitors.door import Guest, read_body

MEGABYTE = 1_048_576
MOST_FILES = 5
LARGEST_FILE = 10 * MEGABYTE
# Of one message with its files.
LARGEST = 25 * MEGABYTE
FORM = "form"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_PLAIN = {"Cache-Control": "no-store"}


async def show_form(request: Request, guest: Guest) -> Response:
    """The stamp that a message is sent with; without one it counts as sent too fast for a person."""
    runtime = runtime_of(request)
    stamp = suspicion.stamp(runtime.settings, place_of(guest), runtime.clock.now())
    return json_answer({"stamp": stamp, "files": {"most": MOST_FILES, "largest": LARGEST_FILE}})


async def take_message(request: Request, guest: Guest) -> Response:
    """JSON, or what a plain form sends, with its files; a plain form is led on to `next`, a page of the same origin."""
    if request.headers.get("content-type", "").startswith(_FORMS):
        message, files, then = await _filled(request, guest)
    else:
        message, files, then = await read_body(request, FormMessage), [], None
    async with public_work(request, guest.account_id, VISITOR) as work:
        item = FeedbackItem(
            external_id=message.submission_id,
            occurred_at=work.now,
            author=author_of(request, guest, message),
            kind="message",
            channel=FORM,
            title=message.subject,
            text=message.text,
            language=message.language,
            url=page_of(message),
            media=_media(files),
            thread=message.submission_id,
            dimensions=message.dimensions,
            suspicious=signs_of(request, guest, message, message.submission_id),
        )
        [heard] = await hear(work, await builtin_source(work, FORM), [item])
    if then is not None:
        return Response(status_code=303, headers=_PLAIN | {"Location": then})
    return json_answer({"id": heard.feedback_id, "duplicate": heard.outcome == "same"}, 201)


async def _filled(request: Request, guest: Guest) -> tuple[FormMessage, list[Sent], str | None]:
    form = await form_of(request)
    fields: dict[str, Any] = {name: values[-1] for name, values in form.fields.items()}
    then = _next(fields.pop("next", None), guest)
    known = {name: value for name, value in fields.items() if name in FormMessage.model_fields}
    known["dimensions"] = {name: value for name, value in fields.items() if name not in known and value.strip()}
    return _checked(known), form.files, then


def _checked(fields: dict[str, Any]) -> FormMessage:
    try:
        return FormMessage.model_validate(fields)
    except ValidationError as problem:
        raise from_validation(problem.errors(include_url=False, include_input=False), skip=0) from None


def _next(url: str | None, guest: Guest) -> str | None:
    """Nobody is led away from the site that they came from."""
    if not url:
        return None
    parts = urlsplit(url)
    if f"{parts.scheme}://{parts.netloc}" != guest.origin:
        raise Unacceptable.field("/next", "other_origin", f"`next` has to begin with {guest.origin}/.")
    return url


def _media(files: list[Sent]) -> tuple[Media, ...]:
    """Raises `TooLarge` or `Unacceptable`."""
    if len(files) > MOST_FILES:
        raise Unacceptable.field("/files", "too_many_files", f"At most {MOST_FILES} files go with a message.")
    for file in files:
        if len(file.content) > LARGEST_FILE:
            raise TooLarge(f"A file has at most {LARGEST_FILE // MEGABYTE} MB here.")
    return tuple(Media(name=file.name, size=len(file.content), content=file.content) for file in files)


ROUTES = (
    Route("/w/{key}/messages", DOOR.guarded(show_form), methods=["GET"]),
    Route("/w/{key}/messages", DOOR.guarded(take_message), methods=["POST"]),
)
