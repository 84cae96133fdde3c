"""What somebody can take on: closed lists of skills, levels and languages, for the allocation of cases."""

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Skill(models.TextChoices):
    EARLY = "early", pgettext_lazy("skill", "early arrears")
    LATE = "late", pgettext_lazy("skill", "late arrears")
    LEGAL = "legal", pgettext_lazy("skill", "legal work")
    VISITS = "visits", pgettext_lazy("skill", "visits")
    HARDSHIP = "hardship", pgettext_lazy("skill", "people in hardship")
    MORTGAGE = "mortgage", pgettext_lazy("skill", "mortgages")
    BUSINESS = "business", pgettext_lazy("skill", "business loans")
    COMPLAINTS = "complaints", pgettext_lazy("skill", "complaints")


class Tier(models.TextChoices):
    """How much somebody is trusted with, lowest first; who is needed of a tier may be of a higher one."""

    JUNIOR = "junior", _("junior")
    SENIOR = "senior", _("senior")
    SPECIALIST = "specialist", _("specialist")


RANK: Final = {tier: rank for rank, tier in enumerate(Tier.values)}

# Spoken languages by their primary subtag (BCP 47): zh-hans and zh-hant are written, zh is spoken.
LANGUAGES: Final = (
    ("zh", _("Chinese")),
    ("yue", _("Cantonese")),
    ("en", _("English")),
    ("ja", _("Japanese")),
    ("ko", _("Korean")),
    ("vi", _("Vietnamese")),
    ("id", _("Indonesian")),
    ("ms", _("Malay")),
    ("th", _("Thai")),
    ("tl", _("Filipino")),
    ("hi", _("Hindi")),
    ("ta", _("Tamil")),
    ("es", _("Spanish")),
    ("fr", _("French")),
    ("de", _("German")),
    ("pt", _("Portuguese")),
    ("el", _("Greek")),
)


def spoken(tag: str) -> str:
    """Return the language that is spoken where this one is written: zh for zh-hans, en for en-GB."""
    return tag.lower().partition("-")[0].partition("_")[0]
