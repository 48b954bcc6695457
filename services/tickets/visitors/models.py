"""Publishable keys, as the gateway tells of them."""

from sqlalchemy import Index

from services.tickets.db import Base
from shared.visitors.keys import KeyCopy, PublishableKey


class VisitorKey(PublishableKey, Base):
    __tablename__ = "visitor_keys"
    __table_args__ = (Index("ix_visitor_keys_public_key", "account_id", "public_key"),)


KEYS = KeyCopy(VisitorKey)
