"""The sets of rows of one collector's day. A number on his page is the length of one of these, and opens it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import sqrt
from typing import Any, Final

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Least
from django.utils.translation import gettext as _

from cases import callbacks, lists, reach
from cases.models import Callback, Case, Creditor, Hold, Promise
from compliance import lists as decisions
from compliance.models import Decision
from contacts.call_results import REACHED
from contacts.models import ContactAttempt
from contacts.models.attempt import OWING

DAYS: Final = 30
ENOUGH: Final = 20  # judged promises from which on a share says more than an interval


@dataclass(frozen=True, slots=True)
class Kept:
    """Promises that fell due: how many are judged, how many of these were kept, and money by currency."""

    kept: int
    judged: int
    still_open: int
    money: tuple[tuple[str, Decimal, Decimal], ...]  # currency, paid, promised

    @property
    def percent(self) -> int | None:
        """The share of kept promises; None where too few are judged for one to mean anything."""
        return round(100 * self.kept / self.judged) if self.judged >= ENOUGH else None

    @property
    def words(self) -> str:
        """Return "15 of 20"; a dash where none is judged."""
        return _("%(part)s of %(whole)s") % {"part": self.kept, "whole": self.judged} if self.judged else "–"

    @property
    def share(self) -> str:
        """Return "75 %", or for few "likely 30–95 %"; nothing where none is judged."""
        if self.percent is not None:
            return f"{self.percent} %"
        if not self.judged:
            return ""
        low, high = likely(self.kept, self.judged)
        return _("likely %(low)s–%(high)s %%") % {"low": low, "high": high}


def likely(part: int, whole: int) -> tuple[int, int]:
    """Return the percents between which a share lies with 95 % of confidence (Wilson's interval of the score)."""
    z = 1.959964
    share, spread = part / whole, z * z / whole
    middle = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / whole + spread / (4 * whole)) / (1 + spread)
    return round(100 * max(0.0, middle - half)), round(100 * min(1.0, middle + half))


def contacts(user: Any) -> QuerySet[ContactAttempt]:
    """Return the contacts that this user made or asked for, in cases that he may see."""
    mine = ContactAttempt.objects.filter(made_by=user, origin="ours", case__in=Case.objects.visible_to(user))
    return mine.select_related("case__person", "decision")


def calls(user: Any, *, at: datetime) -> QuerySet[ContactAttempt]:
    """Return his calls of today that are over."""
    return contacts(user).filter(channel="phone", status="completed", at__gte=lists.day_begins(user, at))


def talks(user: Any, *, at: datetime) -> QuerySet[ContactAttempt]:
    """Return his calls and visits of today in which he spoke with whoever owes."""
    done = contacts(user).filter(status="completed", at__gte=lists.day_begins(user, at))
    return done.filter(outcome__in=REACHED, party__in=OWING)


def refused(user: Any, *, at: datetime, days: int = 0) -> QuerySet[ContactAttempt]:
    """Return what he asked for and rules refused: today, or within so many days."""
    since = at - timedelta(days=days) if days else lists.day_begins(user, at)
    return contacts(user).filter(status="withheld", at__gte=since)


def by_rule(rows: QuerySet[ContactAttempt]) -> list[tuple[str, int]]:
    """Return how many of these contacts each rule refused, by its title, most first."""
    found = Decision.objects.filter(pk__in=rows.order_by().values("decision_id"))
    titles = decisions.titles()
    return [(titles.get(rule, rule), number) for rule, number in decisions.by_rule(found)]


def _promises(user: Any) -> QuerySet[Promise]:
    rows = Promise.objects.filter(case__in=Case.objects.visible_to(user))
    return rows.select_related("case", "person")


def promises(user: Any, *, at: datetime) -> QuerySet[Promise]:
    """Return the promises recorded with him today that stand or were settled."""
    made = _promises(user).filter(made_with=user, made_at__gte=lists.day_begins(user, at))
    return made.exclude(status=Promise.Status.CANCELLED)


