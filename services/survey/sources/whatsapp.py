"""What surveys may be asked with by WhatsApp: the content templates that the account named at its Twilio source."""

from collections.abc import Sequence

from sqlalchemy import select

from services.survey.adapters.twilio import Twilio, TwilioSettings, WhatsAppTemplate
from services.survey.sources.models import Source
from shared.work import Work


async def templates_of(work: Work) -> list[WhatsAppTemplate]:
    mine = (Source.account_id == work.account_id) & (Source.adapter == Twilio.name) & (Source.state == "active")
    found = await work.session.scalars(select(Source.settings).where(mine).order_by(Source.created_at, Source.id))
    return [template for settings in found for template in TwilioSettings.model_validate(settings).whatsapp_templates]


def fitting(
    templates: Sequence[WhatsAppTemplate], scale: tuple[int, int] | None, locale: str | None
) -> WhatsAppTemplate | None:
    """That of the language, else one for all languages: its buttons are those of the scale."""
    on_scale = [one for one in templates if (one.lowest, one.highest) == scale]
    language = (locale or "").partition("-")[0].lower()
    own = next((one for one in on_scale if one.locale == language), None)
    return own or next((one for one in on_scale if one.locale is None), None)
