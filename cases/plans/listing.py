"""What pages show of plans: one with its schedule, the list with its filters, and the facts for whoever approves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import F, Min, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cases import reach
from cases.models import Affordability, Approval, Case, Document, Plan, PlanInstalment
from cases.plans import crediting
from cases.plans.affordability import EXPENDITURES, INCOMES
from cases.plans.drafting import REASONS
from collections_app.shared import clock, refs
from collections_app.shared.money import Money

TONES: Final = {
    "draft": "plain", "approved": "soon", "performing": "ok", "missed": "stop", "broken": "stop", "completed": "ok",
    "cancelled": "past",
}  # fmt: skip
AGREEMENT: Final = "plan_agreement"
WEEK: Final = timedelta(days=6)
FIRST_ONES: Final = 2
VIEWS: Final = {
    "week": gettext_lazy("Due this week"),
    "missed": gettext_lazy("Missed"),
    "first": gettext_lazy("First payments"),
    "sign": gettext_lazy("To be signed"),
    "approve": gettext_lazy("Waiting for approval"),
    "running": gettext_lazy("Being performed"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One instalment as a page shows it."""

    line: PlanInstalment
    tone: str
    state: str
    moved: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A plan as a page shows it."""

    plan: Plan
    rows: list[Row]
    paid: Decimal
    left: Decimal
    settles: Money | None
    settles_on: date
    approval: Approval | None
    agreements: list[Document]
    reasons: list[str]
    reinstatable_until: date | None

    @property
    def tone(self) -> str:
        return TONES[self.plan.status]


def standing(case: Case) -> Plan | None:
    """Return the plan that a case is about: what runs, else waits, else is drafted, else the last that ended."""
    plans = list(Plan.objects.filter(case=case).select_related("affordability", "drafted_by", "approved_by"))
    order = ["performing", "missed", "approved", "draft"]
    live = [plan for plan in plans if plan.status in order]
    if live:
        return min(live, key=lambda plan: (order.index(plan.status), -plan.pk))
    return max(plans, key=lambda plan: plan.pk, default=None)


def drafted(case: Case) -> Plan | None:
    """Return the draft or the agreement to be signed that stands beside a running plan, when it replaces it."""
    return Plan.objects.filter(case=case, status__in=["draft", "approved"], replaces__isnull=False).first()


def shown(plan: Plan, case: Case, *, at: datetime, settles_on: date | None = None) -> Shown:
    """Return a plan with its schedule, what of it is paid, and what settles it on a day (default: today)."""
    today = clock.business_day(at, case.creditor.time_zone)
    lines = list(plan.instalments.order_by("number"))
    paid = sum((line.paid_amount for line in lines), Decimal("0.00"))
    until = crediting.reinstatable_until(plan, case) if plan.status == Plan.Status.BROKEN else None
    return Shown(
        plan=plan,
        rows=[_row(line, today) for line in lines],
        paid=paid,
        left=plan.total - paid,
        settles=crediting.settles(plan, on=max(today, settles_on or today)) if plan.is_running else None,
        settles_on=max(today, settles_on or today),
        approval=Approval.objects.filter(subject_label="cases.plan", subject_id=plan.pk).order_by("-pk").first(),
        agreements=agreements_of(plan),
        reasons=[str(REASONS[name]) for name in plan.terms.get("reasons", ()) if name in REASONS],
        reinstatable_until=until if until is not None and until >= today else None,
    )


def agreements_of(plan: Plan) -> list[Document]:
    """Return the printed agreements of a plan, the latest first."""
    rows = Document.objects.filter(case_id=plan.case_id, kind=AGREEMENT, title__startswith=f"{number_of(plan)}-")
    return list(rows.order_by("-pk"))


def number_of(plan: Plan) -> str:
    """Return the number of a plan's agreement."""
    return refs.encode("L", plan.pk)


def _row(line: PlanInstalment, today: date) -> Row:
    if line.left <= 0:
        late = line.paid_on is not None and line.paid_on > line.due_on
        return Row(line, "soon" if late else "ok", _("paid late") if late else _("paid"), _moved(line))
    if line.due_on < today:
        short = line.paid_amount > 0
        return Row(line, "stop", _("paid in part") if short else _("overdue"), _moved(line))
    return Row(line, "plain", _("due today") if line.due_on == today else _("to come"), _moved(line))


def _moved(line: PlanInstalment) -> bool:
    return line.nominal_on is not None and line.nominal_on != line.due_on


