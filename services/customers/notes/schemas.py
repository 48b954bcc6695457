"""Bodies of `/v1/customers/{id}/notes`."""

from typing import Annotated

from pydantic import StringConstraints

from shared.http.schemas import Model


class NewNote(Model):
    """What colleagues are to know. Customers see it only if they ask for all that is held of them."""

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5_000)]
