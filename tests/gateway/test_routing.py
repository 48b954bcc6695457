"""One table of paths, for one process and for nginx."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from services.gateway.routing import GATEWAY, ROUTES, Kind, find_route, nginx_locations

ROOT = Path(__file__).parents[2]


class TestFindRoute:
    @pytest.mark.parametrize(
        ("path", "service", "kind"),
        [
            ("/", "gateway", Kind.PUBLIC),
            ("/docs", "gateway", Kind.PUBLIC),
            ("/v1/sessions", "gateway", Kind.PUBLIC),
            ("/v1/sessions/current", "gateway", Kind.SIGNED),
            ("/v1/audit/verification", "gateway", Kind.SIGNED),
            ("/v1/customers", "customers", Kind.SIGNED),
            ("/v1/customers/bulk", "customers", Kind.BULK),
            ("/v1/customers/x/timeline", "customers", Kind.SIGNED),
            ("/v1/customers/x/preferences", "notifier", Kind.SIGNED),
            ("/v1/customers/x/health", "metrics", Kind.SIGNED),
            ("/v1/responses", "survey", Kind.SIGNED),
            ("/v1/responses/bulk", "survey", Kind.BULK),
            ("/v1/attempts", "survey", Kind.SIGNED),
            ("/v1/uploads", "survey", Kind.BULK),
            ("/v1/uploads/x/content", "survey", Kind.SIGNED),
            ("/s/token", "survey", Kind.PUBLIC),
            ("/r/token", "survey", Kind.PUBLIC),
            ("/p/token", "notifier", Kind.PUBLIC),
            ("/v1/events/stream", "notifier", Kind.STREAM),
            ("/v1/events", "notifier", Kind.SIGNED),
            ("/v1/rule-runs", "notifier", Kind.SIGNED),
            ("/v1/sla-policies", "tickets", Kind.SIGNED),
            ("/v1/tickets/x/attachments", "tickets", Kind.BULK),
            ("/v1/tickets/x/attachments/y/content", "tickets", Kind.SIGNED),
            ("/files/token", "tickets", Kind.PUBLIC),
            ("/v1/metrics/nps/rows", "metrics", Kind.SIGNED),
        ],
    )
    def test_leads_each_path_of_the_contract_to_its_service(self, path: str, service: str, kind: Kind) -> None:
        route = find_route(path)
        assert route is not None
        assert (route.service, route.kind) == (service, kind)

    @pytest.mark.parametrize(
        "path", ["", "/s", "/v1", "/v1/", "/v1/rulesx", "/V1/rules", "/v1/rules/\n", "/internal/x"]
    )
    def test_leads_nothing_else_anywhere(self, path: str) -> None:
        assert find_route(path) is None

    def test_the_public_routes_are_known_one_by_one(self) -> None:
        """Each of these takes requests without a credential. Think before you add one."""
        public = {route.pattern for route in ROUTES if route.kind is Kind.PUBLIC}
        assert public == {
            "/(?:s|hooks|w|r)/.*",
            "/(?:help|assistant|solved|files)/.*",
            "/p/.*",
            "/mailbox(?:/.*)?",
            "/v1/sessions",
            r"/v1/(?:openapi|asyncapi)\.json",
            "/(?:docs|assets)(?:/.*)?",
            r"/|/favicon\.ico|/robots\.txt|/livez|/readyz|/metrics|/internal/exchange",
        }


class TestNginx:
    def test_has_the_same_routes_in_the_same_order(self) -> None:
        found = re.findall(
            r'^location ~ "\^\(\?:(.*)\)\$" \{ set \$service (\w+); include heed/(\w+)\.conf; \}$',
            nginx_locations(),
            re.MULTILINE,
        )
        assert found == [(route.pattern, route.service, route.kind) for route in ROUTES if route.service != GATEWAY]

    def test_finds_a_fragment_for_every_kind(self) -> None:
        for route in ROUTES:
            if route.service != GATEWAY:
                assert (ROOT / f"deploy/nginx/heed/{route.kind}.conf").is_file()

    def test_is_printed_by_a_command_that_needs_nothing_else(self) -> None:
        # With -S no installed package can be imported: the table must stand alone.
        command = [sys.executable, "-S", "-m", "services.gateway.routing", "nginx"]
        printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert printed.stdout == nginx_locations()
