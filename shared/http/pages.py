"""What hosted pages may do in a browser."""

import base64
import hashlib
from collections.abc import Sequence
from functools import lru_cache


@lru_cache(1_000)
def content_policy(styles: Sequence[str], script: str = "", *, images: str = "'self' data:") -> str:
    """What we wrote ourselves may run and paint; nothing that somebody put into the page can (CSP 3)."""
    painted = " ".join(_digest(style) for style in styles if style)
    runs = f"script-src {_digest(script)}; connect-src 'self'; " if script else ""
    return (
        f"default-src 'none'; style-src {painted}; {runs}img-src {images}; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
