"""The facts that conditions may ask about, each as a condition on a case: EXISTS and indexed look-ups, never a join."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual

from cases import ageing
from cases.models import Account, Case, ContactPoint, Hold, Person, PlanInstalment, Product, Promise
from cases.models.case import Status
from contacts.channels import catalogue
from contacts.models import LegalClock
from contacts.strategy.conditions.language import ALWAYS, NEVER, Context, Fact

JUDGED: Final = (Promise.Status.KEPT, Promise.Status.PARTLY_KEPT, Promise.Status.BROKEN)


def _dpd(days: int, context: Context) -> Q:
    if days <= 0:
        return ALWAYS
    return Q(past_due_since__isnull=False, past_due_since__lte=context.day - timedelta(days=days))


def _bucket(labels: list[str], context: Context) -> Q:
    scheme, found = ageing.DEFAULT, NEVER
    for index, label in enumerate(scheme.labels):
        if label in labels:
            begins = _dpd(scheme.starts[index - 1], context) if index else ALWAYS
            ends = ~_dpd(scheme.starts[index], context) if index < len(scheme.starts) else ALWAYS
            found |= begins & ends
    return found


def _since_right_party(days: int, context: Context) -> Q:
    return Q(last_right_party_at__lte=context.begins_at - timedelta(days=days))


def _broken_promises(count: int, context: Context) -> Q:
    broken = Promise.objects.filter(case_id=OuterRef("pk"), status=Promise.Status.BROKEN).order_by()
    counted = Subquery(broken.values("case_id").annotate(number=Count("pk")).values("number"))
    return Q(GreaterThanOrEqual(Coalesce(counted, 0, output_field=IntegerField()), count))


def _promises(*statuses: str) -> QuerySet[Promise]:
    return Promise.objects.filter(case_id=OuterRef("pk"), status__in=statuses or JUDGED).order_by()


def _number_of(rows: QuerySet[Promise], weight: int = 1) -> Coalesce:
    counted = Subquery(rows.values("case_id").annotate(number=Count("pk") * weight).values("number"))
    return Coalesce(counted, 0, output_field=IntegerField())


def _kept_promises(count: int, context: Context) -> Q:
    return Q(GreaterThanOrEqual(_number_of(_promises(Promise.Status.KEPT)), count))


def _kept_percent(percent: int, context: Context) -> Q:
    """Whether at least so many of a hundred promises that were judged were kept in full."""
    return Q(GreaterThanOrEqual(_number_of(_promises(Promise.Status.KEPT), 100), _number_of(_promises(), percent)))


def _since_broken(days: int, context: Context) -> Q:
    later = _promises(Promise.Status.BROKEN).filter(settled_at__gt=context.begins_at - timedelta(days=days))
    return ~Q(Exists(later))


def _until_promise(days: int, context: Context) -> Q:
    """Whether the next part of the open promise is due in so many days or more."""
    ahead = _promises(Promise.Status.OPEN).filter(next_due_on__gte=context.day + timedelta(days=days))
    return Q(Exists(ahead))


def _instalments() -> QuerySet[PlanInstalment]:
    running = PlanInstalment.objects.filter(plan__case_id=OuterRef("pk"), plan__status__in=["performing", "missed"])
    return running.filter(paid_amount__lt=F("amount")).order_by()


def _until_instalment(days: int, context: Context) -> Q:
    """Whether the next unpaid instalment of the running plan is due in so many days or more."""
    sooner = _instalments().filter(due_on__lt=context.day + timedelta(days=days))
    return Q(Exists(_instalments())) & ~Q(Exists(sooner))


def _limitations() -> QuerySet[LegalClock]:
    return LegalClock.objects.filter(case_id=OuterRef("pk"), kind=LegalClock.Kind.LIMITATION).order_by()


def _to_limitation(days: int, context: Context) -> Q:
    """Whether no limitation period of the case ends before so many days are over."""
    return ~Q(Exists(_limitations().filter(ends__lt=context.day + timedelta(days=days))))


def _accounts(**filters: Any) -> Q:
    own = Account.objects.filter(person_id=OuterRef("person_id"), creditor_id=OuterRef("creditor_id"), **filters)
    return Q(Exists(own))


def _open_promise(_value: Any, _context: Context) -> Q:
    return Q(Exists(Promise.objects.filter(case_id=OuterRef("pk"), status=Promise.Status.OPEN)))


def held() -> Q:
    """Return the condition that a hold stands against contacting the borrower for this creditor."""
    standing = Hold.objects.filter(person_id=OuterRef("person_id"), released_at__isnull=True)
    return Q(Exists(standing.filter(Q(creditor_id__isnull=True) | Q(creditor_id=OuterRef("creditor_id")))))


def reachable(channels: list[str]) -> Q:
    """Return the condition that the borrower has a usable number or address for one of these channels."""
    kinds = sorted({kind for channel in channels for kind in catalogue.info(channel).point_kinds})
    points = ContactPoint.objects.filter(
        person_id=OuterRef("person_id"),
        kind__in=kinds,
        state__in=[ContactPoint.State.VERIFIED, ContactPoint.State.UNVERIFIED],
        address__suppressed_at__isnull=True,
    )
    return Q(Exists(points))


def _one_of(field: str) -> Callable[[list[str], Context], Q]:
    return lambda values, context: Q(**{f"{field}__in": values})


def _stated(field: str) -> Q:
    return ~Q(**{f"{field}__in": ["", "unknown"]})


def _codes(choices: Any) -> tuple[str, ...]:
    return tuple(value for value in choices.values if value != "unknown")


_FACTS: Final = (
    Fact("dpd", "number", _dpd),
    Fact("bucket", "choice", _bucket, values=ageing.DEFAULT.labels),
    Fact("balance", "amount", lambda amount, context: Q(balance__gte=amount)),
    Fact("currency", "text", _one_of("currency")),
    Fact("product", "text", lambda codes, _: _accounts(product__code__in=codes), known=_accounts()),
    Fact(
        "product_kind",
        "choice",
        lambda kinds, _: _accounts(product__kind__in=kinds),
        known=_accounts(),
        values=_codes(Product.Kind),
    ),
    Fact("creditor", "text", _one_of("creditor__code")),
    Fact("jurisdiction", "text", _one_of("person__jurisdiction"), known=_stated("person__jurisdiction")),
    Fact("language", "text", _one_of("person__language"), known=_stated("person__language")),
    Fact("named", "yes_no", lambda *_: Q(person__is_named=True)),
    Fact("vulnerability", "choice", _one_of("person__vulnerability"), values=_codes(Person.Vulnerability)),
    Fact("status", "choice", _one_of("status"), values=tuple(Status.values)),
    Fact(
        "reason",
        "choice",
        _one_of("default_reason"),
        known=_stated("default_reason"),
        values=_codes(Case.DefaultReason),
    ),
    Fact("willingness", "choice", _one_of("willingness"), known=_stated("willingness"), values=_codes(Case.Grade)),
    Fact("ability", "choice", _one_of("ability"), known=_stated("ability"), values=_codes(Case.Grade)),
    Fact("hardship", "yes_no", lambda *_: Q(is_hardship=True)),
    Fact("promises_broken", "number", _broken_promises),
    Fact("promises_kept", "number", _kept_promises),
    Fact("promises_kept_percent", "number", _kept_percent, known=Q(Exists(_promises()))),
    Fact("days_since_broken_promise", "number", _since_broken, known=Q(Exists(_promises(Promise.Status.BROKEN)))),
    Fact("open_promise", "yes_no", _open_promise),
    Fact("days_until_promise", "number", _until_promise, known=Q(Exists(_promises(Promise.Status.OPEN)))),
    Fact("days_until_instalment", "number", _until_instalment, known=Q(Exists(_instalments()))),
    Fact("days_to_limitation", "number", _to_limitation, known=Q(Exists(_limitations()))),
    Fact("held", "yes_no", lambda *_: held()),
    Fact(
        "days_since_right_party",
        "number",
        _since_right_party,
        known=Q(last_right_party_at__isnull=False),
    ),
    Fact("reachable", "choice", lambda channels, _: reachable(channels), values=tuple(sorted(catalogue.CHANNELS))),
)
FACTS: Final[dict[str, Fact]] = {fact.name: fact for fact in _FACTS}
