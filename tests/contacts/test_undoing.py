"""Taking back what was just saved: all is as it was, nothing of ours leaves meanwhile, and the history keeps both."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import Error, connection, transaction
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases import holds, instructions, lifecycle, promises, queries, undoing, worklist
from cases.models import Case, Hold, Instruction, Note, Promise, Undo
from cases.undoing import UndoRefused
from collections_app.shared.actor import SYSTEM, Actor
from compliance.models import AuditEvent
from contacts import calls, dispatch, preparing, timeline, verifying
from contacts.calls import CallbackTerms, NextStep, PromiseTerms
from contacts.endings import ENDINGS
from contacts.models import ContactAttempt, Verification
from tests.contacts.conftest import TEN
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.contacts import AttemptFactory, PlannedContactFactory
from tests.factories.staff import UserFactory, set_clock
from tests.factories.verifying import known

pytestmark = pytest.mark.django_db
FRIDAY = date(2026, 3, 6)
# What only grows, says who held a case for how long, or is a fact that no undoing changes.
HISTORY = {
    "compliance_auditevent", "compliance_auditlink", "compliance_decision", "cases_undo", "cases_note",
    "contacts_contactattempt", "cases_instructionwithdrawal", "django_session",
}  # fmt: skip
NOT_COMPARED = {"cases_case": {"version", "lease_by_id", "lease_until", "lease_is_ahead"}}
# What an act adds and undoing ends stays as history, ended.
ENDED = {
    "cases_promise": ("status", "cancelled"),
    "cases_callback": ("ended_as", "dropped"),
    "cases_promisepart": None,
    "cases_instruction": None,
    "cases_hold": ("released_reason", "undone"),
}


def everything() -> dict[str, dict[Any, dict[str, Any]]]:
    """Return every row of every table, but for the history."""
    with connection.cursor() as cursor:
        names = [name for name in connection.introspection.table_names(cursor) if name not in HISTORY]
        found: dict[str, dict[Any, dict[str, Any]]] = {}
        for name in sorted(names):
            cursor.execute(f'SELECT to_jsonb(row) FROM "{name}" AS row')
            rows = [value if isinstance(value, dict) else __import__("json").loads(value) for (value,) in cursor]
            left_out = NOT_COMPARED.get(name, set())
            kept = [{key: value for key, value in row.items() if key not in left_out} for row in rows]
            found[name] = {row.get("id", str(row)): row for row in kept}
    return found


def differs(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return where two states of the database differ; what was added and ended is no difference."""
    told = []
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name, {}), after.get(name, {})
        told += [f"{name} {pk} changed: {was[pk]} {now.get(pk)}" for pk in was if now.get(pk) != was[pk]]
        for pk in now.keys() - was.keys():
            if name not in ENDED:
                told.append(f"{name} {pk} added")
            elif ENDED[name] is not None and now[pk][ENDED[name][0]] != ENDED[name][1]:
                told.append(f"{name} {pk} still stands")
    return told


@pytest.fixture
def actor(collector: Any) -> Actor:
    return Actor.of(collector)


def in_call(case: Case, collector: Any) -> ContactAttempt:
    return AttemptFactory(case=case, made_by=collector, at=TEN)


def act(case: Case, kind: str, do: Callable[[], Any], *, actor: Actor, at: datetime = TEN) -> Undo:
    """Do something that may be undone, as the pages do it."""
    before = undoing.look(case.pk)
    do()
    kept = undoing.keep(case_id=case.pk, kind=kind, before=before, actor=actor, at=at)
    assert kept is not None
    return kept


def take_back(kept: Undo, user: Any, *, after: float = 1) -> Undo:
    at = kept.made_at + timedelta(seconds=after)
    return undoing.undo(undo_id=kept.pk, user=user, actor=Actor.of(user), at=at)


def outcome(case: Case, collector: Any, actor: Actor, value: str, attempt: ContactAttempt) -> Callable[[], Any]:
    """Return what records this ending of the call."""
    ending = next(each for each in ENDINGS if each.value == value)
    more: dict[str, Any] = {"next_step": NextStep(ending.action, TEN + timedelta(days=1))}
    if value == "promise":
        more = {"promise": PromiseTerms(amount=Decimal("100.00"), due_on=FRIDAY, replace=True)}
    if value == "callback":
        starts = TEN + timedelta(days=1)
        more = {
            "callback": CallbackTerms(
                starts, starts + timedelta(hours=1), collector.pk, "team", starts + timedelta(hours=2)
            )
        }
    return lambda: calls.log_call(
        attempt_id=attempt.pk, outcome=ending.outcome, note="said so", actor=actor, at=TEN, **more
    )


