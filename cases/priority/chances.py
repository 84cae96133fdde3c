"""What models in force say, read without loading any of their libraries."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db.models import Exists, OuterRef, Q
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from cases.models import AccountState, Case, CaseChance, ScoreModel

FEATURES: Final[dict[str, LazyText]] = {
    "months_late": _("months late now"),
    "months_late_before": _("months late a month ago"),
    "months_late_two_before": _("months late two months ago"),
    "worst_months_late": _("worst lateness in six months"),
    "times_late": _("months in which it was late"),
    "getting_worse": _("later than a month ago"),
    "months_revolving": _("months in which only a part was paid"),
    "revolves_now": _("only a part was paid last month"),
    "log_limit": _("credit limit"),
    "log_balance": _("balance"),
    "use_of_limit": _("share of the limit in use"),
    "mean_use_of_limit": _("share of the limit in use, over six months"),
    "paid_share": _("share of the balance paid last month"),
    "mean_paid_share": _("share of the balance paid, over six months"),
    "log_paid": _("paid last month"),
    "log_paid_before": _("paid a month before"),
    "mean_log_paid": _("paid over six months"),
    "months_without_payment": _("months without a payment"),
    "growth_of_balance": _("growth of the balance"),
}


@dataclass(frozen=True, slots=True)
class Chance:
    """What the model in force says of a case: the chance, as far as it moves the score, and what weighed most."""

    chance: Decimal
    factor: Decimal
    reasons: tuple[tuple[str, bool], ...]  # words, whether it speaks for a good end
    model: int
    reckoned_at: datetime


def of_case(case_id: int) -> Chance | None:
    """Return what the model in force says of a case; None without one."""
    found = CaseChance.objects.filter(case_id=case_id).select_related("model").first()
    if found is None:
        return None
    reasons = tuple((str(FEATURES.get(name, name)), points > 0) for name, points in found.reasons)
    return Chance(found.chance, found.factor, reasons, found.model.number, found.reckoned_at)


def waiting() -> list[ScoreModel]:
    """Return the models in force whose book has newer states than they reckoned with, or cases without a chance."""
    said = CaseChance.objects.filter(model_id=OuterRef("pk"))
    newer = AccountState.objects.filter(creditor_id=OuterRef("creditor_id"), recorded_at__gt=OuterRef("reckoned_at"))
    unsaid = Case.objects.unresolved().filter(creditor_id=OuterRef("creditor_id"), chance__isnull=True)
    models = ScoreModel.objects.filter(status=ScoreModel.Status.IN_FORCE).select_related("creditor")
    reckoned = said.order_by("-reckoned_at").values("reckoned_at")[:1]
    models = models.annotate(reckoned_at=reckoned)
    return list(models.filter(Q(Exists(unsaid)) | Q(Exists(newer))).order_by("pk"))
