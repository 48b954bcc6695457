"""Request bodies that are files."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, BinaryIO, Final, cast

from fastapi import Request

from shared.spreadsheets import Table
from shared.workbooks import unpacked

IN_MEMORY_BYTES = 1_048_576
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@asynccontextmanager
async def uploaded_file(request: Request) -> AsyncIterator[BinaryIO]:
    """The body; on disk if it is long, and gone at the end of the block."""
    with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as file:
        async for chunk in request.stream():
            file.write(chunk)
        yield cast("BinaryIO", file)


@asynccontextmanager
async def uploaded_table(request: Request) -> AsyncIterator[Table]:
    """The body, a CSV file or an Excel workbook. Raises `UnreadableFile`."""
    async with uploaded_file(request) as file, unpacked(file) as table:
        yield table


def table_body(scope: str, example: str) -> dict[str, Any]:
    """How OpenAPI shows such a body."""
    content = {
        "text/csv": {"schema": {"type": "string"}, "example": example},
        XLSX: {"schema": {"type": "string", "format": "binary"}},
    }
    return {"security": [{"bearer": [scope]}], "requestBody": {"required": True, "content": content}}
