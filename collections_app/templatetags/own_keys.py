"""What the scripts of a page must know of somebody's own keys."""

import json
from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from collections_app.staff import keys

register = template.Library()


@register.simple_tag(takes_context=True)
def own_keys(context: Mapping[str, Any]) -> SafeString | str:
    """Return the attribute that tells the scripts which keys this user has changed; nothing where he changed none."""
    own = keys.own(context["user"])
    return format_html(" data-keys='{}'", json.dumps(own, ensure_ascii=False)) if own else ""
