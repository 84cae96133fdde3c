"""The lists that the dashboard opens: cases, accounts, moves, promises, contacts, holds, feeds."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from django.db.models import QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from cases import ageing, freshness
from cases.models import Account, Case, Creditor, Hold, Promise, Status
from collections_app.dashboards import sets
from collections_app.dashboards.lists import Cell, Column, Filter, Listing, listing
from collections_app.dashboards.scope import Scope
from collections_app.staff.models import User
from compliance import reasons
from contacts import legal_clocks, legal_evidence
from contacts.models import Channel, ContactAttempt, LegalClock

STATUS_TONES: Final = {
    "new": "plain", "working": "act", "promised": "soon", "on_plan": "soon", "cured": "ok", "closed": "past",
    "open": "act", "kept": "ok", "partly_kept": "soon", "broken": "stop", "cancelled": "past",
    "cleared": "plain", "sent": "ok", "delivered": "ok", "failed": "stop", "uncertain": "soon", "withheld": "soon",
    "in_progress": "act", "completed": "ok", "recorded": "past",
}  # fmt: skip


def case_url(case: Case | None) -> str:
    """Return the address of a case's page, or nothing where this installation has none."""
    if case is None:
        return ""
    try:
        return reverse("cases:case", args=[case.ref])
    except NoReverseMatch:
        return ""


def case_url_of(pk: int | None) -> str:
    """Return the address of the page of the case with this key."""
    return case_url(Case(pk=pk)) if pk else ""


def _business_date(creditor_id: int, scope: Scope) -> date:
    found = next((day.on for day in scope.days if creditor_id in day.creditor_ids), None)
    return found or scope.at.date()


def _pill(row: Any) -> Cell:
    return Cell(row.get_status_display(), kind="pill", tone=STATUS_TONES.get(row.status, "plain"))


def _person_of_case(row: Any, scope: Scope) -> Cell:
    case = row.case
    return Cell(str(row.person), url=case_url(case), sub=case.ref if case else "")


def _creditor_filter() -> Filter:
    return Filter(
        "creditor",
        _("Creditor"),
        lambda rows, value, scope: rows.filter(creditor__code=value),
        choices=lambda scope: [(each.code, each.name) for each in scope.creditors],
    )


