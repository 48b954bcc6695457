"""Files in an S3-compatible store: signed as AWS's own examples are, kept by a store of the tests'."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from shared.files import BucketStore, FileMissing, FilesAway, file_key, file_store
from shared.ids import new_id
from shared.object_store import BadStoreURL, Credentials, Place, signed
from shared.settings import ServiceSettings

# https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, which publishes them.
EXAMPLE = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
EXAMPLE_TIME = datetime(2013, 5, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("method", "path", "content", "extra", "signature"),
    [
        (
            "GET",
            "/test.txt",
            b"",
            {"range": "bytes=0-9"},
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            "/test%24file.text",
            b"Welcome to Amazon S3.",
            {"date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
    ],
)
def test_the_published_examples(method: str, path: str, content: bytes, extra: dict[str, str], signature: str) -> None:
    url = httpx.URL(f"https://examplebucket.s3.amazonaws.com{path}")
    headers = signed(method, url, content, EXAMPLE, "us-east-1", EXAMPLE_TIME, extra)
    assert headers["authorization"].endswith(f",Signature={signature}")


class Store(BaseHTTPRequestHandler):
    """Keeps what is signed with the right key."""

    kept: ClassVar[dict[str, bytes]] = {}
    broken: ClassVar[bool] = False
    credentials: ClassVar = Credentials("heed", "a secret of the tests")

    def answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length", 0)))
        stamp = datetime.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%S%z")
        url = httpx.URL(f"http://{self.headers['host']}{self.path}")
        expected = signed(self.command, url, content, self.credentials, "eu-test-1", stamp)
        if self.broken:
            return self.say(500)
        if self.headers["authorization"] != expected["authorization"]:
            return self.say(403)
        if self.command == "PUT":
            self.kept[self.path] = content
        elif self.command == "DELETE":
            self.kept.pop(self.path, None)
            return self.say(204)
        elif self.path not in self.kept:
            return self.say(404)
        return self.say(200, self.kept[self.path])

    do_GET = do_PUT = do_DELETE = answer

    def say(self, status: int, content: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Store, "kept", {})
    monkeypatch.setattr(Store, "broken", False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Store)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/bucket/some folder?region=eu-test-1"
    server.shutdown()
    server.server_close()
    thread.join()


def settings_for(url: str, **changes: str) -> ServiceSettings:
    values = {"files_url": url, "files_access_key": "heed", "files_secret_key": "a secret of the tests", **changes}
    secret = SecretStr(values.pop("files_secret_key"))
    return ServiceSettings.model_validate({**values, "files_secret_key": secret})


async def test_gives_back_what_was_put_until_it_is_deleted(url: str) -> None:
    store, key = file_store(settings_for(url)), file_key(new_id(), new_id())
    assert isinstance(store, BucketStore)
    await store.put(key, b"first")
    await store.put(key, b"\x00second")
    assert await store.get(key) == b"\x00second"
    assert list(Store.kept) == [f"/bucket/some%20folder/{key}"]
    await store.delete(key)
    await store.delete(key)
    with pytest.raises(FileMissing):
        await store.get(key)


@pytest.mark.parametrize("fault", ["secret", "broken", "away"])
async def test_says_when_the_store_cannot_be_used(url: str, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    monkeypatch.setattr(Store, "broken", fault == "broken")
    secret = "another" if fault == "secret" else "a secret of the tests"
    address = "http://127.0.0.1:1/bucket" if fault == "away" else url
    store, key = file_store(settings_for(address, files_secret_key=secret)), file_key(new_id(), new_id())
    for doing in (store.put(key, b"x"), store.get(key), store.delete(key)):
        with pytest.raises(FilesAway):
            await doing


async def test_no_key_leads_elsewhere(url: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        await file_store(settings_for(url)).get("../other/x")


@pytest.mark.parametrize(
    ("url", "base", "path"),
    [
        ("s3://bucket?region=eu-central-1", "https://s3.eu-central-1.amazonaws.com", "bucket"),
        ("s3://bucket/a/b", "https://s3.us-east-1.amazonaws.com", "bucket/a/b"),
        ("https://minio.example:9000/bucket/a/?region=x", "https://minio.example:9000", "bucket/a"),
    ],
)
def test_what_a_url_says(url: str, base: str, path: str) -> None:
    place = Place.of(url)
    assert (place.base, place.path) == (base, path)


@pytest.mark.parametrize("url", ["bucket", "https://host", "ftp://host/bucket", "https://user:x@host/bucket", "s3://"])
def test_what_is_no_url_of_a_store(url: str) -> None:
    with pytest.raises(BadStoreURL):
        Place.of(url)
    with pytest.raises(ValidationError, match="HEED_FILES_URL"):
        settings_for(url)


def test_a_store_needs_its_keys() -> None:
    with pytest.raises(ValidationError, match="HEED_FILES_SECRET_KEY"):
        settings_for("s3://bucket", files_secret_key="")
