"""What is asked about money and accounts: how late, how much, which product, what was paid, how it went before."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import DateField, DecimalField, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, Greatest
from django.db.models.lookups import GreaterThanOrEqual

from cases import ageing
from cases.models import BucketTransition, Payment, Product
from contacts.strategy.conditions.asking import accounts, months_before, of_the_person, so_many, some
from contacts.strategy.conditions.language import ALWAYS, NEVER, Context

YEAR: Final = timedelta(days=365)
FIRST_SEEN: Final = timedelta(days=31)  # an account reported within so many days of its opening has its whole history
SECURED: Final = (Product.Kind.MORTGAGE, Product.Kind.CAR_LOAN)
_MONEY: Final = DecimalField(max_digits=18, decimal_places=2)


def dpd(days: int, context: Context) -> Q:
    """Whether the oldest debt is at least so many days past due."""
    if days <= 0:
        return ALWAYS
    return Q(past_due_since__isnull=False, past_due_since__lte=context.day - timedelta(days=days))


def bucket(labels: list[str], context: Context) -> Q:
    """Whether the days past due fall in one of these buckets."""
    scheme, found = ageing.DEFAULT, NEVER
    for index, label in enumerate(scheme.labels):
        if label in labels:
            begins = dpd(scheme.starts[index - 1], context) if index else ALWAYS
            ends = ~dpd(scheme.starts[index], context) if index < len(scheme.starts) else ALWAYS
            found |= begins & ends
    return found


def balance(amount: Decimal, context: Context) -> Q:
    """Whether at least so much is owed."""
    return Q(balance__gte=amount)


def product(values: list[str], context: Context) -> Q:
    """Whether one of the accounts is of one of these products."""
    return some(accounts(product__code__in=values))


def product_kind(values: list[str], context: Context) -> Q:
    """Whether one of the accounts is of one of these kinds."""
    return some(accounts(product__kind__in=values))


def secured(_value: Any, context: Context) -> Q:
    """Whether one of the accounts is of a kind that is secured on a thing."""
    return some(accounts(product__kind__in=SECURED))


def has_accounts() -> Q:
    """Whether there are accounts at all."""
    return some(accounts())


def months_on_book(months: int, context: Context) -> Q:
    """Whether the oldest account was opened at least so many months ago."""
    return some(accounts(opened_on__lte=months_before(context.day, months)))


def has_opening_day() -> Q:
    """Whether it is known when an account was opened."""
    return some(accounts(opened_on__isnull=False))


def days_in_collection(days: int, context: Context) -> Q:
    """Whether the case was opened at least so many days ago."""
    return Q(opened_on__lte=context.day - timedelta(days=days)) if days > 0 else ALWAYS


# -- the past year -----------------------------------------------------------------------------------------------------


def _moves(context: Context) -> QuerySet[BucketTransition]:
    own = BucketTransition.objects.filter(
        account__person_id=OuterRef("person_id"), account__creditor_id=OuterRef("creditor_id")
    )
    return own.filter(business_date__gt=context.day - YEAR, business_date__lte=context.day)


def year_is_on_record(_value: Any, context: Context) -> Q:
    """Whether the records of every account go back a year, or to its opening."""
    begins = Greatest(
        Value(context.day - YEAR, DateField()),
        ExpressionWrapper(OuterRef("opened_on") + Value(FIRST_SEEN), output_field=DateField()),
    )
    early = BucketTransition.objects.filter(account_id=OuterRef("pk"), business_date__lte=begins)
    return some(accounts()) & ~some(accounts().exclude(some(early)))


def times_past_due(count: int, context: Context) -> Q:
    """Whether an account fell past due at least so many times in the last year."""
    fell = _moves(context).filter(from_bucket__in=["", ageing.DEFAULT.labels[0]])
    return so_many(fell.exclude(to_bucket=ageing.DEFAULT.labels[0]), count, by="account__person_id")


def worst_bucket(labels: list[str], context: Context) -> Q:
    """Whether the worst bucket that an account was in during the last year, today included, is one of these."""
    scheme, found = ageing.DEFAULT, NEVER

    def reached(index: int) -> Q:
        if index == 0:
            return ALWAYS
        worse = list(scheme.labels[index:])
        moved = _moves(context).filter(Q(from_bucket__in=worse) | Q(to_bucket__in=worse))
        return dpd(scheme.starts[index - 1], context) | some(moved)

    for index, label in enumerate(scheme.labels):
        if label in labels:
            found |= reached(index) & ~reached(index + 1) if index < len(scheme.starts) else reached(index)
    return found


# -- payments ----------------------------------------------------------------------------------------------------------


def _payments(context: Context) -> QuerySet[Payment]:
    return of_the_person(Payment.objects.filter(status=Payment.Status.ALLOCATED, value_on__lte=context.day)).order_by()


def days_since_payment(days: int, context: Context) -> Q:
    """Whether nothing was paid for at least so many days."""
    return ~some(_payments(context).filter(value_on__gt=context.day - timedelta(days=days)))


def has_paid(_value: Any, context: Context) -> Q:
    """Whether anything was ever paid."""
    return some(_payments(context))


def _paid(context: Context) -> Coalesce:
    lately = _payments(context).filter(value_on__gt=context.day - timedelta(days=30), currency=OuterRef("currency"))
    summed = Subquery(lately.values("person_id").annotate(paid=Sum("amount")).values("paid"))
    return Coalesce(summed, Decimal(0), output_field=_MONEY)


def paid_percent(percent: int, context: Context) -> Q:
    """Whether at least so much per cent of what would be owed without them was paid in the last thirty days."""
    owed = ExpressionWrapper((F("balance") + _paid(context)) * percent, output_field=_MONEY)
    return Q(GreaterThanOrEqual(ExpressionWrapper(_paid(context) * 100, output_field=_MONEY), owed))


def something_was_owed(_value: Any, context: Context) -> Q:
    """Whether anything is or was owed in the last thirty days."""
    owed = ExpressionWrapper(F("balance") + _paid(context), output_field=_MONEY)
    return Q(GreaterThanOrEqual(owed, Decimal("0.01")))
