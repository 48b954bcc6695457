"""The edge agrees with the code behind it: the same routes, the same words in a refusal, nothing let through."""

import re
from pathlib import Path

import pytest

from services import catalog
from services.gateway.exchange.credentials import ForgedRequest
from services.gateway.routing import GATEWAY, Kind, find_route, nginx_locations
from shared.http import errors
from shared.service import open_runtime
from shared.settings import ServiceSettings

ROOT = Path(__file__).parents[2]
NGINX = ROOT / "deploy/nginx"
MAIN = (NGINX / "nginx.conf").read_text()
MAPS = (NGINX / "heed/maps.conf").read_text()
ROUTES = (NGINX / "heed/routes.conf").read_text()
LOCATION = re.compile(r'^location ~ "(.+)" \{ set \$service (\w+); include heed/(\w+)\.conf; \}$', re.MULTILINE)
LOCATIONS = LOCATION.findall(ROUTES)
SOME_ID = "0192d3a0-7c1e-7d5a-9a63-0f7f0c1b2a3d"


def edge_route(path: str) -> tuple[str, str]:
    """Service and kind, as nginx finds them: the first expression that matches, else the gateway."""
    for expression, service, kind in LOCATIONS:
        if re.search(expression, path):
            return service, kind
    return GATEWAY, "gateway"


def documented_paths(service: str) -> list[str]:
    declared = catalog.load(service)
    # Opened by nobody, so the address need not lead anywhere.
    settings = declared.settings(database_url="postgresql://database.invalid/heed")
    app = declared.create_app(open_runtime(declared, settings))
    return [re.sub(r"\{[^}]+\}", SOME_ID, path) for path in app.openapi()["paths"]]


def nginx_map(name: str) -> dict[str, str]:
    block = re.search(rf"map \$status \${name} \{{(.*?)\n\}}", MAPS, re.DOTALL)
    assert block is not None
    lines = re.findall(r'^\s+(\S+)\s+(?:"([^"]*)"|(\S+));$', block[1], re.MULTILINE)
    return {status: quoted or bare for status, quoted, bare in lines}


class TestRoutes:
    def test_are_written_from_the_table_in_the_gateway(self) -> None:
        assert nginx_locations() == ROUTES, (
            "run: python -m services.gateway.routing nginx > deploy/nginx/heed/routes.conf"
        )
        assert len(LOCATIONS) == len(ROUTES.splitlines()) - 1

    @pytest.mark.parametrize("service", catalog.NAMES)
    def test_lead_every_documented_path_to_the_service_that_documents_it(self, service: str) -> None:
        for path in documented_paths(service):
            route = find_route(path)
            assert route is not None, path
            assert route.service == service, path
            expected = (service, "gateway" if service == GATEWAY else route.kind.value)
            assert edge_route(path) == expected, path

    @pytest.mark.parametrize("path", ["/s/token", "/hooks/token", "/w/pk_key.js", "/p/token"])
    def test_exchange_nothing_where_the_path_is_the_secret(self, path: str) -> None:
        assert edge_route(path)[1] == Kind.PUBLIC
        assert "auth_request" not in (NGINX / "heed/public.conf").read_text()

    @pytest.mark.parametrize("kind", [Kind.SIGNED, Kind.BULK, Kind.STREAM])
    def test_exchange_the_credential_everywhere_else(self, kind: Kind) -> None:
        text = (NGINX / f"heed/{kind}.conf").read_text()
        if kind is not Kind.SIGNED:
            assert "include heed/signed.conf;" in text
            text = (NGINX / "heed/signed.conf").read_text()
        assert "auth_request /_exchange;" in text
        assert "proxy_set_header Authorization $service_authorization;" in text
        assert 'proxy_set_header Cookie "";' in text

    def test_keep_what_is_internal_inside(self) -> None:
        assert "location ^~ /internal { return 404; }" in MAIN
        assert "location = /metrics { return 404; }" in MAIN
        assert re.search(r"location = /_exchange \{\s+internal;", MAIN)

    def test_let_large_bodies_through_only_where_a_service_takes_them(self) -> None:
        assert "client_max_body_size 60m;" in (NGINX / "heed/public.conf").read_text()
        for service in catalog.NAMES:
            code = "\n".join(path.read_text() for path in (ROOT / "services" / service).rglob("*.py"))
            for prefixes in re.findall(r"body_limits=\{([^}]*)\}", code):
                # A longer prefix may state the usual limit again.
                for prefix in re.findall(r'"(/[^"]+)": (?!runtime\.settings\.body_limit_bytes)', prefixes):
                    if service != GATEWAY:
                        # Limits go by prefix; the edge lets only the files below it through.
                        kinds = {edge_route(prefix)[1], edge_route(f"{prefix.rstrip('/')}/1/attachments")[1]}
                        assert kinds & {Kind.BULK, Kind.PUBLIC}, f"{prefix} takes larger bodies than the edge lets pass"

    def test_leave_the_services_their_own_word_about_bodies_that_are_too_large(self) -> None:
        megabytes = re.search(r"client_max_body_size (\d+)m;", (NGINX / "heed/limits.conf").read_text())
        assert megabytes is not None
        assert int(megabytes[1]) * 2**20 > ServiceSettings().body_limit_bytes


