"""Files in an S3-compatible store: AWS, MinIO, Ceph, Garage and their like, by the three requests that files need.

Requests are signed by AWS Signature Version 4
(https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html). Buckets stand in the path, which every
such store understands.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self
from urllib.parse import parse_qs, quote, urlsplit

import httpx

from shared.clock import Clock, SystemClock

SECONDS: Final = 60.0
_DEFAULT_REGION: Final = "us-east-1"


class BadStoreURL(ValueError):
    """It does not say where files lie: `s3://bucket/folder?region=eu-central-1`, or `https://host/bucket/folder`."""


class StoreDown(Exception):
    """The store could not be reached, or refuses; the text says which."""


@dataclass(frozen=True, slots=True)
class Place:
    """`base` is the store's address, `path` the bucket and the folder in it."""

    base: str
    path: str
    region: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Raises `BadStoreURL`."""
        parts = urlsplit(url)
        region = parse_qs(parts.query).get("region", [_DEFAULT_REGION])[0]
        folder = parts.path.strip("/")
        if parts.username or parts.password or not parts.hostname:
            raise BadStoreURL("a store's URL has a host or a bucket, and no user name")
        if parts.scheme == "s3":
            path = "/".join(filter(None, (parts.hostname, folder)))
            return cls(f"https://s3.{region}.amazonaws.com", path, region)
        if parts.scheme not in ("https", "http") or not folder:
            raise BadStoreURL("a store's URL begins with s3://bucket, or with https:// and names a bucket")
        return cls(f"{parts.scheme}://{parts.netloc}", folder, region)


@dataclass(frozen=True, slots=True)
class Credentials:
    access_key: str
    secret_key: str


class ObjectStore:
    """`get` gives None for what is not there. Raises `StoreDown`."""

    def __init__(self, place: Place, credentials: Credentials, *, clock: Clock | None = None) -> None:
        self._place, self._credentials = place, credentials
        self._clock = clock or SystemClock()

    async def put(self, key: str, content: bytes) -> None:
        self._check(await self._send("PUT", key, content))

    async def get(self, key: str) -> bytes | None:
        answer = await self._send("GET", key)
        if answer.status_code == 404:
            return None
        self._check(answer)
        return answer.content

    async def delete(self, key: str) -> None:
        answer = await self._send("DELETE", key)
        if answer.status_code != 404:
            self._check(answer)

    async def _send(self, method: str, key: str, content: bytes = b"") -> httpx.Response:
        url = httpx.URL(f"{self._place.base}/{quote(f'{self._place.path}/{key}')}")
        headers = signed(method, url, content, self._credentials, self._place.region, self._clock.now())
        try:
            async with httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client:
                return await client.request(method, url, content=content, headers=headers)
        except httpx.HTTPError as problem:
            raise StoreDown(f"the store of files could not be reached ({type(problem).__name__})") from None

    @staticmethod
    def _check(answer: httpx.Response) -> None:
        if not answer.is_success:
            raise StoreDown(f"the store of files answered {answer.status_code}")


def signed(
    method: str,
    url: httpx.URL,
    content: bytes,
    credentials: Credentials,
    region: str,
    now: datetime,
    extra: dict[str, str] | None = None,
) -> dict[str, str]:
    """The headers of a request, `extra` ones among them, with its `Authorization`."""
    moment, digest = now.strftime("%Y%m%dT%H%M%SZ"), hashlib.sha256(content).hexdigest()
    headers = {"host": url.netloc.decode(), "x-amz-content-sha256": digest, "x-amz-date": moment, **(extra or {})}
    names = ";".join(sorted(headers))
    listed = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = "\n".join((method, url.raw_path.decode().partition("?")[0], "", listed, names, digest))
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    text = "\n".join(("AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(request.encode()).hexdigest()))
    key = f"AWS4{credentials.secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    named = f"Credential={credentials.access_key}/{scope},SignedHeaders={names},Signature={signature}"
    return {**headers, "authorization": f"AWS4-HMAC-SHA256 {named}"}
