"""Who is on the line: the firm's questions, what is answered rightly, and nothing disclosed before it is confirmed.

What is typed is compared and not kept. One call ends one way: confirmed, not confirmed, another person, wrong number;
a stranger who was a wrong key is taken back within five seconds, and asking goes on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from cases import amounts, firm_policy, locks, verification_policy
from cases.models import Case
from cases.refusal import Refused
from cases.verification_policy import QUESTIONS, Terms
from collections_app.shared.actor import Actor
from compliance import audit
from contacts import calls, identity
from contacts.call_results import REACHED, NextStep
from contacts.models import ContactAttempt, Verification

Result = Verification.Result
TRIES: Final = 3  # comparisons of one question in one call: nobody finds an answer by typing
OPEN: Final = ("cleared", "in_progress")
STRANGERS: Final = (Result.WRONG_PARTY, Result.WRONG_NUMBER)


class VerificationRefused(Refused):
    SENTENCES = {
        "not-open": _("This call has been closed already."),
        "not-yours": _("This call belongs to somebody else."),
        "settled": _("Who is on the line is settled for this call."),
        "question": _("This is not asked here."),
        "nothing": _("Type an answer, or tick what was answered rightly."),
        "too-few": _("%(right)s of %(needed)s answered rightly: nothing may be said about the debt yet."),
        "tries": _("%(question)s: compared %(tries)s times in this call, no more."),
        "unreadable": _("%(question)s: this cannot be read as a date."),
        "first": _("First confirm who is speaking."),
    }


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a call. tries: how often it was compared. right: None while it was not."""

    key: str
    tries: int
    right: bool | None

    @property
    def label(self) -> str:
        return str(QUESTIONS[self.key])

    @property
    def tries_left(self) -> int:
        return max(TRIES - self.tries, 0)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a call stands: its questions, how many answers are needed and right, and what it ended with, or nothing."""

    questions: tuple[Question, ...]
    needed: int
    only_compared: bool
    result: str

    @property
    def right(self) -> int:
        return sum(question.right is True for question in self.questions)

    @property
    def is_confirmed(self) -> bool:
        return self.result == Result.CONFIRMED

    @property
    def is_open(self) -> bool:
        return not self.result

    @property
    def is_possible(self) -> bool:
        """Whether enough is known of the person to confirm him at all."""
        return len(self.questions) >= self.needed


def is_confirmed(attempt: Any) -> bool:
    """Return whether the person on the line of this call is confirmed. attempt: one, or an open call, or its id."""
    pk = getattr(attempt, "pk", attempt)
    return Verification.objects.filter(attempt_id=pk, result=Result.CONFIRMED).exists()


def unconfirmed_call(case_ref: str, *, user: Any) -> ContactAttempt | None:
    """Return the call that this user has open on a case while nobody is confirmed on its line."""
    case = Case.objects.by_ref(case_ref).values("pk")
    rows = ContactAttempt.objects.filter(case_id__in=case, made_by=user, channel="phone", status__in=OPEN)
    confirmed = Verification.objects.filter(attempt=OuterRef("pk"), result=Result.CONFIRMED)
    rows = rows.filter(~Exists(confirmed)).select_related("case__person")
    return rows.order_by("-at", "-pk").first()


def terms_of(*, creditor_id: int, at: datetime) -> Terms:
    """Return what the firm asks before disclosure in this creditor's book."""
    return verification_policy.of_document(firm_policy.in_force(creditor_id=creditor_id, at=at).document)


def standing(attempt_id: int, *, terms: Terms, known: Iterable[str]) -> Standing:
    """Return how the call stands, in one query. known: what can be asked of whoever is called (`identity.known`)."""
    return _standing(_rows(attempt_id), terms, known)


