"""What an embedded Heed gives itself at its first start, so that nobody has to configure anything."""

import json
import os
import secrets
from typing import TYPE_CHECKING, Any

from services.catalog import load
from shared.auth.tokens import new_key_pair
from shared.embedded.home import DataHome
from shared.service import Service
from shared.settings import ServiceSettings

if TYPE_CHECKING:
    from services.gateway.first_start import FirstAccount

SECRETS = "secrets.json"
CREDENTIALS = "credentials.json"


def fresh_secrets() -> dict[str, str]:
    """One installation's secrets, by field name of the settings; keys as PEM on one line."""
    private_key, public_key = (pem.replace("\n", "") for pem in new_key_pair())
    return {
        "secret": secrets.token_urlsafe(32),
        "database_secret": secrets.token_urlsafe(32),
        "token_private_key": private_key,
        "token_public_key": public_key,
    }


def stored_secrets(home: DataHome) -> dict[str, str]:
    """The home's own secrets, made when they are first asked for."""
    path = home.folder / SECRETS
    if not path.exists():
        home.write_private(SECRETS, json.dumps(fresh_secrets(), indent=2) + "\n")
    stored: dict[str, str] = json.loads(path.read_text())
    return stored


def environment_lines() -> str:
    """The secrets of a production installation, as lines of an environment file."""
    values = fresh_secrets() | {
        "postgres_password": secrets.token_urlsafe(24),
        "rabbitmq_password": secrets.token_urlsafe(24),
    }
    return "".join(f"HEED_{name.upper()}={value}\n" for name, value in values.items())


def credentials_text(first: "FirstAccount", url: str) -> str:
    """How a person, or a program, finds the first account's way in."""
    values = {"url": url, "account_id": str(first.account_id), "email": first.email}
    return json.dumps(values | {"password": first.password, "api_key": first.api_key}, indent=2) + "\n"


def settings_of(service: Service, values: dict[str, Any]) -> ServiceSettings:
    """The service's settings; `values` stand where the environment says nothing."""
    kept = {name: value for name, value in values.items() if not _in_environment(name)}
    if service.name != "gateway":
        kept.pop("token_private_key", None)
    return service.settings(**kept)


def settings_of_all(names: list[str], values: dict[str, Any]) -> list[tuple[Service, ServiceSettings]]:
    return [(service, settings_of(service, values)) for service in map(load, names)]


def _in_environment(name: str) -> bool:
    return any(os.environ.get(f"HEED_{name.upper()}{suffix}") for suffix in ("", "_FILE"))
