"""What a collector should know before the call, in one look: what is missing, what happened, the last words.

Everything is counted from the rows of the case at the moment of asking; seven queries however long the history is.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Count, F, Max, Q, QuerySet, Sum
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import strip_tags
from django.utils.translation import get_language_info, ngettext
from django.utils.translation import gettext as _

from cases import notes
from cases.models import Case, Document, LedgerEntry, Note, Payment, Promise
from cases.queries import CaseFacts
from collections_app.shared.asked_often import IsOneOf, asked_often
from collections_app.shared.listing import listed, one_after_another
from collections_app.templatetags.display import money
from contacts import identity, verifying
from contacts.models import ContactAttempt
from contacts.timeline import REACHED

PHONES: Final = ("mobile", "home_phone", "work_phone", "office_phone", "unknown_phone")
NOT_MADE: Final = ("withheld", "cancelled", "cleared", "in_progress", "failed")
NOTHING_MADE: Final[Mapping[str, Any]] = {"ours": 0, "theirs": 0, "talks": 0, "talked": None}
NOTHING_PAID: Final[Mapping[str, Any]] = {"n": 0, "total": None, "last": None}
WORDS_SHOWN: Final = 280  # letters of the last words


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that should be there before a call. url: where what is missing is mended."""

    key: str
    label: str
    is_there: bool
    detail: str
    url: str


@dataclass(frozen=True, slots=True)
class Words:
    """What was written down last, as it was written."""

    text: str
    by: str
    at: datetime
    cut: bool


@dataclass(frozen=True, slots=True)
class Brief:
    """What the case page shows before a call. advice: what willingness and ability together suggest, or nothing."""

    checks: tuple[Check, ...]
    history: str
    last_words: Words | None
    last_talk: str
    advice: str

    @property
    def missing(self) -> list[Check]:
        return [check for check in self.checks if not check.is_there]

    @property
    def there(self) -> int:
        return sum(check.is_there for check in self.checks)


def brief(case: Case, facts: CaseFacts, *, user: Any, at: datetime) -> Brief:
    """Return the preparation for a call on a case. facts: as the case page has them."""
    talk = _talk(case)
    return Brief(
        checks=tuple(checks(case, facts, user=user, at=at)),
        history=history(case),
        last_words=_last_words(case),
        last_talk=talk,
        advice=advice(case),
    )


def checks(case: Case, facts: CaseFacts, *, user: Any, at: datetime) -> list[Check]:
    """Return what should be there before a call, each with whether it is and where it is mended."""
    person = case.person
    ask = reverse("cases:next-action", args=[case.ref])
    files = reverse("cases:imports") if user.has_perm("cases.import_tape") else ask
    terms = verifying.terms_of(creditor_id=case.creditor_id, at=at)
    known = identity.known(person, [point.kind for point in facts.points], has_account=bool(facts.accounts))
    questions = terms.asked_of(known)
    phones = [point for point in facts.points if point.kind in PHONES and point.usable]
    owing = [account.pk for account in facts.accounts if account.balance]
    itemised = len(_itemised(accounts=owing)) if owing else 0
    documents = _documents.first(case=case.pk) or 0
    labels = listed(verifying.QUESTIONS[key] for key in questions) or _("nothing known")
    return [
        Check(
            "identity",
            _("Identity to verify with"),
            len(questions) >= terms.needed,
            _("%(n)s needed: %(known)s") % {"n": terms.needed, "known": labels},
            files,
        ),
        Check(
            "number",
            _("Number that may be tried"),
            bool(phones),
            ngettext("%(n)s number", "%(n)s numbers", len(phones)) % {"n": len(phones)},
            ask,
        ),
        Check(
            "itemised",
            _("Debt by charge and due date"),
            itemised == len(owing),
            _("%(n)s of %(all)s accounts") % {"n": itemised, "all": len(owing)},
            reverse("cases:money", args=[case.ref]),
        ),
        Check(
            "documents",
            _("Documents"),
            documents > 0,
            ngettext("%(n)s document", "%(n)s documents", documents) % {"n": documents},
            f"{reverse('contacts:preparation', args=[case.ref])}#documents",
        ),
        Check("language", _("Language"), bool(person.language), _language(person.language), files),
        Check(
            "jurisdiction",
            _("Law and time zone"),
            bool(person.jurisdiction and person.time_zone),
            " · ".join(each for each in (person.jurisdiction, person.time_zone) if each) or _("not known"),
            files,
        ),
        Check(
            "balances",
            _("Fresh balances"),
            not facts.feed.is_stale,
            _("as of %(day)s") % {"day": facts.feed.as_of} if facts.feed.as_of else _("no file was ever loaded"),
            files,
        ),
    ]


def _language(code: str) -> str:
    """Return a language in its own name: 简体中文; its code where no name is known."""
    try:
        return str(get_language_info(code)["name_local"]) if code else _("not known")
    except KeyError:
        return code


def history(case: Case) -> str:
    """Return what happened with a case so far, in one paragraph."""
    made = _made.first(case=case.pk) or NOTHING_MADE
    kept = Counter(_promised(case=case.pk))
    paid = _paid.first(person=case.person_id, creditor=case.creditor_id, currency=case.currency)
    sentences = [_contacts(made), _promises(kept), _payments(paid or NOTHING_PAID, case.currency)]
    return one_after_another(sentence for sentence in sentences if sentence)