def of_view(rows: "QuerySet[Plan]", view: str, days: Sequence[reach.Day]) -> "QuerySet[Plan]":
    """Return the plans of a view; dates are those of each creditor's books."""
    running = Q(status__in=["performing", "missed"])
    unpaid = Q(instalments__paid_amount__lt=F("instalments__amount"))
    week, early = Q(pk__in=[]), Q(pk__in=[])
    for day in days:
        mine = Q(creditor_id__in=day.creditor_ids)
        week |= mine & Q(instalments__due_on__gte=day.on, instalments__due_on__lte=day.on + WEEK)
        early |= mine & Q(instalments__number__lte=FIRST_ONES, instalments__due_on__lte=day.on + WEEK)
    match view:
        case "week":
            return rows.filter(running & unpaid & week).distinct()
        case "missed":
            return rows.filter(status="missed")
        case "first":
            return rows.filter(running & unpaid & early).distinct()
        case "sign":
            return rows.filter(status="approved")
        case "approve":
            return rows.filter(status="draft")
        case "running":
            return rows.filter(running)
    return rows


def of_user(user: Any) -> "QuerySet[Plan]":
    """Return the plans of the cases that a user may see."""
    return Plan.objects.filter(case__in=Case.objects.visible_to(user))


def next_dates(plan_ids: Sequence[int]) -> dict[int, date]:
    """Return the date of the next instalment that is not paid, by plan; a plan that has none is left out."""
    unpaid = PlanInstalment.objects.filter(plan_id__in=plan_ids, paid_amount__lt=F("amount")).order_by()
    return {row["plan_id"]: row["first"] for row in unpaid.values("plan_id").annotate(first=Min("due_on"))}


def lines_of(form: Affordability) -> list[tuple[str, list[tuple[str, Decimal]]]]:
    """Return a full form for reading: what comes in, what goes out."""
    return [
        (_("Income"), [(str(INCOMES[k]), Decimal(v)) for k, v in form.incomes.items() if k in INCOMES]),
        (
            _("Expenditure"),
            [(str(EXPENDITURES[k]), Decimal(v)) for k, v in form.expenditures.items() if k in EXPENDITURES],
        ),
    ]


Facts = list[tuple[str, list[tuple[Any, ...]]]]


def for_approval(plan: Plan, *, at: datetime) -> Facts:
    """Return what a signer must see: the figures of the plan, what can be afforded, what was agreed before."""
    case = plan.case
    lines = list(plan.instalments.order_by("number"))
    regular = [line for line in lines if line.number]
    largest = max((line.amount for line in regular), default=Decimal(0))
    count = ngettext("%(n)s instalment", "%(n)s instalments", len(regular)) % {"n": len(regular)}
    figures: list[tuple[Any, ...]] = [
        (_("Kind"), str(plan.get_kind_display())),
        (_("Owed"), Money(plan.covers, plan.currency)),
        (_("Instalments"), count, f"{plan.get_cycle_display()}, {regular[0].due_on if regular else ''} – "
         f"{regular[-1].due_on if regular else ''}"),
        (_("Largest instalment"), Money(largest, plan.currency)),
        (_("Interest"), Money(plan.interest, plan.currency), f"{plan.rate.normalize():f} %"),
        (_("To be paid in all"), Money(plan.total, plan.currency)),
    ]  # fmt: skip
    if plan.down_payment:
        figures.append((_("Down payment"), Money(plan.down_payment, plan.currency)))
    if plan.remainder:
        figures.append((_("Still owed afterwards"), Money(plan.remainder, plan.currency), "", "bad"))
    reasons = [(_("Because"), str(REASONS[name])) for name in plan.terms.get("reasons", ()) if name in REASONS]
    if plan.terms.get("reason"):
        reasons.append((_("In the collector's words"), plan.terms["reason"]))
    return [
        (_("The plan"), figures),
        (_("Why a second person"), list(reasons)),
        _afforded(plan, largest),
        _before(case, plan),
    ]


def _afforded(plan: Plan, largest: Decimal) -> tuple[str, list[tuple[Any, ...]]]:
    form = plan.affordability
    title = _("What can be afforded")
    if form is None:
        return title, [(_("Form"), _("none"), "", "bad")]
    over = largest - form.allowed
    found: list[tuple[Any, ...]] = [
        (_("Form"), _("short") if form.is_quick else _("in full"), form.taken_at.date().isoformat()),
        (_("Left over in a month"), Money(form.surplus, form.currency)),
        (_("Instalment that it allows"), Money(form.allowed, form.currency), f"{form.share} %"),
        (_("Evidence"), form.evidence.count()),
    ]
    if over > 0 and plan.cycle == Plan.Cycle.MONTHLY:
        found.append((_("Above it by"), Money(over, plan.currency), "", "bad"))
    return title, found


def _before(case: Case, plan: Plan) -> tuple[str, list[tuple[Any, ...]]]:
    others = Plan.objects.filter(case__person_id=case.person_id, creditor_id=case.creditor_id).exclude(pk=plan.pk)
    broken = others.filter(status=Plan.Status.BROKEN).count()
    promises = case.promises.filter(status="broken").count()
    return _("Before"), [
        (_("Plans of this person here"), others.exclude(signed_at=None).count()),
        (_("of them broken"), broken, "", "bad" if broken else ""),
        (_("Broken promises"), promises, "", "bad" if promises else ""),
    ]