@pytest.mark.parametrize("value", [ending.value for ending in ENDINGS])
def test_an_outcome_that_is_undone_leaves_everything_as_it_was(collector, actor, value):
    case = CaseFactory(at=TEN, working=True, creditor=CreditorFactory(team=collector.team))
    if value == "promise":
        promises.make(
            case_id=case.pk, amount=Decimal(50), currency="CNY", due_on=date(2026, 3, 9), actor=actor, at=TEN
        )  # fmt: skip
    attempt = in_call(case, collector)
    before = everything()
    kept = act(case, "outcome", outcome(case, collector, actor, value, attempt), actor=actor)
    assert differs(before, everything()) != []  # it had done something
    assert worklist.held_by(collector).count() == 0
    take_back(kept, collector)
    assert differs(before, everything()) == []
    assert worklist.held_by(collector).get() == case  # its call goes on: nobody else is given the case meanwhile
    attempt.refresh_from_db()
    assert (attempt.status, attempt.outcome, attempt.ended_at) == ("in_progress", "", None)


def test_without_undoing_the_comparison_sees_what_an_outcome_did(collector, actor):
    case = CaseFactory(at=TEN, working=True)
    attempt = in_call(case, collector)
    before = everything()
    act(case, "outcome", outcome(case, collector, actor, "promise", attempt), actor=actor)
    tables = {line.split()[0] for line in differs(before, everything())}
    assert tables == {"cases_case", "cases_contactpoint", "cases_promise"}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["promise", "next_action", "skip", "hold", "asked"]), min_size=1, max_size=4))
def test_whatever_is_done_and_undone_one_after_the_other_leaves_nothing(collector, actor, done):
    case = CaseFactory(at=TEN, working=True, creditor=CreditorFactory(team=collector.team))
    acts: dict[str, Callable[[], Any]] = {
        "promise": lambda: promises.make(
            case_id=case.pk, amount=Decimal(80), currency="CNY", due_on=FRIDAY, replace=True, actor=actor, at=TEN
        ),
        "next_action": lambda: lifecycle.set_next_action(
            case_id=case.pk, action="review", due_at=TEN + timedelta(days=2), note="x", actor=actor, at=TEN
        ),
        "skip": lambda: worklist.skip(case_id=case.pk, user=collector, reason="language", actor=actor, at=TEN),
        "hold": lambda: holds.place(case=case, kind=Hold.Kind.DISPUTE, actor=actor, at=TEN),
        "asked": lambda: instructions.give(
            person_id=case.person_id, kind=Instruction.Kind.CEASE, actor=actor, at=TEN
        ),
    }  # fmt: skip
    before = everything()
    for kind in done:
        take_back(act(case, kind, acts[kind], actor=actor), collector)
        assert differs(before, everything()) == []


def test_a_promise_that_was_replaced_stands_again_and_can_be_replaced_again(collector, actor):
    case = CaseFactory(at=TEN, working=True)
    first = promises.make(
        case_id=case.pk, amount=Decimal(50), currency="CNY", due_on=FRIDAY, actor=actor, at=TEN
    )  # fmt: skip

    def again(day: int) -> Callable[[], Any]:
        return lambda: promises.make(
            case_id=case.pk, amount=Decimal(50), currency="CNY", due_on=date(2026, 3, day), replace=True, actor=actor,
            at=TEN,
        )  # fmt: skip

    take_back(act(case, "promise", again(9), actor=actor), collector)
    first.refresh_from_db()
    assert (first.status, first.settled_at) == ("open", None)
    again(10)()
    standing = Promise.objects.get(case=case, status="open")
    assert (standing.replaces, standing.moved_times) == (first, 1)


def test_only_its_author_undoes_once_in_time_and_while_nothing_has_changed(collector, actor):
    case = CaseFactory(at=TEN, working=True)

    def review() -> Undo:
        return act(
            case, "next_action",
            lambda: lifecycle.set_next_action(case_id=case.pk, action="review", due_at=TEN, actor=actor, at=TEN),
            actor=actor,
        )  # fmt: skip

    def refusal(kept: Undo, user: Any, after: float) -> str:
        with pytest.raises(UndoRefused) as refused:
            take_back(kept, user, after=after)
        return refused.value.code

    kept = review()
    assert refusal(kept, UserFactory(team=collector.team), 1) == "not-yours"
    assert refusal(kept, collector, 5) == "over"
    lifecycle.set_next_action(case_id=case.pk, action="call", due_at=TEN, actor=SYSTEM, at=TEN)
    assert refusal(kept, collector, 1) == "changed"
    kept = review()
    other = UserFactory(team=collector.team)
    worklist.renew(case, other)
    assert refusal(kept, collector, 1) == "taken"
    worklist.release(case_id=case.pk, user=other)
    take_back(kept, collector, after=4.9)
    assert refusal(kept, collector, 4.95) == "undone"
    assert AuditEvent.objects.filter(name="case.act_undone", subject_id=case.pk).count() == 1