@transaction.atomic
def compare(*, attempt_id: int, said: Mapping[str, str], actor: Actor, at: datetime) -> dict[str, bool]:
    """Compare what the person says with what is held; return per question whether it is right. Keeps the result only.

    Raises VerificationRefused; an answer that cannot be read as a date is none, and is not counted.
    """
    attempt = _locked(attempt_id, actor=actor)
    terms, now = _now(attempt, at)
    asked = {question.key: question for question in now.questions}
    answers = {key: text for key, text in said.items() if text.strip()}
    if not answers:
        raise VerificationRefused("nothing")
    found: dict[str, bool] = {}
    for key, text in answers.items():
        if key not in asked:
            raise VerificationRefused("question")
        if asked[key].tries >= TRIES:
            raise VerificationRefused("tries", question=asked[key].label, tries=TRIES)
        try:
            found[key] = identity.compare(key, text, attempt.contacted, creditor_id=attempt.creditor_id)
        except amounts.DayRefused:
            raise VerificationRefused("unreadable", question=asked[key].label) from None
    right = [key for key, is_right in found.items() if is_right]
    _record(attempt, Result.ASKED, asked=list(found), right=right, compared=right, terms=terms, actor=actor, at=at)
    return found


@transaction.atomic
def confirm(*, attempt_id: int, questions: Iterable[str] = (), actor: Actor, at: datetime) -> Verification:
    """Confirm that the person called is on the line, by what was answered rightly. Raises VerificationRefused.

    questions: those whose answers the collector heard and found right; those compared rightly count as well. One that
    was compared and found wrong does not count because it is ticked.
    """
    attempt = _locked(attempt_id, actor=actor)
    terms, now = _now(attempt, at)
    asked = {question.key: question for question in now.questions}
    heard = list(dict.fromkeys(questions))
    if not set(heard) <= set(asked):
        raise VerificationRefused("question")
    compared = [key for key, question in asked.items() if question.right]
    counted = [key for key in heard if asked[key].right is None] if not terms.only_compared else []
    right = [key for key in asked if key in {*compared, *counted}]
    if len(right) < now.needed:
        code = "too-few" if right or heard or any(each.tries for each in asked.values()) else "nothing"
        raise VerificationRefused(code, right=len(right), needed=now.needed)
    tried = [key for key, question in asked.items() if question.tries or key in heard]
    return _record(
        attempt, Result.CONFIRMED, asked=tried, right=right, compared=compared, terms=terms, actor=actor, at=at
    )


@transaction.atomic
def fail(*, attempt_id: int, actor: Actor, at: datetime) -> Verification:
    """Record that the person could not be confirmed: nothing is disclosed in this call any more."""
    attempt = _locked(attempt_id, actor=actor)
    terms, now = _now(attempt, at)
    tried = [question.key for question in now.questions if question.tries]
    right = [question.key for question in now.questions if question.right]
    return _record(attempt, Result.FAILED, asked=tried, right=right, compared=right, terms=terms, actor=actor, at=at)


@transaction.atomic
def wrong_party(
    *,
    attempt_id: int,
    result: str = Result.WRONG_PARTY,
    next_step: NextStep | None = None,
    actor: Actor,
    at: datetime,
) -> ContactAttempt:
    """End a call that reached another person, or a wrong number: the number is silent for everybody from now on.

    Raises VerificationRefused, and what closing a call raises.
    """
    if result not in STRANGERS:
        raise ValueError(f"{result} is not how a wrong party is called")
    attempt = _locked(attempt_id, actor=actor)
    terms, _standing_before = _now(attempt, at)
    _record(attempt, result, asked=[], right=[], compared=[], terms=terms, actor=actor, at=at)
    outcome = ContactAttempt.Outcome.WRONG_NUMBER
    return calls.log_call(attempt_id=attempt.pk, outcome=outcome, next_step=next_step, actor=actor, at=at)


def strangers_of(attempts: QuerySet[ContactAttempt]) -> QuerySet[Verification]:
    """Return the strangers that calls ended with."""
    return Verification.objects.filter(attempt__in=attempts.values("pk"), result__in=STRANGERS)


