"""Settings that cannot work are refused at the start, by name."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from shared.settings import Environment, ServiceSettings, with_credentials

GOOD = "k3Vw0tYkq7bqz1mB0x9sUe5hDq2"


def production(**changes: Any) -> ServiceSettings:
    values: dict[str, Any] = {
        "environment": Environment.PRODUCTION,
        "secret": SecretStr(GOOD),
        "database_secret": SecretStr(GOOD),
        "token_public_key": "-----BEGIN PUBLIC KEY-----",
    }
    return ServiceSettings(**(values | changes))


class TestSecrets:
    def test_good_ones_are_taken(self) -> None:
        assert production().secret.get_secret_value() == GOOD

    @pytest.mark.parametrize("bad", ["", "short", "change-me-change-me-change-me", "my-secret-my-secret-my-secret"])
    @pytest.mark.parametrize("name", ["secret", "database_secret"])
    def test_placeholders_stop_the_start_outside_development(self, name: str, bad: str) -> None:
        with pytest.raises(ValidationError, match=f"HEED_{name.upper()}"):
            production(**{name: SecretStr(bad)})

    def test_a_well_known_password_in_an_address_does_too(self) -> None:
        with pytest.raises(ValidationError, match="HEED_RABBITMQ_URL"):
            production(rabbitmq_url="amqp://guest:guest@broker/")

    def test_development_needs_none(self) -> None:
        assert ServiceSettings().environment is Environment.DEVELOPMENT

    def test_they_may_come_from_files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "secret").write_text(f"{GOOD}\n")
        monkeypatch.setenv("HEED_SECRET_FILE", str(tmp_path / "secret"))
        assert ServiceSettings().secret.get_secret_value() == GOOD


class TestAddresses:
    @pytest.mark.parametrize(
        ("name", "bad"),
        [
            ("public_url", "garbage"),
            ("public_url", "https://"),
            ("rabbitmq_url", "broker:5672"),
            ("database_url", "db"),
        ],
    )
    def test_what_is_no_address_is_refused(self, name: str, bad: str) -> None:
        with pytest.raises(ValidationError, match="must be an address that begins with"):
            ServiceSettings(**{name: bad})  # type: ignore[arg-type]

    def test_a_slash_at_the_end_does_not_double_in_links(self) -> None:
        assert ServiceSettings(public_url="https://heed.example/").public_url == "https://heed.example"

    def test_a_role_signs_in_with_a_password_of_its_own(self) -> None:
        settings = production(database_url="postgresql://somebody@db:5433/heed")
        survey, tickets = settings.role_url("heed_survey"), settings.role_url("heed_tickets")
        assert survey.startswith("postgresql://heed_survey:")
        assert survey.endswith("@db:5433/heed")
        assert survey.split(":")[2] != tickets.split(":")[2]

    def test_a_password_with_signs_survives_the_address(self) -> None:
        assert with_credentials("postgresql://db/x", "a", "p@:/?#") == "postgresql://a:p%40%3A%2F%3F%23@db/x"


class TestDerivedKeys:
    def test_each_purpose_has_its_own(self) -> None:
        settings = production()
        assert settings.derived_key("cursor") != settings.derived_key("links")
        assert len(settings.derived_key("cursor")) == 32
