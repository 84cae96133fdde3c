"""What a collector should know before the call, in one look: what is missing, what happened, the last words.

Everything is counted from the rows of the case at the moment of asking; seven queries however long the history is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Count, Max, Q, Sum
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import strip_tags
from django.utils.translation import get_language_info, ngettext
from django.utils.translation import gettext as _

from cases import notes
from cases.models import Case, Document, LedgerEntry, Note, Payment, Promise
from cases.queries import CaseFacts
from collections_app.shared.listing import listed, one_after_another
from collections_app.templatetags.display import money
from contacts import identity, verifying
from contacts.models import ContactAttempt
from contacts.timeline import REACHED

PHONES: Final = ("mobile", "home_phone", "work_phone", "office_phone", "unknown_phone")
NOT_MADE: Final = ("withheld", "cancelled", "cleared", "in_progress", "failed")
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
    dated = LedgerEntry.objects.filter(account_id__in=owing, due_on__isnull=False)
    itemised = len(set(dated.values_list("account_id", flat=True).distinct())) if owing else 0
    documents = Document.objects.filter(case=case).count()
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
    tried = ContactAttempt.objects.filter(case=case).exclude(status__in=NOT_MADE)
    made = tried.aggregate(
        ours=Count("pk", filter=Q(direction="outbound")),
        theirs=Count("pk", filter=Q(direction="inbound")),
        talks=Count("pk", filter=Q(outcome__in=REACHED[:2], party="debtor")),
        talked=Max("at", filter=Q(outcome__in=REACHED[:2], party="debtor")),
    )
    kept = Promise.objects.filter(case=case).aggregate(
        **{status: Count("pk", filter=Q(status=status)) for status in ("open", "kept", "partly_kept", "broken")}
    )
    mine = Payment.objects.filter(person_id=case.person_id, creditor_id=case.creditor_id, currency=case.currency)
    paid = mine.exclude(status=Payment.Status.REVERSED).aggregate(
        n=Count("pk"), total=Sum("amount"), last=Max("received_at")
    )
    sentences = [_contacts(made), _promises(kept), _payments(paid, case.currency)]
    return one_after_another(sentence for sentence in sentences if sentence)


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
    total = sum(kept.values())
    if not total:
        return _("No promise was ever made.")
    labels = {"kept": _("kept"), "partly_kept": _("partly kept"), "broken": _("broken"), "open": _("open")}
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
    standing = notes.standing(Note.objects.filter(case=case))
    note = standing.select_related("written_by").order_by("-written_at", "-pk").first()
    if note is None:
        return None
    by = str(note.written_by) if note.written_by else ""
    return Words(note.text[:WORDS_SHOWN], by, note.written_at, cut=len(note.text) > WORDS_SHOWN)


def _talk(case: Case) -> str:
    """Return how the last contact with the person himself ended, and when."""
    talks = ContactAttempt.objects.filter(case=case, outcome__in=REACHED[:2], party="debtor")
    last = talks.order_by("-at", "-pk").first()
    if last is None:
        return ""
    return _("%(day)s: %(outcome)s") % {"day": _day(last.at), "outcome": last.get_outcome_display()}


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