def take_stranger_back(verification_id: int, actor: Actor, at: datetime) -> None:
    """Say that a stranger on the line was a wrong key: both stay written down, and asking goes on in another turn."""
    stranger = Verification.objects.select_related("attempt").get(pk=verification_id)
    row = Verification.objects.create(
        attempt_id=stranger.attempt_id,
        person_id=stranger.person_id,
        needed=stranger.needed,
        turn=stranger.turn,
        result=Result.WITHDRAWN,
        at=at,
        by_id=actor.id,
    )
    audit.record(
        "verification.withdrawn", subject=row, actor=actor, at=at, person_id=row.person_id, attempt=row.attempt_id,
        was=stranger.result,
    )  # fmt: skip


def outcome_of(ending: Any, *, attempt_id: int) -> str:
    """Return the outcome that an ending keeps in this call; raise VerificationRefused where nobody was confirmed.

    ending: of `contacts.forms.ENDINGS`. A call back that somebody unconfirmed asks for is no talk with the borrower.
    """
    if ending.outcome not in REACHED or is_confirmed(attempt_id):
        return str(ending.outcome)
    if not ContactAttempt.objects.filter(pk=attempt_id, status__in=OPEN).exists():
        return str(ending.outcome)  # closed already, which is said by what closes calls
    if ending.needs == "callback":
        return str(ContactAttempt.Outcome.ANSWERED_DROPPED)
    raise VerificationRefused("first")


def _rows(attempt_id: int) -> list[Verification]:
    return list(Verification.objects.filter(attempt_id=attempt_id).order_by("pk"))


def _standing(rows: list[Verification], terms: Terms, known: Iterable[str]) -> Standing:
    compared = [row for row in rows if row.result == Result.ASKED]
    questions = []
    for key in terms.asked_of(known):
        tried = [row for row in compared if key in row.asked]
        right = any(key in row.right for row in tried) if tried else None
        questions.append(Question(key, len(tried), right))
    turn = _turn(rows)
    ended = next((row.result for row in rows if row.turn == turn and row.result != Result.ASKED), "")
    return Standing(tuple(questions), terms.needed, terms.only_compared, str(ended))


def _turn(rows: list[Verification]) -> int:
    return sum(row.result == Result.WITHDRAWN for row in rows)


def _now(attempt: ContactAttempt, at: datetime) -> tuple[Terms, Standing]:
    terms = terms_of(creditor_id=attempt.creditor_id, at=at)
    known = identity.known_of(attempt.contacted, creditor_id=attempt.creditor_id)
    now = _standing(_rows(attempt.pk), terms, known)
    if now.result:
        raise VerificationRefused("settled")
    return terms, now


def _record(
    attempt: ContactAttempt,
    result: str,
    *,
    asked: list[str],
    right: list[str],
    compared: list[str],
    terms: Terms,
    actor: Actor,
    at: datetime,
) -> Verification:
    row = Verification.objects.create(
        attempt=attempt,
        person_id=attempt.contacted_id,
        asked=asked,
        right=right,
        compared=compared,
        needed=terms.needed,
        turn=_turn(_rows(attempt.pk)),
        result=result,
        at=at,
        by_id=actor.id if actor.kind == "user" else None,
    )
    details = {"attempt": attempt.pk, "asked": asked, "right": right}
    audit.record(f"verification.{result}", subject=row, actor=actor, at=at, person_id=attempt.contacted_id, **details)
    return row


def _locked(attempt_id: int, *, actor: Actor) -> ContactAttempt:
    ours = ContactAttempt.objects.filter(pk=attempt_id, origin=ContactAttempt.Origin.OURS)
    known = ours.values_list("person_id", "contacted_id", "address_id").first()
    if known is None:
        raise VerificationRefused("not-open")
    locks.lock(person_ids=known[:2], address_ids=[known[2]])  # as `calls` takes them: persons, address, then the call
    attempt = ours.select_for_update(of=("self",), no_key=True).select_related("contacted").first()
    if attempt is None or attempt.status not in OPEN:
        raise VerificationRefused("not-open")
    if actor.kind == "user" and attempt.made_by_id not in (None, actor.id):
        raise VerificationRefused("not-yours")
    return attempt
