"""Keys of steps that nobody has chosen: they say what is done and when, and follow until they count for something.

A step that is added is called by its channel or kind and its day: "sms-7", "call-14", "review-after-notice". While it
is only in the draft and its key is still the one it was given, another kind or day gives it another key.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from contacts.models import Step, StrategyVersion, Template
from contacts.strategy.editing import free_key

_NUMBER: Final = re.compile(r"-\d+$")


def of_step(table: Mapping[str, Any]) -> str:
    """Return the key that a step of the document would be given: what it does and when."""
    kind = str(table.get("kind", ""))
    what = kind.replace("_", "-")
    if kind == Step.Kind.MESSAGE:
        channel = Template.objects.filter(code=table.get("template")).values_list("channel", flat=True).first()
        what = str(channel or kind).replace("_", "-")
    if after := table.get("after"):
        return f"{what}-after-{after.get('step', '')}"
    if on := table.get("on"):
        return f"{what}-on-{str(on.get('event', '')).replace('_', '-')}"
    return f"{what}-{table.get('from_dpd') or 0}"


def following(before: Mapping[str, Any], after: Mapping[str, Any], taken: list[str], version: StrategyVersion) -> str:
    """Return the key of a step that was changed: another one only where it was given the one before and is new.

    taken: the keys of the other steps of its segment.
    """
    key = str(before.get("key", ""))
    if after.get("key") != key or not _is_given(key, of_step(before)) or _has_counted(key, version):
        return str(after.get("key", ""))
    wanted = free_key(of_step(after), [])
    return key if _is_given(key, wanted) else free_key(wanted, taken)


def _is_given(key: str, given: str) -> bool:
    base = free_key(given, [])
    return key == base or (_NUMBER.sub("", key) == base and key != base)


def _has_counted(key: str, version: StrategyVersion) -> bool:
    """Whether a step of this key is in a version that was in force, or that this one was copied from."""
    others = Step.objects.filter(segment__version__strategy=version.strategy_id, key=key)
    return others.exclude(segment__version=version.pk).exists()
