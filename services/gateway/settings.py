"""What the gateway needs besides what every service needs."""

from datetime import timedelta

from pydantic import Field

from shared.settings import ServiceSettings


class GatewaySettings(ServiceSettings):
    first_account_name: str = Field("My business", description="Name of the account that an empty system gets.")
    first_owner_email: str = Field("owner@example.com", description="Who signs in to that account.")
    exchange_seconds: int = Field(
        20,
        ge=0,
        le=30,
        description="How long an exchanged credential is remembered; that long a revoked one may still work.",
    )
    session_days: int = Field(14, ge=1, le=365, description="A session ends after this, whatever happens.")
    session_idle_hours: int = Field(24, ge=1, description="A session that nobody uses ends after this.")
    sign_ins_per_minute: int = Field(5, ge=1, description="Attempts per e-mail address and network address.")
    subject_export_days: int = Field(7, ge=1, le=90, description="How long the bundle of an export can be fetched.")
    subject_sweep_seconds: int = Field(
        900, ge=0, description="After an erasure, what was still travelling is erased this much later."
    )
    upstream_customers_url: str = Field("", description="Where the service is asked for its API document.")
    upstream_survey_url: str = Field("", description="Same for survey.")
    upstream_tickets_url: str = Field("", description="Same for tickets.")
    upstream_metrics_url: str = Field("", description="Same for metrics.")
    upstream_notifier_url: str = Field("", description="Same for notifier.")

    @classmethod
    def required_secrets(cls) -> frozenset[str]:
        return super().required_secrets() | {"token_private_key"}

    @property
    def session_lifetime(self) -> timedelta:
        return timedelta(days=self.session_days)

    @property
    def session_idle(self) -> timedelta:
        return timedelta(hours=self.session_idle_hours)

    @property
    def subject_export_kept(self) -> timedelta:
        return timedelta(days=self.subject_export_days)

    @property
    def subject_sweep(self) -> timedelta:
        return timedelta(seconds=self.subject_sweep_seconds)

    @property
    def upstream_urls(self) -> dict[str, str]:
        """Where other containers answer, by service; only those that are set."""
        names = ("customers", "survey", "tickets", "metrics", "notifier")
        return {name: url.rstrip("/") for name in names if (url := getattr(self, f"upstream_{name}_url"))}
