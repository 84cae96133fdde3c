"""`manage.py check`: the rule packs can be read."""

from typing import Any

from django.core.checks import CheckMessage, Error, register


@register("compliance")
def packs_are_valid(**_kwargs: Any) -> list[CheckMessage]:
    """Return one error per pack that cannot be read. The gate refuses everything such a pack would have judged."""
    from compliance import packs_loader

    return [Error(str(problem), id="compliance.E001") for problem in packs_loader.problems()]
