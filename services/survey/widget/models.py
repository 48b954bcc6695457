"""Publishable keys, as the gateway tells of them."""

from sqlalchemy import Index

from services.survey.db import Base
from shared.visitors.keys import KeyCopy, PublishableKey


class WidgetKey(PublishableKey, Base):
    __tablename__ = "widget_keys"
    __table_args__ = (Index("ix_widget_keys_public_key", "account_id", "public_key"),)


KEYS = KeyCopy(WidgetKey)
