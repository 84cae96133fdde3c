"""Conditions over a closed list of facts, compiled to Q: the same expression filters one case or a million.

A condition is JSON: `{}` (always), `{"all": […]}`, `{"any": […]}`, `{"not": …}`, or a leaf
`{"fact": "dpd", "op": "at_least", "value": 30}`. Nothing else is understood, and an error names the path.

A fact may be unknown (nobody has spoken with the borrower, his language is not stated). Then a leaf is neither true nor
false, and so is its negation (Kleene's logic): a case matches only when the condition is true for certain. Who wants
the unknown ones says so: `{"fact": "jurisdiction", "op": "known", "value": false}`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual

from cases import ageing
from cases.models import Account, Case, ContactPoint, Hold, Person, PlanInstalment, Product, Promise
from cases.models.case import Status
from contacts.channels import catalogue
from contacts.models import LegalClock

JUDGED: Final = (Promise.Status.KEPT, Promise.Status.PARTLY_KEPT, Promise.Status.BROKEN)
ALWAYS: Final = Q(pk__isnull=False)
NEVER: Final = Q(pk__in=())
OPERATORS: Final = {
    "number": ("at_least", "at_most", "more_than", "less_than", "is", "is_not", "between"),
    "amount": ("at_least", "at_most", "more_than", "less_than"),
    "choice": ("is", "is_not", "in", "not_in"),
    "text": ("is", "is_not", "in", "not_in"),
    "yes_no": ("is",),
}


class ConditionError(ValueError):
    """The condition is not understood. `path` says where, e.g. `all[1].op`."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path or 'condition'}: {message}")
        self.path = path
        self.message = message


@dataclass(frozen=True, slots=True)
class Context:
    """The day that is asked about (days past due count to it) and the instant at which it begins at the creditor's."""

    day: date
    begins_at: datetime


@dataclass(frozen=True, slots=True)
class Truth:
    """When a condition is true and when it is false; a case for which neither holds is one where it is unknown."""

    true: Q
    false: Q

    def __invert__(self) -> "Truth":
        return Truth(self.false, self.true)


def _truth(holds: Q, known: Q = ALWAYS) -> Truth:
    return Truth(known & holds, known & ~holds)