def _days(at: datetime) -> tuple[reach.Day, ...]:
    return reach.days(list(Creditor.objects.only("pk", "time_zone")), at)


def fallen_due(user: Any, *, at: datetime, of: tuple[reach.Day, ...] | None = None) -> QuerySet[Promise]:
    """Return his promises whose last day was within the last thirty days, today included."""
    fallen = reach.on_days(of or _days(at), "due_on", since=1 - DAYS)
    return _promises(user).filter(fallen, made_with=user).exclude(status=Promise.Status.CANCELLED)


def due_soon(user: Any, *, at: datetime, of: tuple[reach.Day, ...] | None = None) -> QuerySet[Promise]:
    """Return the open promises of his cases, or made with him, of which a part is due today or tomorrow."""
    soon = reach.on_days(of or _days(at), "next_due_on", until=1)
    mine = Q(made_with=user) | Q(case__owner=user)
    return _promises(user).filter(soon, mine, status=Promise.Status.OPEN).order_by("next_due_on", "pk")


def kept(user: Any, *, at: datetime, of: tuple[reach.Day, ...] | None = None) -> Kept:
    """Return what became of his promises of the last thirty days."""
    states = {state: Count("pk", filter=Q(status=state)) for state in ("kept", "open")}
    rows: list[Any] = list(
        fallen_due(user, at=at, of=of)
        .order_by()
        .values("currency")
        .annotate(due=Count("pk"), promised=Sum("amount"), paid=Sum(Least(F("paid_amount"), F("amount"))), **states)
        .order_by("currency")
    )
    still_open = sum(row["open"] for row in rows)
    return Kept(
        kept=sum(row["kept"] for row in rows),
        judged=sum(row["due"] for row in rows) - still_open,
        still_open=still_open,
        money=tuple((row["currency"], row["paid"], row["promised"]) for row in rows),
    )


def paid_today(user: Any, currency: str, *, at: datetime) -> Decimal:
    """Return what was paid for his promises that were found kept today, in one currency."""
    done = _promises(user).filter(made_with=user, status=Promise.Status.KEPT, currency=currency)
    return done.filter(settled_at__gte=lists.day_begins(user, at)).aggregate(sum=Sum("paid_amount"))["sum"] or Decimal(
        0
    )


def agreed_calls(user: Any, *, at: datetime) -> QuerySet[Callback]:
    """Return the calls that he agreed or is to make, until tomorrow at this hour, the earliest first."""
    mine = Q(owner=user) | Q(owner__isnull=True, agreed_by=user)
    rows = callbacks.standing().filter(mine, starts_at__lte=at + timedelta(days=1))
    rows = rows.filter(case__in=Case.objects.visible_to(user))
    return rows.select_related("case__person", "owner").order_by("starts_at", "pk")


def complaints(user: Any, *, at: datetime) -> QuerySet[Hold]:
    """Return the complaints of the last thirty days of people whom he had contacted in the thirty days before."""
    before = ContactAttempt.objects.filter(
        made_by=user,
        person_id=OuterRef("person_id"),
        status="completed",
        at__lte=OuterRef("starts_at"),
        at__gt=OuterRef("starts_at") - timedelta(days=DAYS),
    )
    theirs = Case.objects.visible_to(user).filter(person_id=OuterRef("person_id")).order_by("-pk")
    rows = Hold.objects.filter(kind=Hold.Kind.COMPLAINT, starts_at__gte=at - timedelta(days=DAYS))
    rows = rows.filter(Exists(before)).annotate(case_pk=Subquery(theirs.values("pk")[:1]))
    return rows.filter(case_pk__isnull=False).select_related("person")


# The lists that numbers open.
OPENED: Final[dict[str, Callable[..., QuerySet[Any]]]] = {
    "calls": calls,
    "talks": talks,
    "promises": promises,
    "kept": fallen_due,
    "due": due_soon,
    "refused": refused,
    "refused-30": lambda user, *, at: refused(user, at=at, days=DAYS),
    "complaints": complaints,
}