def test_a_payment_that_counts_towards_the_promise_keeps_it(collector, actor):
    case = CaseFactory(at=TEN, working=True)
    kept = act(
        case, "promise",
        lambda: promises.make(
            case_id=case.pk, amount=Decimal(80), currency="CNY", due_on=FRIDAY, actor=actor, at=TEN
        ),
        actor=actor,
    )  # fmt: skip
    Promise.objects.filter(case=case).update(paid_amount=Decimal(10))
    with pytest.raises(UndoRefused, match="changed"):
        take_back(kept, collector)


def test_nothing_of_ours_leaves_while_it_can_be_undone_and_leaves_afterwards(plan, carrier, now, collector, actor):
    planned = plan()
    case = planned.case
    act(
        case, "next_action",
        lambda: lifecycle.set_next_action(case_id=case.pk, action="review", due_at=TEN, actor=actor, at=TEN),
        actor=actor,
    )  # fmt: skip
    now.at = TEN + timedelta(seconds=4.9)
    assert dispatch.run(channel="sms", now=now) == {}
    assert carrier.messages() == []
    now.at = TEN + timedelta(seconds=5)
    assert dispatch.run(channel="sms", now=now) == {"sent": 1}
    assert len(carrier.messages()) == 1


def test_another_case_is_not_held_back(plan, carrier, now, actor):
    plan()
    other = CaseFactory(at=TEN, working=True)
    act(
        other, "next_action",
        lambda: lifecycle.set_next_action(case_id=other.pk, action="review", due_at=TEN, actor=actor, at=TEN),
        actor=actor,
    )  # fmt: skip
    assert dispatch.run(channel="sms", now=now) == {"sent": 1}


def test_a_stop_acts_at_once_and_its_undoing_is_a_withdrawal(plan, carrier, now, collector, actor):
    planned = plan()
    case = planned.case
    kept = act(
        case, "asked",
        lambda: instructions.give(person_id=case.person_id, kind="cease_request", actor=actor, at=TEN),
        actor=actor,
    )  # fmt: skip
    now.move(seconds=0.1)
    assert "sent" not in dispatch.run(channel="sms", now=now)
    assert carrier.messages() == []
    take_back(kept, collector)
    told = set(AuditEvent.objects.filter(person_id=case.person_id).values_list("name", flat=True))
    assert {"instruction.received", "instruction.confirmed", "instruction.withdrawn", "case.act_undone"} <= told
    assert Instruction.objects.get(person=case.person).withdrawal.reason == "undone"


def test_a_skip_that_was_undone_does_not_count(collector, actor):
    cases = [CaseFactory(at=TEN, working=True, creditor=CreditorFactory(team=collector.team)) for _ in range(2)]
    assert worklist.skips_left(collector, at=TEN) == worklist.SKIPS_A_DAY
    skip = [
        act(
            case, "skip",
            lambda case=case: worklist.skip(
                case_id=case.pk, user=collector, reason="language", actor=actor, at=TEN
            ),
            actor=actor,
        )
        for case in cases
    ]  # fmt: skip
    assert worklist.skips_left(collector, at=TEN + timedelta(seconds=1)) == worklist.SKIPS_A_DAY - 2
    take_back(skip[0], collector)
    assert worklist.skips_left(collector, at=TEN + timedelta(seconds=2)) == worklist.SKIPS_A_DAY - 1


# On the pages

NOON = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)


@pytest.fixture
def desk(client, collector, settings):
    set_clock(settings, NOON)
    client.force_login(collector)
    return client


@pytest.fixture
def called(desk, collector):
    """A case with a call in hand."""
    case = CaseFactory(creditor=CreditorFactory(team=collector.team), at=NOON, working=True)
    desk.post(reverse("contacts:call", args=[case.ref]), {"point": case.point.pk})
    return case


def log(client, case, outcome, **typed):
    case.refresh_from_db()
    attempt = ContactAttempt.objects.get(case=case)
    data = {"version": case.version, "attempt": attempt.pk, "outcome": outcome} | typed
    return client.post(reverse("contacts:log-call", args=[case.ref]), data)


