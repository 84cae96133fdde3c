"""Strict input: ASCII digits, no hidden characters, amounts as text."""

import re
import unicodedata
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

PLAIN_AMOUNT = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,2})?", re.ASCII)
PLAIN_INSTANT = re.compile(r"[0-9T:.+\-Zz ]{10,40}", re.ASCII)


class StrictText(serializers.CharField):
    """Text without control, format or bidirectional characters (NUL included)."""

    default_error_messages = {"hidden": _("This holds a character that cannot be seen.")}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Cn") for letter in data):
            self.fail("hidden")
        return super().to_internal_value(data)


@extend_schema_field({"type": "string", "pattern": r"^-?[0-9]{1,16}(\.[0-9]{1,2})?$", "example": "1234.50"})
class StrictAmount(serializers.Field):
    """An amount as a JSON string of ASCII digits with at most two decimals: "1234.50". Never a float."""

    default_error_messages = {
        "text": _('Write the amount as a string, such as "1234.50".'),
        "invalid": _("%(given)s is not an amount: digits, and at most two after a point."),
    }

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str):
            self.fail("text")
        if not PLAIN_AMOUNT.fullmatch(data):
            raise serializers.ValidationError(self.error_messages["invalid"] % {"given": data[:40]}, code="invalid")
        return Decimal(data)

    def to_representation(self, value: Decimal) -> str:
        return f"{value:.2f}"


class StrictInstant(serializers.DateTimeField):
    """An instant with its offset, such as 2026-11-22T09:30:00+08:00; without one it would be a guess."""

    default_error_messages = {"naive": _("An instant needs its offset, such as +08:00 or Z.")}

    def to_internal_value(self, value: Any) -> Any:
        if not isinstance(value, str) or not PLAIN_INSTANT.fullmatch(value):
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ss+hh:mm")
        if not re.search(r"(Z|z|[+-][0-9]{2}:?[0-9]{2})$", value):
            self.fail("naive")
        return super().to_internal_value(value)