@asked_often
def _itemised(accounts: list[int]) -> QuerySet[LedgerEntry, int]:
    """Return those of the accounts that have an entry with a day on which it falls due."""
    dated = LedgerEntry.objects.filter(IsOneOf(F("account_id"), accounts), due_on__isnull=False)
    return dated.order_by().values_list("account_id", flat=True).distinct()


@asked_often
def _documents(case: int) -> QuerySet[Document, int]:
    """Return how many documents a case has; nothing where it has none."""
    return Document.objects.filter(case_id=case).order_by().values("case_id").annotate(n=Count("pk")).values_list(
        "n", flat=True
    )  # fmt: skip


@asked_often
def _made(case: int) -> QuerySet[Any, Any]:
    """Return the contacts of a case counted; nothing where there was none."""
    talk = Q(outcome__in=REACHED[:2], party="debtor")
    tried = ContactAttempt.objects.filter(case_id=case).exclude(status__in=NOT_MADE)
    return tried.order_by().values("case_id").annotate(
        ours=Count("pk", filter=Q(direction="outbound")),
        theirs=Count("pk", filter=Q(direction="inbound")),
        talks=Count("pk", filter=talk),
        talked=Max("at", filter=talk),
    )  # fmt: skip


@asked_often
def _promised(case: int) -> QuerySet[Promise, str]:
    return Promise.objects.filter(case_id=case).values_list("status", flat=True)


@asked_often
def _paid(person: int, creditor: int, currency: str) -> QuerySet[Any, Any]:
    """Return what was paid in a currency and stands; nothing where nothing was paid."""
    mine = Payment.objects.filter(person_id=person, creditor_id=creditor, currency=currency)
    return mine.exclude(status=Payment.Status.REVERSED).order_by().values("currency").annotate(
        n=Count("pk"), total=Sum("amount"), last=Max("received_at")
    )  # fmt: skip


def _contacts(made: Mapping[str, Any]) -> str:
    if not made["ours"] and not made["theirs"]:
        return _("Nobody has contacted this person on this case yet.")
    said = ngettext("Contacted %(n)s time", "Contacted %(n)s times", made["ours"]) % {"n": made["ours"]}
    if made["talks"]:
        values = {"n": made["talks"], "day": _day(made["talked"])}
        talked = ngettext("reached %(n)s time, last on %(day)s", "reached %(n)s times, last on %(day)s", made["talks"])
        said = _("%(contacted)s, %(reached)s.") % {"contacted": said, "reached": talked % values}
    else:
        said = _("%(contacted)s, never reached.") % {"contacted": said}
    if made["theirs"]:
        wrote = ngettext("The person got in touch %(n)s time.", "The person got in touch %(n)s times.", made["theirs"])
        said = f"{said} {wrote % {'n': made['theirs']}}"
    return said


def _promises(kept: Mapping[str, int]) -> str:
    labels = {"kept": _("kept"), "partly_kept": _("partly kept"), "broken": _("broken"), "open": _("open")}
    total = sum(kept[name] for name in labels)
    if not total:
        return _("No promise was ever made.")
    parts = listed(f"{kept[name]} {label}" for name, label in labels.items() if kept[name])
    said = ngettext("%(n)s promise: %(parts)s.", "%(n)s promises: %(parts)s.", total)
    return said % {"n": total, "parts": parts}


def _payments(paid: Mapping[str, Any], currency: str) -> str:
    if not paid["n"]:
        return _("No payment is recorded.")
    values = {"n": paid["n"], "total": amount(paid["total"], currency), "day": _day(paid["last"])}
    said = ngettext(
        "%(n)s payment, %(total)s, on %(day)s.", "%(n)s payments, %(total)s together, the last on %(day)s.", paid["n"]
    )
    return said % values


def amount(value: Decimal, currency: str) -> str:
    """Return an amount as the page writes it, as text."""
    return strip_tags(str(money(value, currency)))


def _day(at: datetime) -> str:
    return date_format(at, "Y-m-d")


def _last_words(case: Case) -> Words | None:
    note = _last_note.first(case=case.pk)
    if note is None:
        return None
    by = str(note.written_by) if note.written_by else ""
    return Words(note.text[:WORDS_SHOWN], by, note.written_at, cut=len(note.text) > WORDS_SHOWN)


def _talk(case: Case) -> str:
    """Return how the last contact with the person himself ended, and when."""
    last = _last_talk.first(case=case.pk)
    if last is None:
        return ""
    return _("%(day)s: %(outcome)s") % {"day": _day(last.at), "outcome": last.get_outcome_display()}


@asked_often
def _last_note(case: int) -> QuerySet[Note]:
    standing = notes.standing(Note.objects.filter(case_id=case))
    return standing.select_related("written_by").order_by("-written_at", "-pk")[:1]


@asked_often
def _last_talk(case: int) -> QuerySet[ContactAttempt]:
    talks = ContactAttempt.objects.filter(case_id=case, outcome__in=REACHED[:2], party="debtor")
    return talks.order_by("-at", "-pk")[:1]


def advice(case: Case) -> str:
    """Return what willingness and ability together suggest; nothing while one of them is not known."""
    willing, able = case.willingness, case.ability
    if "unknown" in (willing, able):
        return ""
    can, wants = able in ("middle", "high"), willing in ("middle", "high")
    if wants and can:
        return _("Willing and able: agree on a day, in full or in two parts.")
    if wants:
        return _("Willing, not able: look at what can be afforded and offer a plan; note hardship.")
    if can:
        return _("Able, not willing: find out why, answer it, say truly what follows.")
    return _("Neither willing nor able: listen, note hardship, do not press.")
