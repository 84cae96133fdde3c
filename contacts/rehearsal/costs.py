"""What a message costs, by channel: the settings say it (CHANNEL_COSTS), no provider is asked."""

from decimal import Decimal

from django.conf import settings


def of_message(channel: str) -> Decimal:
    """Return what one message by a channel costs, in `currency()`; nothing where the settings say nothing."""
    return settings.CHANNEL_COSTS.get(channel, Decimal("0.00"))


def currency() -> str:
    """Return the currency that costs are in."""
    return str(settings.SMS_CURRENCY)
