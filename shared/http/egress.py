"""Settings of services that reach out to addresses which accounts chose, and the client they do it with."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Self

from pydantic import Field, model_validator

from shared.http.client import GuardedClient
from shared.service import Runtime
from shared.settings import Environment, ServiceSettings

_CLIENT = "egress.client"


class EgressSettings(ServiceSettings):
    webhook_allow_cidrs: str = Field(
        "", description="Networks, separated by commas, that may be reached although they are not public."
    )

    @model_validator(mode="after")
    def check_networks(self) -> Self:
        """A wrong one would only show when the first request fails."""
        self.allowed_networks()
        return self

    def allowed_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        parts = re.split(r"[,\s]+", self.webhook_allow_cidrs)
        try:
            return tuple(ip_network(part) for part in parts if part)
        except ValueError as problem:
            raise ValueError(f"HEED_WEBHOOK_ALLOW_CIDRS: {problem}; write networks such as 10.1.0.0/16") from problem


def guarded_client(runtime: Runtime) -> GuardedClient:
    """One per process. Plain HTTP is for development and for networks that the operator allowed."""
    if _CLIENT not in runtime.state:
        settings: EgressSettings = runtime.settings
        runtime.state[_CLIENT] = GuardedClient(
            allowed=settings.allowed_networks(), allow_plain=settings.environment is Environment.DEVELOPMENT
        )
    client: GuardedClient = runtime.state[_CLIENT]
    return client
