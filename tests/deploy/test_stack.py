"""`docker-compose.yml` and the Dockerfile, as they are written; that they run is seen by running them."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from pydantic import ValidationError

from services import catalog
from shared.settings import ServiceSettings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
STACK: dict[str, Any] = yaml.safe_load(TEXT)
CONTAINERS: dict[str, dict[str, Any]] = STACK["services"]
OURS = [*catalog.NAMES, *(f"{name}-worker" for name in catalog.NAMES)]
ONE_SHOT = {"migrate"}
SECRET_NAME = re.compile(r"SECRET|PASSWORD|PASS$|_KEY$")
# Without these, mail goes to the built-in mailbox.
MAY_BE_EMPTY = {"HEED_FILES_ACCESS_KEY", "HEED_FILES_SECRET_KEY", "HEED_SMTP_PASSWORD"}
# What docker-compose 1.29 does not read.
ONLY_COMPOSE_2 = {"name", "include", "develop", "configs", "start_interval", "required", "models", "provider"}
VARIABLE = re.compile(r"\$\{(\w+)(:[?-][^}]*)?\}")
PRODUCTION = {
    "HEED_ENVIRONMENT": "production",
    "HEED_SECRET": "q" * 40,
    "HEED_DATABASE_SECRET": "d" * 40,
    "HEED_TOKEN_PUBLIC_KEY": "-----BEGIN PUBLIC KEY-----",
}
REQUIRED = {name for name, rest in VARIABLE.findall(TEXT) if rest.startswith(":?")}


def example() -> dict[str, str]:
    lines = (ROOT / "deploy/env.example").read_text().splitlines()
    return dict(line.removeprefix("#").split("=", 1) for line in lines if re.match(r"#?[A-Z_]+=", line))


def keys_of(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield str(key)
            yield from keys_of(value)
    elif isinstance(node, list):
        for item in node:
            yield from keys_of(item)


class TestEveryContainer:
    @pytest.mark.parametrize("name", sorted(CONTAINERS.keys() - ONE_SHOT))
    def test_has_a_health_check_and_is_started_again_when_it_dies(self, name: str) -> None:
        assert CONTAINERS[name]["healthcheck"]["test"][0] == "CMD"
        assert CONTAINERS[name]["restart"] == "unless-stopped"

    @pytest.mark.parametrize("name", sorted(CONTAINERS))
    def test_cannot_gain_privileges_and_keeps_its_log_short(self, name: str) -> None:
        assert "no-new-privileges:true" in CONTAINERS[name]["security_opt"]
        assert CONTAINERS[name]["logging"]["options"]["max-size"]

    @pytest.mark.parametrize("name", sorted(CONTAINERS.keys() - {"rabbitmq"}))
    def test_has_no_capabilities_and_a_root_file_system_it_cannot_write_to(self, name: str) -> None:
        assert CONTAINERS[name]["read_only"] is True
        assert CONTAINERS[name]["cap_drop"] == ["ALL"]

    def test_is_out_of_reach_unless_it_is_the_edge(self) -> None:
        assert [name for name, container in CONTAINERS.items() if "ports" in container] == ["nginx"]
        assert CONTAINERS["nginx"]["networks"] == ["front"]

    @pytest.mark.parametrize("name", ["postgres", "rabbitmq", "migrate"])
    def test_that_holds_all_data_has_no_way_out(self, name: str) -> None:
        assert CONTAINERS[name]["networks"] == ["back"]
        assert STACK["networks"]["back"] == {"internal": True}


class TestEveryService:
    def test_is_in_the_stack_as_web_and_worker(self) -> None:
        assert set(OURS) == CONTAINERS.keys() - {"nginx", "postgres", "rabbitmq", "migrate"}

    @pytest.mark.parametrize("name", catalog.NAMES)
    def test_runs_both_halves_from_one_image_that_holds_only_this_service(self, name: str) -> None:
        web, worker = CONTAINERS[name], CONTAINERS[f"{name}-worker"]
        assert web["image"].startswith(f"heed/{name}:")
        assert web["build"]["args"].items() - {("LIBRARIES", "science")} == {("SERVICE", name)}
        assert {key for key in web if web[key] != worker.get(key)} == {"command", "build"}
        assert "build" not in worker
        assert (web["command"], worker["command"]) == ([name, "web"], [name, "worker"])

    @pytest.mark.parametrize("name", OURS)
    def test_waits_for_the_migrations_and_gets_time_to_finish(self, name: str) -> None:
        assert CONTAINERS[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert int(CONTAINERS[name]["stop_grace_period"].removesuffix("s")) >= 30

    @pytest.mark.parametrize("name", OURS)
    def test_is_given_only_settings_that_it_reads(self, name: str) -> None:
        settings = catalog.load(name.removesuffix("-worker")).settings
        assert CONTAINERS[name]["environment"].keys() <= {f"HEED_{field.upper()}" for field in settings.model_fields}

    @pytest.mark.parametrize("name", OURS)
    def test_sees_the_folder_of_files_if_it_keeps_any(self, name: str) -> None:
        folder = CONTAINERS[name]["environment"]["HEED_FILES_FOLDER"]
        modules = (ROOT / "services" / name.removesuffix("-worker")).rglob("*.py")
        keeps_files = any("from shared.files import" in module.read_text() for module in modules)
        assert (f"files:{folder}" in CONTAINERS[name].get("volumes", [])) is keeps_files


class TestSecrets:
    @pytest.mark.parametrize("name", sorted(CONTAINERS))
    def test_come_from_outside_and_stop_the_start_when_missing(self, name: str) -> None:
        for variable, value in CONTAINERS[name].get("environment", {}).items():
            if SECRET_NAME.search(variable) and variable not in MAY_BE_EMPTY:
                source = VARIABLE.fullmatch(value)
                assert source is not None, variable
                assert source[2] == f":?{source[1]} is missing, see docs/guides/operating.md"

    def test_in_addresses_come_from_outside_too(self) -> None:
        passwords = re.findall(r"://\w+:(\$\{[^}]*\}|[^@/\s]+)@", TEXT)
        assert passwords
        assert all(VARIABLE.fullmatch(password) for password in passwords)

    def test_are_known_only_where_they_are_needed(self) -> None:
        def holders(variable: str) -> set[str]:
            return {name for name, container in CONTAINERS.items() if variable in str(container.get("environment"))}

        assert holders("HEED_TOKEN_PRIVATE_KEY") == {"gateway", "gateway-worker", "migrate"}
        assert holders("HEED_POSTGRES_PASSWORD") == {"postgres", "migrate"}

    @pytest.mark.parametrize("variable", sorted(REQUIRED))
    def test_are_empty_in_the_example(self, variable: str) -> None:
        assert example()[variable] == ""

    @pytest.mark.parametrize("word", ["", "short", "change-me-change-me-change-me"])
    @pytest.mark.parametrize("variable", ["HEED_SECRET", "HEED_DATABASE_SECRET"])
    def test_that_are_placeholders_are_refused_in_production(
        self, monkeypatch: pytest.MonkeyPatch, variable: str, word: str
    ) -> None:
        for name, value in PRODUCTION.items():
            monkeypatch.setenv(name, value)
        ServiceSettings()
        monkeypatch.setenv(variable, word)
        with pytest.raises(ValidationError, match=variable):
            ServiceSettings()

    @pytest.mark.parametrize(
        ("variable", "address"),
        [
            ("HEED_RABBITMQ_URL", "amqp://heed:change-me@rabbitmq:5672/"),
            ("HEED_DATABASE_URL", "postgresql://heed:password@postgres:5432/heed"),
        ],
    )
    def test_that_are_placeholders_are_refused_in_addresses(
        self, monkeypatch: pytest.MonkeyPatch, variable: str, address: str
    ) -> None:
        for name, value in PRODUCTION.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv(variable, address)
        with pytest.raises(ValidationError, match=variable):
            ServiceSettings()


class TestTheFiles:
    def test_every_variable_of_the_stack_is_in_the_example(self) -> None:
        assert {name for name, _ in VARIABLE.findall(TEXT)} == example().keys()

    def test_every_file_that_is_mounted_exists(self) -> None:
        mounts = [volume.split(":")[0] for container in CONTAINERS.values() for volume in container.get("volumes", [])]
        files = [ROOT / mount for mount in mounts if mount.startswith("./")]
        assert files
        assert all(path.exists() for path in files)

    def test_the_science_is_in_the_images_that_calculate(self) -> None:
        science = re.compile(r"^\s*(?:import|from) (?:numpy|scipy|sklearn|statsmodels|pyarrow|matplotlib)\b", re.M)
        folders = {name: (ROOT / "services" / name).rglob("*.py") for name in catalog.NAMES}
        calculating = {
            name for name, files in folders.items() if any(science.search(path.read_text()) for path in files)
        }
        assert calculating
        equipped = {name for name in catalog.NAMES if "LIBRARIES" in CONTAINERS[name]["build"]["args"]}
        assert calculating <= equipped
        assert not equipped & {"gateway", "customers", "notifier"}

    def test_a_service_starts_before_the_science_is_loaded(self) -> None:
        hidden = ["numpy", "scipy", "sklearn", "statsmodels", "pyarrow", "matplotlib", "pandas"]
        apps = "; ".join(f"import services.{name}.app" for name in catalog.NAMES)
        program = f"import sys; sys.modules.update(dict.fromkeys({hidden!r})); {apps}"
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, timeout=60)

    def test_the_stack_uses_nothing_that_older_compose_cannot_read(self) -> None:
        assert not ONLY_COMPOSE_2 & {*STACK, *keys_of(list(CONTAINERS.values()))}

    def test_the_image_needs_no_newer_builder(self) -> None:
        recipe = (ROOT / "deploy/Dockerfile").read_text()
        assert not re.search(r"# *syntax=|RUN +--|COPY +--(link|chmod)|<<", recipe)

    def test_the_image_runs_as_a_user_without_rights(self) -> None:
        stages = (ROOT / "deploy/Dockerfile").read_text().split("\nFROM ")[1:]
        last_of_each = {stage.split(" AS ")[1].split()[0]: stage for stage in stages}
        assert all("\nUSER heed" in last_of_each[name] for name in ("migrate", "service"))


class TestTheGuide:
    def test_names_only_measures_that_exist(self) -> None:
        guide = (ROOT / "docs/guides/operating.md").read_text()
        named = set(re.findall(r"`(heed_[a-z_]+)`", guide))
        sources = [path.read_text() for folder in ("shared", "services") for path in (ROOT / folder).rglob("*.py")]
        measure = re.compile(r'(?:Counter|Gauge|Histogram)\(\s*"(heed_[a-z_]+)"')
        exist = {name for source in sources for name in measure.findall(source)}
        assert named
        assert named <= exist
