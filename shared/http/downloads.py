"""How bytes of strangers are given out: to be saved, never to be shown in a page."""

from urllib.parse import quote

from fastapi import Response


def download(content: bytes, *, name: str, media_type: str) -> Response:
    headers = {
        # RFC 6266; whatever the type, a browser saves it, and runs nothing of it should it be shown all the same.
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
    return Response(content, headers=headers, media_type=media_type)
