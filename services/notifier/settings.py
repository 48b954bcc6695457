"""Settings of the notifier."""

from email.headerregistry import Address
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from shared.http.egress import EgressSettings
from shared.settings import Environment


class NotifierSettings(EgressSettings):
    smtp_host: str = Field("", description="The mail server. Without one, development uses the built-in mailbox.")
    smtp_port: int = Field(587, ge=1, le=65_535)
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_from: str = Field("heed@localhost", description="The sender's address; the account's name stands before it.")
    reply_address: str = Field(
        "",
        description="Where customers' answers to tickets go, and bounces: an address whose mail comes in through a "
        "connected source, also with a part after a plus. Empty: to the address that they wrote to, if they wrote.",
    )
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="`tls` from the first byte, `starttls` required after the greeting, or `none`."
    )
    mailbox: Literal["auto", "on", "off"] = Field(
        "auto",
        description="The built-in mailbox keeps all mail and shows it at /mailbox to whoever can open that page. "
        "`auto`: in development without a mail server.",
    )
    sms_provider: Literal["", "twilio"] = Field(
        "", description="Who sends text messages. Empty: the built-in mailbox where that is on, else nobody."
    )
    sms_from: str = Field("", description="The sender: a number (+351...), a name, or a Twilio service (MG...).")
    whatsapp_from: str = Field(
        "", description="The WhatsApp sender at the same provider: a number (+351...) or a Twilio service (MG...)."
    )
    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_url: str = Field("https://api.twilio.com", description="Another region's, or one that speaks the same API.")
    resolution_survey_delay_seconds: int = Field(
        3_600,
        ge=0,
        le=30 * 86_400,
        description="How long after a resolution the customer is asked how it was, unless the rule says otherwise.",
    )
    stream_connections: int = Field(10, ge=1, description="Open event streams per account and process.")

    @model_validator(mode="after")
    def check_addresses(self) -> Self:
        """A wrong sender would only show when the first message fails."""
        try:
            Address(addr_spec=self.smtp_from)
        except (ValueError, IndexError) as problem:
            raise ValueError("HEED_SMTP_FROM is not a mail address, such as hello@example.com") from problem
        try:
            if self.reply_address and "+" in Address(addr_spec=self.reply_address).username:
                raise ValueError("it has a plus already")
        except (ValueError, IndexError) as problem:
            raise ValueError("HEED_REPLY_ADDRESS is not a plain mail address, such as help@example.com") from problem
        return self

    @model_validator(mode="after")
    def check_provider(self) -> Self:
        """Half a provider would only show when the first text message fails."""
        if self.sms_provider == "twilio":
            needed = {
                "HEED_TWILIO_ACCOUNT_SID": self.twilio_account_sid,
                "HEED_TWILIO_AUTH_TOKEN": self.twilio_auth_token.get_secret_value(),
                "HEED_SMS_FROM": self.sms_from,
            }
            missing = [name for name, value in needed.items() if not value]
            if missing:
                raise ValueError(f"HEED_SMS_PROVIDER is twilio, and {' and '.join(missing)} not set")
        return self

    @property
    def uses_sms_mailbox(self) -> bool:
        """Whether text messages stay here, for the page at /mailbox."""
        return not self.sms_provider and self.uses_mailbox

    @property
    def uses_mailbox(self) -> bool:
        """Whether mail stays here, for the page at /mailbox."""
        if self.mailbox == "auto":
            return not self.smtp_host and self.environment is Environment.DEVELOPMENT
        return self.mailbox == "on"
