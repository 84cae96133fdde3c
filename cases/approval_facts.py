"""What is shown to a signer for every kind of approval: the debt by component, how promises were kept, hardship, what
was granted before, what the law says. All of it on one screen.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Count, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cases import approval_law, approvals, holds, ledger, reach
from cases.approvals import Line, Section
from cases.models import Account, Approval, Case, LedgerEntry, Payment, Plan, Promise, Settlement, Waiver
from cases.settlements.offer import ORDER
from collections_app.shared import clock
from collections_app.shared.money import Money

ZERO: Final = Decimal("0.00")
LABELS: Final[dict[str, Any]] = dict(LedgerEntry.Component.choices)
LATELY: Final = timedelta(days=365)


def visible(user: Any) -> QuerySet[Approval]:
    """Return the approvals that a user may see: those of his reach, oldest first is up to the caller."""
    return reach.limit(Approval.objects.all(), user)


def waiting(user: Any) -> QuerySet[Approval]:
    """Return what this user may sign and has neither asked for nor signed himself, oldest first."""
    roles = [user.role, "collector"] if user.role == "supervisor" else [user.role]
    rows = visible(user).filter(status=Approval.Status.PENDING, role__in=roles)
    rows = rows.exclude(asked_by_id=user.pk).exclude(signed__signed_by_id=user.pk)
    return rows.select_related("person", "creditor", "case", "asked_by").order_by("asked_at", "pk")


def sections(approval: Approval, *, at: datetime) -> list[Section]:
    """Return everything that a signer must see of an approval, what its own kind says first."""
    subject = approvals.subject_of(approval)
    own = list(approvals.kind_of(approval.kind).facts(subject, at=at)) if subject is not None else []
    case = approval.case
    if case is None:
        return own
    known = approval.kind == Settlement._meta.model_name  # its own facts say what is owed, by component
    debt = [] if known else [_debt(case)]
    return [*own, *debt, _conduct(case, at=at), _before(case, at=at, but=approval), *_law(approval, case)]


def _debt(case: Case) -> Section:
    accounts = list(Account.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id).order_by("pk"))
    sums: dict[str, Decimal] = {}
    for account in accounts:
        for component, amount in ledger.components(account.pk).items():
            sums[component] = sums.get(component, ZERO) + amount
    lines = [
        Line(LABELS.get(name, name), Money(sums[name], case.currency)) for name in (*ORDER, "credit") if name in sums
    ]
    number = len(accounts)
    return Section(
        gettext_lazy("What is owed"),
        [
            Line(
                gettext_lazy("Owed in all"),
                Money(sum(sums.values(), ZERO), case.currency),
                ngettext("%(n)s account", "%(n)s accounts", number) % {"n": number},
            ),
            *lines,
        ],
    )


def _conduct(case: Case, *, at: datetime) -> Section:
    today = clock.business_day(at, case.creditor.time_zone)
    counts = dict(
        Promise.objects.filter(case__person_id=case.person_id, case__creditor_id=case.creditor_id)
        .order_by()
        .values_list("status")
        .annotate(n=Count("pk"))
    )
    kept, broken = counts.get("kept", 0), counts.get("broken", 0) + counts.get("partly_kept", 0)
    payments = Payment.objects.filter(
        person_id=case.person_id,
        creditor_id=case.creditor_id,
        status=Payment.Status.ALLOCATED,
        received_at__gt=at - LATELY,
    )
    paid = payments.filter(currency=case.currency).aggregate(total=Sum("amount"), n=Count("pk"))
    plans = Plan.objects.filter(case__person_id=case.person_id, creditor_id=case.creditor_id).exclude(status="draft")
    broken_plans = plans.filter(status="broken").count()
    held = [str(hold) for hold in holds.standing(person_id=case.person_id, creditor_id=case.creditor_id)]
    lines = [
        Line(gettext_lazy("Days past due"), case.dpd_on(today)),
        Line(
            gettext_lazy("Promises"),
            _("%(kept)s kept, %(broken)s broken") % {"kept": kept, "broken": broken},
            tone="bad" if broken > kept else "",
        ),
        Line(
            gettext_lazy("Plans"),
            _("%(n)s made, %(broken)s broken") % {"n": plans.count(), "broken": broken_plans},
            tone="bad" if broken_plans else "",
        ),
        Line(
            gettext_lazy("Paid in the last year"),
            Money(paid["total"] or ZERO, case.currency),
            ngettext("%(n)s payment", "%(n)s payments", paid["n"]) % {"n": paid["n"]},
        ),
        Line(
            gettext_lazy("Reason for default"),
            case.get_default_reason_display(),
            _("willing: %(willing)s, able: %(able)s")
            % {"willing": case.get_willingness_display(), "able": case.get_ability_display()},
        ),
        Line(
            gettext_lazy("Hardship"),
            _("yes") if case.is_hardship else _("not known"),
            tone="good" if case.is_hardship else "",
        ),
    ]
    if held:
        lines.append(Line(gettext_lazy("Holds"), ", ".join(held), tone="bad"))
    return Section(gettext_lazy("How it has gone"), lines)


def _before(case: Case, *, at: datetime, but: Approval) -> Section:
    """What this person was given before, so that nobody signs slices without seeing the whole."""
    mine = Waiver.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id, status=Waiver.Status.GRANTED)
    given = mine.filter(granted_at__gt=at - LATELY, currency=case.currency).aggregate(
        total=Sum("amount"), n=Count("pk")
    )
    others = Settlement.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id)
    if but.subject_label == Settlement._meta.label_lower:
        others = others.exclude(pk=but.subject_id)
    failed = others.filter(status=Settlement.Status.FAILED).count()
    also = Approval.objects.filter(person_id=case.person_id, status=Approval.Status.PENDING).exclude(pk=but.pk).count()
    lines = [
        Line(
            gettext_lazy("Given up in the last year"),
            Money(given["total"] or ZERO, case.currency),
            ngettext("%(n)s waiver", "%(n)s waivers", given["n"]) % {"n": given["n"]},
        ),
        Line(
            gettext_lazy("Settlements before"),
            _("%(n)s, of which %(failed)s failed") % {"n": others.count(), "failed": failed},
            tone="bad" if failed else "",
        ),
    ]
    if also:
        lines.append(Line(gettext_lazy("Also waiting for this person"), also, tone="bad"))
    return Section(gettext_lazy("Given before"), lines)


def _law(approval: Approval, case: Case) -> Sequence[Section]:
    found = list(approval_law.notes(approval.kind, case.person.jurisdiction))
    if not found:
        return []
    lines = [Line("", text, source) for text, source in found]
    return [Section(gettext_lazy("What the law says"), lines, is_wide=True)]