class TestHeaders:
    def test_that_only_heed_may_set_are_taken_from_the_caller(self) -> None:
        ours = set()
        for folder in ("services", "shared"):
            for path in (ROOT / folder).rglob("*.py"):
                ours |= {name.lower() for name in re.findall(r'"(X-Heed-[A-Za-z-]+)"', path.read_text(), re.IGNORECASE)}
        dropped = re.findall(r'proxy_set_header (X-Heed-\S+) "";', (NGINX / "heed/proxy.conf").read_text())
        assert "x-heed-token" in ours
        assert ours - {"x-heed-"} == {name.lower() for name in dropped}

    def test_that_decide_an_exchange_are_in_its_key(self) -> None:
        text = (NGINX / "heed/exchange.conf").read_text()
        key = re.search(r'proxy_cache_key "(.+)";', text)
        assert key is not None
        assert key[1].split(r"\n") == ["$http_authorization", "$http_cookie", "$http_origin"]
        assert "proxy_no_cache $exchange_afresh;" in text
        assert "proxy_cache_bypass $exchange_afresh;" in text


class TestRefusals:
    FAMILY = (
        errors.Unreadable,
        errors.Unauthenticated,
        ForgedRequest,
        errors.NotFound,
        errors.TooLarge,
        errors.TooMany,
        errors.Unavailable,
    )

    def test_are_problem_documents_for_every_status_the_edge_gives(self) -> None:
        given = {int(status) for line in re.findall(r"error_page ([\d ]+)/_problem;", MAIN) for status in line.split()}
        assert given >= {cls.status for cls in self.FAMILY}
        assert "error_page 500 502 504 =503 /_problem;" in MAIN
        assert "default_type application/problem+json;" in MAIN

    @pytest.mark.parametrize("error", FAMILY)
    def test_have_the_code_and_title_the_services_give(self, error: type[errors.AppError]) -> None:
        status = "default" if error is errors.Unavailable else str(error.status)
        assert nginx_map("problem_code")[status] == error.code
        assert nginx_map("problem_title")[status] == error.title

    def test_say_when_to_come_back(self) -> None:
        assert nginx_map("problem_retry_after").keys() == {"default", "429", "503"}


class TestLimits:
    def test_count_every_request_by_credential_and_by_address(self) -> None:
        limits = (NGINX / "heed/limits.conf").read_text()
        used = set(re.findall(r"^limit_req zone=(\w+)", limits, re.MULTILINE))
        assert used == {"caller", "address"}
        assert used < set(re.findall(r"limit_req_zone \S+\s+zone=(\w+):", limits))

    def test_hold_on_every_route(self) -> None:
        """nginx inherits `limit_req` only where a location has none of its own."""
        files = [path for path in (NGINX / "heed").glob("*.conf") if path.name != "limits.conf"]
        assert not [path.name for path in files if "limit_req " in path.read_text()]
        [sign_in] = re.findall(r"location = /v1/sessions \{(.*?)\}", MAIN, re.DOTALL)
        assert "zone=sign_in" in sign_in
        assert "zone=address" in sign_in
        assert MAIN.count("limit_req ") == sign_in.count("limit_req ")


class TestTheLog:
    @pytest.mark.parametrize(
        ("line", "logged"),
        [
            ("/s/respondents-token?x=1", "/s/..."),
            ("/p/token", "/p/..."),
            ("//s/token", "/..."),
            ("/%73/token", "/..."),
            ("/v1/../s/token", "/..."),
            ("/v1/customers?email=ana@example.com", "/v1/customers"),
            ("/v1/customers/ana%40example.com", "/..."),
            ("/readyz", "/readyz"),
        ],
    )
    def test_shows_no_token_and_no_person(self, line: str, logged: str) -> None:
        block = re.search(r"map \$request_uri \$logged_path \{(.*?)\n\}", MAPS, re.DOTALL)
        assert block is not None
        result = "/..."
        for expression, value in re.findall(r'"~(\S+)"\s+"([^"]+)";', block[1]):
            if match := re.search(expression.replace("(?<", "(?P<").replace("(?P<!", "(?<!"), line):
                result = re.sub(r"\$(\w+?)(?=\.\.\.|$)", lambda name, found=match: found[name[1]], value)  # type: ignore[misc]
                break
        assert result == logged