# -- the facts ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact: how it is compared, which values it may have, when it is known, and what to ask of a case.

    `ask(value, context)` returns the Q that the fact is that value: one of the values for choices and texts, at least
    so many for numbers.
    """

    name: str
    kind: str
    ask: Callable[[Any, Context], Q]
    known: Q = ALWAYS
    values: tuple[str, ...] = ()


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


# -- reading and compiling ---------------------------------------------------------------------------------------------


def check(condition: Any, path: str = "") -> None:
    """Refuse a condition that is not understood. Raises ConditionError."""
    _compile(condition, Context(date(2000, 1, 1), datetime(2000, 1, 1)), path)  # noqa: DTZ001 (any day will do)


def compile_condition(condition: Mapping[str, Any], context: Context) -> Truth:
    """Return when a condition is true and when it is false of a case. Raises ConditionError."""
    return _compile(condition, context, "")


def matching(condition: Mapping[str, Any], context: Context) -> Q:
    """Return the Q of the cases for which a condition is true for certain. Raises ConditionError."""
    return compile_condition(condition, context).true


def holds_for(case_id: int, condition: Mapping[str, Any], context: Context) -> bool | None:
    """Return whether a condition is true of one case; None when that cannot be known. Raises ConditionError."""
    truth = compile_condition(condition, context)
    case = Case.objects.filter(pk=case_id)
    if case.filter(truth.true).exists():
        return True
    return False if case.filter(truth.false).exists() else None


def _compile(condition: Any, context: Context, path: str) -> Truth:
    if not isinstance(condition, Mapping):
        raise ConditionError(path, "a condition is an object")
    if not condition:
        return Truth(ALWAYS, NEVER)
    if "fact" in condition:
        return _leaf(condition, context, path)
    if len(condition) != 1 or not {"all", "any", "not"} & set(condition):
        raise ConditionError(path, f"expected one of all, any, not, fact; found {', '.join(map(str, condition))}")
    word, inner = next(iter(condition.items()))
    here = f"{path}.{word}" if path else word
    if word == "not":
        return ~_compile(inner, context, here)
    if not isinstance(inner, list) or not inner:
        raise ConditionError(here, "a list of at least one condition is needed")
    parts = [_compile(each, context, f"{here}[{number}]") for number, each in enumerate(inner)]
    true, false = parts[0].true, parts[0].false
    for part in parts[1:]:
        true = true & part.true if word == "all" else true | part.true
        false = false | part.false if word == "all" else false & part.false
    return Truth(true, false)


def _leaf(leaf: Mapping[str, Any], context: Context, path: str) -> Truth:
    def at(key: str) -> str:
        return f"{path}.{key}" if path else key

    for key in leaf:
        if key not in ("fact", "op", "value"):
            raise ConditionError(at(str(key)), "a leaf has fact, op and value and nothing else")
    fact = FACTS.get(leaf["fact"]) if isinstance(leaf["fact"], str) else None
    if fact is None:
        raise ConditionError(at("fact"), f"unknown fact {leaf['fact']!r}; known are {', '.join(FACTS)}")
    operator, value = leaf.get("op"), leaf.get("value")
    if operator == "known":
        if not isinstance(value, bool):
            raise ConditionError(at("value"), "true or false is needed")
        return _truth(fact.known if value else ~fact.known)
    if operator not in OPERATORS[fact.kind]:
        raise ConditionError(at("op"), f"{fact.name} is compared by {', '.join(OPERATORS[fact.kind])} or known")
    return _COMPILERS[fact.kind](fact, str(operator), value, context, at("value"))


def _number(fact: Fact, operator: str, value: Any, context: Context, path: str) -> Truth:
    wanted = value if operator == "between" else [value]
    size = 2 if operator == "between" else 1
    if (
        not isinstance(wanted, list)
        or len(wanted) != size
        or any(isinstance(each, bool) or not isinstance(each, int) or each < 0 for each in wanted)
    ):
        raise ConditionError(path, "two whole numbers are needed" if size == 2 else "a whole number is needed")

    def at_least(number: int) -> Q:
        return fact.ask(number, context)

    first, last = wanted[0], wanted[-1]
    exactly = at_least(first) & ~at_least(last + 1)
    return {
        "at_least": lambda: _truth(at_least(first), fact.known),
        "more_than": lambda: _truth(at_least(first + 1), fact.known),
        "less_than": lambda: _truth(~at_least(first), fact.known),
        "at_most": lambda: _truth(~at_least(first + 1), fact.known),
        "is": lambda: _truth(exactly, fact.known),
        "between": lambda: _truth(exactly, fact.known),
        "is_not": lambda: ~_truth(exactly, fact.known),
    }[operator]()


def _amount(fact: Fact, operator: str, value: Any, context: Context, path: str) -> Truth:
    if isinstance(value, bool | float) or not isinstance(value, int | str):
        raise ConditionError(path, 'an amount is written as text, e.g. "500.00"')
    try:
        amount = Decimal(value)
        cent_more = amount + Decimal("0.01")
    except InvalidOperation:
        raise ConditionError(path, f"{value!r} is no amount") from None
    if not amount.is_finite():
        raise ConditionError(path, f"{value!r} is no amount")
    return {
        "at_least": lambda: _truth(fact.ask(amount, context), fact.known),
        "more_than": lambda: _truth(fact.ask(cent_more, context), fact.known),
        "less_than": lambda: _truth(~fact.ask(amount, context), fact.known),
        "at_most": lambda: _truth(~fact.ask(cent_more, context), fact.known),
    }[operator]()


def _choice(fact: Fact, operator: str, value: Any, context: Context, path: str) -> Truth:
    wanted = value if operator in ("in", "not_in") else [value]
    if not isinstance(wanted, list) or not wanted or not all(isinstance(each, str) and each for each in wanted):
        raise ConditionError(path, "a list of words is needed" if operator in ("in", "not_in") else "a word is needed")
    if fact.values:
        for each in wanted:
            if each not in fact.values:
                raise ConditionError(path, f"{each!r} is none of {', '.join(fact.values)}")
    truth = _truth(fact.ask(wanted, context), fact.known)
    return ~truth if operator in ("is_not", "not_in") else truth


def _yes_no(fact: Fact, operator: str, value: Any, context: Context, path: str) -> Truth:
    if not isinstance(value, bool):
        raise ConditionError(path, "true or false is needed")
    truth = _truth(fact.ask(True, context), fact.known)  # noqa: FBT003
    return truth if value else ~truth


_COMPILERS: Final = {"number": _number, "amount": _amount, "choice": _choice, "text": _choice, "yes_no": _yes_no}