def test_the_bar_offers_to_undo_and_the_call_says_its_outcome_again(desk, called, collector):
    page = desk.get(log(desk, called, "no-answer", note="rang eight times").url)
    body = page.content.decode()
    assert 'id="undo-bar"' in body
    assert 'data-key="u"' in body
    kept = Undo.objects.get(case=called)
    page = desk.post(reverse("contacts:undo", args=[called.ref]), {"undo": kept.pk}, follow=True)
    body = page.content.decode()
    assert "Undone:" in body
    assert 'id="undo-bar"' not in body
    form = page.context["form"]
    assert (form.initial["outcome"], form.initial["note"]) == ("no-answer", "rang eight times")
    assert page.context["attempt"].has_begun
    assert told_notes(called, collector) == [("rang eight times", True)]
    assert body.count("<s>") == 1
    shown = queries.facts_of(called, user=collector, at=NOON)
    assert preparing.brief(called, shown, user=collector, at=NOON).last_words is None
    page = desk.get(log(desk, called, "voicemail", note="rang eight times").url)
    assert ContactAttempt.objects.get().outcome == "voicemail_no_message"
    assert Note.objects.filter(case=called).count() == 1  # what was noted is noted once
    assert told_notes(called, collector) == [("rang eight times", False)]  # said again, it stands again
    assert "<s>" not in page.content.decode()


def told_notes(case, user):
    """Return the notes of the timeline, each with whether it is shown as withdrawn."""
    entries, _more = timeline.page(case, user=user)
    return [(entry.body, entry.is_withdrawn) for entry in entries if entry.source == "note"]


@pytest.mark.parametrize("who", ["wrong_party", "wrong_number"])
def test_a_stranger_named_by_a_wrong_key_is_the_person_again(desk, called, who):
    attempt, point = ContactAttempt.objects.get(case=called), called.point
    known(called.person)
    planned = PlannedContactFactory(case=called, try_again_at=NOON)
    before = everything()
    answer = desk.post(reverse("contacts:stranger", args=[called.ref]), {"attempt": attempt.pk, "do": who})
    point.address.refresh_from_db()
    assert point.address.suppressed_reason == "stranger"  # silent at once
    planned.refresh_from_db()
    kept = Undo.objects.get(case=called)
    assert planned.try_again_at == kept.until  # and nothing of ours leaves meanwhile
    assert 'id="undo-bar"' in desk.get(answer.url, follow=True).content.decode()
    desk.post(reverse("contacts:undo", args=[called.ref]), {"undo": kept.pk})
    point.address.refresh_from_db()
    attempt.refresh_from_db()
    assert (point.address.suppressed_at, attempt.status, attempt.outcome) == (None, "in_progress", "")
    assert [given.withdrawal.reason for given in Instruction.objects.all()] == ["undone"]
    grown = {"contacts_verification", "contacts_planned"}
    assert [line for line in differs(before, everything()) if line.split()[0] not in grown] == []
    told = AuditEvent.objects.filter(name__startswith="verification.").order_by("pk")
    assert list(told.values_list("name", flat=True)) == [f"verification.{who}", "verification.withdrawn"]
    # Asking goes on in the same call, and ends again one way.
    actor = Actor.of(attempt.made_by)
    verifying.confirm(attempt_id=attempt.pk, questions=["birth_date", "document_last4"], actor=actor, at=NOON)
    rows = attempt.verifications.order_by("pk")
    assert list(rows.values_list("result", "turn")) == [(who, 0), ("withdrawn", 0), ("confirmed", 1)]
    with pytest.raises(verifying.VerificationRefused, match="settled"):
        verifying.fail(attempt_id=attempt.pk, actor=actor, at=NOON)
    with pytest.raises(Error), transaction.atomic():
        Verification.objects.create(attempt=attempt, person=called.person, needed=2, turn=1, result="failed", at=NOON)


def test_a_stranger_stays_one_once_the_five_seconds_are_over(desk, called, settings):
    attempt = ContactAttempt.objects.get(case=called)
    desk.post(reverse("contacts:stranger", args=[called.ref]), {"attempt": attempt.pk, "do": "wrong_party"})
    set_clock(settings, NOON + timedelta(seconds=6))
    desk.post(reverse("contacts:undo", args=[called.ref]), {"undo": Undo.objects.get(case=called).pk})
    called.point.address.refresh_from_db()
    attempt.refresh_from_db()
    assert (called.point.address.suppressed_reason, attempt.outcome) == ("stranger", "wrong_number")


def test_nobody_undoes_what_somebody_else_did(desk, called, collector):
    log(desk, called, "no-answer")
    kept = Undo.objects.get(case=called)
    desk.force_login(UserFactory(team=collector.team))
    assert desk.post(reverse("contacts:undo", args=[called.ref]), {"undo": kept.pk}).status_code == 404
    assert ContactAttempt.objects.get().status == "completed"


def test_after_its_time_it_says_why_not(desk, called):
    log(desk, called, "no-answer")
    kept = Undo.objects.get(case=called)
    Undo.objects.update(made_at=kept.made_at - timedelta(seconds=9), until=kept.until - timedelta(seconds=9))
    page = desk.post(reverse("contacts:undo", args=[called.ref]), {"undo": kept.pk}, follow=True)
    assert "The five seconds in which this could be undone are over." in page.content.decode()
    assert ContactAttempt.objects.get().status == "completed"
