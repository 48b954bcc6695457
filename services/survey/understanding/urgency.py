"""How soon somebody should look at what was said."""

from typing import Literal

UrgencyLabel = Literal["low", "normal", "high", "urgent"]
