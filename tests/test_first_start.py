"""What Heed gives itself where nobody configured anything, and how the environment overrules it."""

import socket
import stat
from pathlib import Path

import pytest

from services import catalog
from services.address import Address, address_from_environment
from services.first_start import environment_lines, settings_of, stored_secrets
from services.upkeep import connect, given_database, server_of
from shared.auth.tokens import TokenSigner, TokenVerifier
from shared.embedded.errors import CannotStart, PortTaken
from shared.embedded.home import DataHome
from shared.settings import with_credentials
from shared.testing.databases import Databases

VALUES = {"secret": "stored-secret", "token_private_key": "private", "token_public_key": "public"}


class TestSecrets:
    def test_they_are_made_once_and_for_their_owner_only(self, tmp_path: Path) -> None:
        home = DataHome(tmp_path)
        first = stored_secrets(home)
        assert stored_secrets(home) == first
        assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600

    def test_the_printed_ones_start_a_production_service(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for line in environment_lines().splitlines():
            name, _, value = line.partition("=")
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("HEED_ENVIRONMENT", "production")
        settings = settings_of(catalog.load("gateway"), {})
        TokenSigner(settings.token_private_key.get_secret_value())
        TokenVerifier(settings.token_public_key)


class TestSettings:
    def test_the_environment_overrules_what_is_stored(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        gateway = catalog.load("gateway")
        assert settings_of(gateway, VALUES).secret.get_secret_value() == "stored-secret"
        monkeypatch.setenv("HEED_SECRET", "from the environment")
        assert settings_of(gateway, VALUES).secret.get_secret_value() == "from the environment"
        monkeypatch.delenv("HEED_SECRET")
        (tmp_path / "secret").write_text("from a file\n")
        monkeypatch.setenv("HEED_SECRET_FILE", str(tmp_path / "secret"))
        assert settings_of(gateway, VALUES).secret.get_secret_value() == "from a file"

    def test_only_the_gateway_gets_the_private_key(self) -> None:
        kept = {name: settings_of(catalog.load(name), VALUES) for name in catalog.present()}
        holders = [name for name, settings in kept.items() if settings.token_private_key.get_secret_value()]
        assert holders == ["gateway"]


class TestDatabases:
    def test_the_administrators_address_comes_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert given_database() == ""
        monkeypatch.setenv("HEED_DATABASE_URL", "postgresql://db/heed")
        assert given_database() == "postgresql://db/heed"
        monkeypatch.setenv("HEED_ADMIN_DATABASE_URL", "postgresql://admin@db/heed")
        assert given_database() == "postgresql://admin@db/heed"

    def test_a_service_that_moved_is_prepared_where_it_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        admin = "postgresql://admin:word@db:5432/heed"
        assert server_of("survey", admin) == admin
        monkeypatch.setenv("HEED_SURVEY_DATABASE_URL", "postgresql://heed_survey:x@survey-db:5433/heed")
        assert server_of("survey", admin) == "postgresql://admin:word@survey-db:5433/heed"
        assert server_of("tickets", admin) == admin
        monkeypatch.setenv("HEED_SURVEY_ADMIN_DATABASE_URL", "postgresql://other@survey-db/heed")
        assert server_of("survey", admin) == "postgresql://other@survey-db/heed"

    async def test_a_server_that_refuses_is_named_without_its_password(self, databases: Databases) -> None:
        url = with_credentials(databases.url, "somebody", "guessed")
        with pytest.raises(CannotStart, match="refuses") as refusal:
            await connect(url)
        assert "guessed" not in str(refusal.value)


class TestAddress:
    def test_it_comes_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert address_from_environment("127.0.0.1") == Address("127.0.0.1", 8000)
        monkeypatch.setenv("HEED_HOST", "0.0.0.0")
        monkeypatch.setenv("HEED_PORT", "8001")
        assert address_from_environment("127.0.0.1").url == "http://localhost:8001"

    @pytest.mark.parametrize("port", ["http", "0", "65536", "-1"])
    def test_what_is_no_port_is_refused(self, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HEED_PORT", port)
        with pytest.raises(CannotStart, match="from 1 to 65535"):
            address_from_environment("127.0.0.1")

    def test_a_taken_port_names_the_next_one(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            with pytest.raises(PortTaken, match=f"HEED_PORT={port + 1}"):
                Address("127.0.0.1", port).listen()