def _number(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 18 else 0


def _choice(values: Any, field: str) -> Any:
    def apply(rows: Any, value: str, scope: Scope) -> Any:
        return rows.filter(**{field: value}) if value in values else rows.none()

    return apply


def _state(states: Mapping[str, Any]) -> Any:
    def apply(rows: Any, value: str, scope: Scope) -> Any:
        return states[value](rows, scope) if value in states else rows.none()

    return apply


def _user_name(value: str, scope: Scope) -> str:
    user = User.objects.filter(pk=_number(value)).first()
    return str(user) if user else value


# -- cases -----------------------------------------------------------------------------------------------------------

_CASE_STATES: Final = {
    "review": sets.to_review,
    "waiting": sets.waiting,
    "late": sets.late,
    "handled": sets.handled_today,
    "in-progress": sets.held_by,
}
_CASE_WORDS: Final = [
    ("review", _("waits for a supervisor")),
    ("waiting", _("waits for a collector")),
    ("late", _("has waited for more than a day")),
    ("handled", _("handled today")),
    ("in-progress", _("open on a desk now")),
]

CASES: Final[Listing] = listing(
    name="cases",
    title=_("Cases"),
    rows=sets.cases,
    order=("-score", "pk"),
    columns=(
        Column(_("Case"), lambda case, scope: Cell(str(case.person), url=case_url(case), sub=case.ref)),
        Column(
            _("Past due"),
            lambda case, scope: Cell(case.dpd_on(_business_date(case.creditor_id, scope)), kind="dpd"),
        ),
        Column(_("Owed"), lambda case, scope: Cell(case.balance, kind="money", extra=case.currency), numeric=True),
        Column(_("Status"), lambda case, scope: _pill(case)),
        Column(
            _("Next action"),
            lambda case, scope: Cell(case.get_next_action_display() or "–", sub=case.next_action_at),
        ),
        Column(_("Creditor"), lambda case, scope: Cell(case.creditor.name)),
        Column(_("Owner"), lambda case, scope: Cell(str(case.owner) if case.owner else "–")),
    ),
    filters=(
        Filter("state", _("Which"), _state(_CASE_STATES), choices=lambda scope: _CASE_WORDS),
        Filter(
            "bucket",
            _("Bucket"),
            lambda rows, value, scope: sets.in_bucket(rows.unresolved(), value, scope),
            choices=lambda scope: [(label, label) for label in ageing.DEFAULT.labels],
        ),
        Filter("status", _("Status"), _choice(Status.values, "status"),
               choices=lambda scope: Status.choices),
        _creditor_filter(),
        Filter("by", _("Handled by"), lambda rows, value, scope: sets.handled_today(rows, scope, by=_number(value)),
               show=_user_name),
        Filter("desk", _("On the desk of"), lambda rows, value, scope: sets.held_by(rows, scope, _number(value)),
               show=_user_name),
    ),
    empty=_("Remove a filter to see more cases."),
)  # fmt: skip


# -- accounts and their moves ----------------------------------------------------------------------------------------


def _close(asked: Mapping[str, str], scope: Scope) -> tuple[Any, date | None]:
    creditor = next((each for each in scope.creditors if each.code == asked.get("creditor")), None)
    try:
        return creditor, date.fromisoformat(asked.get("on", ""))
    except ValueError:
        return creditor, sets.last_closes(scope).get(creditor.pk) if creditor else None


def _accounts(scope: Scope, asked: Mapping[str, str]) -> QuerySet[Account]:
    creditor, on = _close(asked, scope)
    if creditor is None or on is None:
        return Account.objects.none()
    rows = sets.accounts_in_bucket(scope, bucket=asked.get("bucket", ""), creditor=creditor, on=on)
    return rows.select_related("person", "product", "creditor")


def _kept(rows: Any, value: str, scope: Scope) -> Any:
    return rows


ACCOUNTS: Final[Listing] = listing(
    name="accounts",
    title=_("Accounts at the close of a day"),
    rows=lambda scope: Account.objects.none(),
    narrow=_accounts,
    order=("pk",),
    needs=("creditor", "bucket", "on"),
    columns=(
        Column(_("Account"), lambda row, scope: Cell(str(row), sub=row.product.name)),
        Column(_("Person"), lambda row, scope: Cell(str(row.person))),
        Column(_("Past due since"), lambda row, scope: Cell(row.since, kind="day")),
        Column(_("Balance"), lambda row, scope: Cell(row.stated_balance, kind="money", extra=row.stated_currency),
               numeric=True),
        Column(_("Creditor"), lambda row, scope: Cell(row.creditor.name)),
    ),
    filters=(
        Filter("creditor", _("Creditor"), _kept,
               choices=lambda scope: [(each.code, each.name) for each in scope.creditors]),
        Filter("bucket", _("Bucket"), _kept, choices=lambda scope: [(one, one) for one in ageing.DEFAULT.labels]),
        Filter("on", _("Close of"), _kept),
        Filter("currency", _("Currency"), lambda rows, value, scope: rows.filter(stated_currency=value)),
    ),
    empty=_("Choose a creditor and a bucket; the last close of the day is shown unless the address names another."),
    note=_("As it was known when that day was closed."),
)  # fmt: skip

_MOVES: Final = [
    ("entered", _("became past due")),
    ("cured", _("are no longer past due")),
    ("rolled", _("went to a worse bucket")),
    ("eased", _("went to a better bucket, still past due")),
]

MOVES: Final[Listing] = listing(
    name="moves",
    title=_("Moves between buckets"),
    rows=sets.moves,
    order=("-business_date", "pk"),
    columns=(
        Column(_("Account"), lambda row, scope: Cell(str(row.account), sub=str(row.person))),
        Column(_("From"), lambda row, scope: Cell(row.from_bucket or "–", kind="bucket")),
        Column(_("To"), lambda row, scope: Cell(row.to_bucket, kind="bucket")),
        Column(_("Balance"), lambda row, scope: Cell(row.balance, kind="money", extra=row.currency), numeric=True),
        Column(_("Close of"), lambda row, scope: Cell(row.business_date, kind="day")),
        Column(_("Creditor"), lambda row, scope: Cell(row.creditor.name)),
    ),
    filters=(
        Filter("kind", _("Which"), lambda rows, value, scope: sets.moved(rows, value), choices=lambda scope: _MOVES),
        _creditor_filter(),
    ),
    empty=_("At the last close of the day no account changed its bucket in this way."),
)


# -- promises --------------------------------------------------------------------------------------------------------


def _promise_days(value: str) -> tuple[str, int]:
    name, _dash, days = value.partition("-")
    return name, 7 if days == "7" else 1


def _promises(rows: Any, value: str, scope: Scope) -> Any:
    if value not in dict(_PROMISES):
        return rows.none()
    name, days = _promise_days(value)
    if name == "due":
        return sets.promises_due(rows, scope, days)
    return sets.promises_of(rows, scope, name, days)


_PROMISES: Final = [
    ("due", _("due today")),
    ("due-7", _("due within 7 days")),
    ("kept", _("kept today")),
    ("kept-7", _("kept in the last 7 days")),
    ("partly_kept", _("partly kept today")),
    ("partly_kept-7", _("partly kept in the last 7 days")),
    ("broken", _("broken today")),
    ("broken-7", _("broken in the last 7 days")),
]

_FALLEN: Final = [("30", _("the last 30 days")), ("90", _("the last 90 days"))]


def _fallen_due(rows: Any, value: str, scope: Scope) -> Any:
    return sets.promises_fallen_due(rows, scope, int(value)) if value in dict(_FALLEN) else rows.none()


def _made_with(rows: Any, value: str, scope: Scope) -> Any:
    return rows.filter(made_with_id=_number(value) or None)


PROMISES: Final[Listing] = listing(
    name="promises",
    title=_("Promises"),
    rows=sets.promises,
    order=("-due_on", "pk"),
    columns=(
        Column(_("Person"), _person_of_case),
        Column(_("Promised"), lambda row, scope: Cell(row.amount, kind="money", extra=row.currency), numeric=True),
        Column(_("Paid"), lambda row, scope: Cell(row.paid_amount, kind="money", extra=row.currency), numeric=True),
        Column(_("Due"), lambda row, scope: Cell(row.due_on, kind="day")),
        Column(_("Status"), lambda row, scope: _pill(row)),
        Column(_("Made with"), lambda row, scope: Cell(str(row.made_with) if row.made_with else "–", sub=row.made_at)),
        Column(_("Creditor"), lambda row, scope: Cell(row.creditor.name)),
    ),
    filters=(
        Filter("which", _("Which"), _promises, choices=lambda scope: _PROMISES),
        Filter("status", _("Status"), _choice(Promise.Status.values, "status"),
               choices=lambda scope: Promise.Status.choices),
        Filter("fallen", _("Fell due in"), _fallen_due, choices=lambda scope: _FALLEN),
        Filter("with", _("Made with"), _made_with, show=_user_name),
        Filter("currency", _("Currency"), lambda rows, value, scope: rows.filter(currency=value)),
        _creditor_filter(),
    ),
    empty=_("Promises are recorded with a call, on the page of a case."),
)  # fmt: skip


# -- clocks of the law -----------------------------------------------------------------------------------------------

_CLOCK_SPANS: Final = [
    ("30", _("end within 30 days")), ("90", _("end within 90 days")), ("180", _("end within 180 days")),
    ("over", _("are over")),
]  # fmt: skip


def _clocks(scope: Scope, asked: Mapping[str, str]) -> QuerySet[LegalClock]:
    """Return the clocks that run, the next to end first; those that are over only where they are asked for."""
    rows = sets.legal_clocks(scope)
    return rows if asked.get("ends") == "over" else sets.clocks_ending(rows, scope, 36_500)


def _clock_spans(rows: Any, value: str, scope: Scope) -> Any:
    if value not in dict(_CLOCK_SPANS):
        return rows.none()
    return sets.clocks_over(rows, scope) if value == "over" else sets.clocks_ending(rows, scope, int(value))


def _days_left(row: LegalClock, scope: Scope) -> Cell:
    left = (row.ends - _business_date(row.creditor_id, scope)).days
    words = ngettext("%(n)s day", "%(n)s days", left) % {"n": left} if left >= 0 else gettext("over")
    return Cell(words, kind="pill", tone=legal_clocks.tone(row.kind, left))


def _started_anew(row: LegalClock, scope: Scope) -> Cell:
    if not row.interrupted:
        return Cell("–")
    last = row.interrupted[-1]
    return Cell(str(legal_evidence.GROUNDS.get(last["ground"], last["ground"])), sub=last["day"])


CLOCKS: Final[Listing] = listing(
    name="clocks",
    title=_("Legal clocks"),
    rows=sets.legal_clocks,
    narrow=_clocks,
    order=("ends", "pk"),
    columns=(
        Column(_("Person"), _person_of_case),
        Column(_("Account"), lambda row, scope: Cell(str(row.account), url=_clocks_url(row))),
        Column(
            _("Clock"),
            lambda row, scope: Cell(
                row.title.get(reasons.language_of()) or row.rule,
                sub=str(row.guarantor) if row.guarantor else row.source,
            ),
        ),
        Column(_("Last day"), lambda row, scope: Cell(row.ends, kind="day")),
        Column(_("Left"), _days_left),
        Column(_("Started anew by"), _started_anew),
        Column(_("Creditor"), lambda row, scope: Cell(row.creditor.name)),
    ),
    filters=(
        Filter("ends", _("Which"), _clock_spans, choices=lambda scope: _CLOCK_SPANS),
        Filter("kind", _("Clock"), _choice(LegalClock.Kind.values, "kind"),
               choices=lambda scope: LegalClock.Kind.choices),
        _creditor_filter(),
    ),
    empty=_("A clock runs for every account past due where the law of the place knows a period."),
    note=_("Reckoned within minutes of a change; the page of a case reckons anew."),
)  # fmt: skip


def _clocks_url(row: LegalClock) -> str:
    return reverse("contacts:legal-clocks", args=[row.case.ref])


# -- contacts --------------------------------------------------------------------------------------------------------

_ATTEMPT_STATES: Final = {"sent": sets.sent_today, "failed": sets.failed_today, "calls": sets.calls_today}
_ATTEMPT_WORDS: Final = [
    ("sent", _("messages handed over today")),
    ("calls", _("calls made today")),
    ("failed", _("failed today")),
]

ATTEMPTS: Final[Listing] = listing(
    name="contacts",
    title=_("Contacts"),
    rows=sets.attempts,
    order=("-at", "-pk"),
    columns=(
        Column(_("When"), lambda row, scope: Cell(row.at, kind="when", url=decision_url(row.decision_id), sub=row.ref)),
        Column(_("Person"), _person_of_case),
        Column(_("Channel"), lambda row, scope: Cell(row.get_channel_display())),
        Column(_("Status"), lambda row, scope: _pill(row)),
        Column(_("Outcome"), lambda row, scope: Cell(row.get_outcome_display() if row.outcome else "–")),
        Column(_("Made by"), lambda row, scope: Cell(str(row.made_by) if row.made_by else _("the system"))),
        Column(_("Creditor"), lambda row, scope: Cell(row.creditor.name)),
    ),
    filters=(
        Filter("which", _("Which"), _state(_ATTEMPT_STATES), choices=lambda scope: _ATTEMPT_WORDS),
        Filter("status", _("Status"), _choice(ContactAttempt.Status.values, "status"),
               choices=lambda scope: ContactAttempt.Status.choices),
        Filter("channel", _("Channel"), _choice(Channel.values, "channel"), choices=lambda scope: Channel.choices),
        Filter("by", _("Made by"), lambda rows, value, scope: rows.filter(made_by_id=_number(value)), show=_user_name),
        _creditor_filter(),
    ),
    empty=_("Calls are logged on the page of a case; messages are sent by the strategies."),
)  # fmt: skip


def decision_url(decision_id: int | None) -> str:
    """Return the address of a decision's page."""
    return reverse("compliance:decision", args=[decision_id]) if decision_id else ""


# -- holds and feeds -------------------------------------------------------------------------------------------------


def _holds(rows: Any, value: str, scope: Scope) -> Any:
    return sets.holds_to_review(rows, scope) if value == "review" else rows.none()


HOLDS: Final[Listing] = listing(
    name="holds",
    title=_("Holds in force"),
    rows=sets.holds,
    order=("review_on", "pk"),
    columns=(
        Column(_("Person"), lambda row, scope: Cell(str(row.person), url=case_url_of(row.case_pk))),
        Column(_("Kind"), lambda row, scope: Cell(row.get_kind_display())),
        Column(_("Reason"), lambda row, scope: Cell(row.reason or "–")),
        Column(_("Review on"), lambda row, scope: Cell(row.review_on, kind="day")),
        Column(_("Until"), lambda row, scope: Cell(row.ends_on, kind="day")),
        Column(_("Creditor"), lambda row, scope: Cell(row.creditor.name if row.creditor else _("all of them"))),
    ),
    filters=(
        Filter("which", _("Which"), _holds, choices=lambda scope: [("review", _("review is due"))]),
        Filter("kind", _("Kind"), _choice(Hold.Kind.values, "kind"), choices=lambda scope: Hold.Kind.choices),
    ),
    empty=_("Nobody is on hold here."),
)


def _feed(row: Creditor, scope: Scope) -> freshness.Freshness:
    return scope.freshness[row.pk]


FEEDS: Final[Listing] = listing(
    name="feeds",
    title=_("Balances of the creditors"),
    rows=sets.feeds,
    order=("name", "pk"),
    columns=(
        Column(_("Creditor"), lambda row, scope: Cell(row.name, sub=row.code)),
        Column(_("Balances as of"), lambda row, scope: Cell(_feed(row, scope).as_of, kind="day")),
        Column(_("Age, days"), lambda row, scope: Cell(_feed(row, scope).age, kind="count"), numeric=True),
        Column(_("Allowed, days"), lambda row, scope: Cell(row.freshness_days, kind="count"), numeric=True),
        Column(
            _("Sending"),
            lambda row, scope: Cell(_("waits for a newer tape"), kind="pill", tone="stop")
            if _feed(row, scope).is_stale
            else Cell(_("goes on"), kind="pill", tone="ok"),
        ),
    ),
    filters=(
        Filter("which", _("Which"), _state({"stale": lambda rows, scope: sets.stale_feeds(scope)}),
               choices=lambda scope: [("stale", _("too old"))]),
    ),
    empty=_("Every creditor's balances are new enough."),
)  # fmt: skip
