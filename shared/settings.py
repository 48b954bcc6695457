"""Settings of one service, read from `HEED_...` environment variables; secrets may also come from `..._FILE`."""

import base64
import hashlib
import hmac
import os
from enum import StrEnum
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.object_store import BadStoreURL, Place

PLACEHOLDERS = ("changeme", "change-me", "placeholder", "secret", "password", "guest", "example")
SHORTEST_SECRET = 24
SCHEMES = {
    "public_url": ("https://", "http://"),
    "rabbitmq_url": ("amqp://", "amqps://"),
    "database_url": ("postgresql://", "postgres://"),
}


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class ServiceSettings(BaseSettings):
    """What every service needs. A service's own settings derive from this and add fields."""

    model_config = SettingsConfigDict(env_prefix="HEED_", extra="ignore", frozen=True)

    environment: Environment = Environment.DEVELOPMENT
    public_url: str = Field(
        "http://localhost:8000", description="Where people and platforms reach Heed; used in links."
    )
    database_url: str = Field("", description="PostgreSQL, without a role: each service signs in with its own.")
    database_secret: SecretStr = Field(SecretStr(""), description="The services' role passwords derive from it.")
    rabbitmq_url: str = Field("", description="Events travel over RabbitMQ if set, else over PostgreSQL.")
    bus_database_url: str = Field("", description="Where the postgres transport lives; `database_url` if empty.")
    bus_prefix: str = Field("heed", description="First part of exchange, queue and channel names.")
    secret: SecretStr = Field(SecretStr(""), description="Signs cursors and respondents' links. 24 characters or more.")
    token_public_key: str = Field("", description="Ed25519 public key (PEM) that access tokens are verified with.")
    token_private_key: SecretStr = Field(SecretStr(""), description="Ed25519 private key (PEM); gateway only.")
    database_pool_size: int = Field(8, ge=1, description="Connections per service and process; opened when needed.")
    body_limit_bytes: int = Field(1_048_576, ge=1024, description="Largest request body; routes may state their own.")
    rate_limit_per_minute: int = Field(0, ge=0, description="Requests per credential and minute; 0 = no limit.")
    files_folder: str = Field("", description="Where uploaded files lie; all replicas of a service need the same one.")
    files_url: str = Field(
        "",
        description="An S3-compatible store instead of the folder: `s3://bucket/folder?region=eu-central-1`, or "
        "`https://host/bucket/folder` for one of your own.",
    )
    files_access_key: str = Field("", description="The store's access key, with HEED_FILES_SECRET_KEY.")
    files_secret_key: SecretStr = SecretStr("")
    log_level: str = "INFO"

    @model_validator(mode="before")
    @classmethod
    def read_secret_files(cls, values: dict[str, Any]) -> dict[str, Any]:
        """`HEED_SECRET_FILE=/run/secrets/x` stands for `HEED_SECRET=<content of that file>`."""
        for name in cls.model_fields:
            path = os.environ.get(f"HEED_{name.upper()}_FILE")
            if path and not values.get(name):
                values[name] = Path(path).read_text().strip()
        return values

    @field_validator("public_url", "database_url", "bus_database_url", "rabbitmq_url")
    @classmethod
    def check_address(cls, url: str, info: ValidationInfo) -> str:
        """A mistyped address would only show when somebody uses it: a customer, for instance."""
        schemes = SCHEMES.get(str(info.field_name), SCHEMES["database_url"])
        if url and not (url.startswith(schemes) and urlsplit(url).hostname):
            raise ValueError(f"must be an address that begins with {' or '.join(schemes)}")
        return url.rstrip("/") if info.field_name == "public_url" else url

    @model_validator(mode="after")
    def check_file_store(self) -> Self:
        """Half a store would only show when the first file is kept."""
        if self.files_url:
            try:
                Place.of(self.files_url)
            except BadStoreURL as problem:
                raise ValueError(f"HEED_FILES_URL: {problem}") from problem
            if not self.files_access_key or not self.files_secret_key.get_secret_value():
                raise ValueError("HEED_FILES_URL is set, and HEED_FILES_ACCESS_KEY or HEED_FILES_SECRET_KEY is not")
        return self

    @model_validator(mode="after")
    def refuse_placeholder_secrets(self) -> Self:
        """Outside development a missing, short or well-known secret stops the start."""
        if self.environment is Environment.DEVELOPMENT:
            return self
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr) and name in self.required_secrets():
                _require_strong(name, value.get_secret_value())
        if not self.token_public_key:
            raise ValueError("HEED_TOKEN_PUBLIC_KEY is missing: make one with `python -m services secrets`")
        for name in ("database_url", "rabbitmq_url"):
            password = urlsplit(getattr(self, name)).password
            if password is not None and password.lower() in PLACEHOLDERS:
                raise ValueError(f"HEED_{name.upper()} carries a placeholder password: choose a real one")
        return self

    @classmethod
    def required_secrets(cls) -> frozenset[str]:
        """Names of the secrets without which this service must not start in production."""
        return frozenset({"secret", "database_secret"})

    def role_url(self, role: str) -> str:
        """`database_url` with the role's own name and derived password, for asyncpg."""
        override = os.environ.get(f"HEED_{role.removeprefix('heed_').upper()}_DATABASE_URL")
        if override:
            return override
        return with_credentials(self.database_url, role, self.role_password(role))

    def role_password(self, role: str) -> str:
        """One password per role from one secret (HMAC-SHA256), so that operators keep a single value."""
        key = self.database_secret.get_secret_value().encode()
        return base64.urlsafe_b64encode(hmac.digest(key, role.encode(), hashlib.sha256)).decode().rstrip("=")

    def derived_key(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose; a leaked cursor key must not sign survey links."""
        return hmac.digest(self.secret.get_secret_value().encode(), purpose.encode(), hashlib.sha256)


def with_credentials(url: str, user: str, password: str) -> str:
    """The same database URL for another user."""
    parts = urlsplit(url)
    host = parts.hostname or "127.0.0.1"
    netloc = f"{quote(user)}:{quote(password, safe='')}@{host}" + (f":{parts.port}" if parts.port else "")
    return urlunsplit((parts.scheme, netloc, parts.path, parts.query, ""))


def _require_strong(name: str, value: str) -> None:
    variable = f"HEED_{name.upper()}"
    if not value:
        raise ValueError(f"{variable} is missing: make one with `python -m services secrets`")
    if any(word in value.lower() for word in PLACEHOLDERS):
        raise ValueError(f"{variable} is a placeholder: make a real one with `python -m services secrets`")
    if len(value) < SHORTEST_SECRET:
        raise ValueError(f"{variable} is shorter than {SHORTEST_SECRET} characters")
