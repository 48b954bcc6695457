"""Request bodies that are files."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import BinaryIO, cast

from fastapi import Request

IN_MEMORY_BYTES = 1_048_576


@asynccontextmanager
async def uploaded_file(request: Request) -> AsyncIterator[BinaryIO]:
    """The body; on disk if it is long, and gone at the end of the block."""
    with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as file:
        async for chunk in request.stream():
            file.write(chunk)
        yield cast("BinaryIO", file)
