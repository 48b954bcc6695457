"""The senders that Heed knows: one line each."""

from functools import cache

from services.survey.adapters.app_store import AppStore
from services.survey.adapters.base import Adapter
from services.survey.adapters.facebook import Facebook
from services.survey.adapters.feeds import Feeds
from services.survey.adapters.google_business import GoogleBusiness
from services.survey.adapters.google_play import GooglePlay
from services.survey.adapters.imap import IMAP
from services.survey.adapters.intercom import Intercom
from services.survey.adapters.judgeme import Judgeme
from services.survey.adapters.mailgun import Mailgun
from services.survey.adapters.postmark import Postmark
from services.survey.adapters.sendgrid import SendGrid
from services.survey.adapters.shopify import Shopify
from services.survey.adapters.slack import Slack
from services.survey.adapters.stamped import Stamped
from services.survey.adapters.stripe import Stripe
from services.survey.adapters.trustpilot import Trustpilot
from services.survey.adapters.twilio import Twilio
from services.survey.adapters.woocommerce import WooCommerce
from services.survey.adapters.yelp import Yelp
from services.survey.adapters.yotpo import Yotpo
from services.survey.adapters.zendesk import Zendesk
from services.survey.mapping.adapter import SignedJson


@cache
def adapters() -> dict[str, Adapter]:
    """By name, in the order of the names."""
    known: tuple[Adapter, ...] = (
        AppStore(),
        Facebook(),
        Feeds(),
        GoogleBusiness(),
        GooglePlay(),
        IMAP(),
        Intercom(),
        Judgeme(),
        Mailgun(),
        Postmark(),
        SendGrid(),
        Shopify(),
        SignedJson(),
        Slack(),
        Stamped(),
        Stripe(),
        Trustpilot(),
        Twilio(),
        WooCommerce(),
        Yelp(),
        Yotpo(),
        Zendesk(),
    )
    return {adapter.name: adapter for adapter in sorted(known, key=lambda adapter: adapter.name)}
