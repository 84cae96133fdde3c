"""My day: one's own numbers, each the length of its list; breaks, feedback, abusive calls; nothing of anybody else."""

from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from cases import worklist
from cases.models import Callback, Case, NextAction
from cases.refusal import CaseRefused
from collections_app.dashboards import registry, widgets  # noqa: F401  (registers them)
from collections_app.dashboards.scope import Scope
from collections_app.shared.actor import Actor
from collections_app.staff.models import Break
from compliance.models import AuditEvent
from contacts import breaks, calls
from contacts.forms_day import TargetForm
from contacts.models import AbuseMark, AbuseTalk, DayTarget, Feedback, FeedbackAnswer
from contacts.my_day import abuse, feedback, sets, targets
from contacts.my_day.targets import Terms
from tests.factories.cases import CaseFactory, CreditorFactory, HoldFactory, PromiseFactory
from tests.factories.contacts import AttemptFactory, DecisionFactory
from tests.factories.staff import UserFactory, set_clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def noon(at, settings):
    """It is 11:00 in Shanghai."""
    moment = at.replace(hour=3)
    set_clock(settings, moment)
    return moment


@pytest.fixture
def bank(team):
    return CreditorFactory(team=team)


@pytest.fixture
def colleague(team):
    return UserFactory(team=team, name="Colleague")


@pytest.fixture
def desk(client, collector):
    client.force_login(collector)
    return client


@pytest.fixture
def lead(supervisor):
    client = Client()
    client.force_login(supervisor)
    return client


def case_of(bank, at, **more):
    return CaseFactory(creditor=bank, at=at, working=True, **more)


def call(case, who, at, outcome="no_answer", **more):
    return AttemptFactory(case=case, completed=True, outcome=outcome, made_by=who, at=at, **more)


def open_call(case, who, at):
    return calls.open_call(case_id=case.pk, contact_point_id=case.point.pk, actor=Actor.of(who), at=at)


# -- numbers -----------------------------------------------------------------------------------------------------------


def test_a_call_counts_for_whoever_made_it_today(bank, collector, colleague, noon):
    case = case_of(bank, noon)
    mine = call(case, collector, noon - timedelta(hours=1))
    call(case, colleague, noon - timedelta(hours=1))
    call(case, collector, noon - timedelta(hours=12))  # 23:00 of yesterday in Shanghai
    AttemptFactory(case=case, made_by=collector, at=noon)  # not over
    assert list(sets.calls(collector, at=noon)) == [mine]
    assert list(sets.talks(collector, at=noon)) == []


def test_a_talk_is_one_with_whoever_owes(bank, collector, noon):
    case = case_of(bank, noon)
    spoke = call(case, collector, noon, outcome="conversation")
    call(case, collector, noon, outcome="conversation", party="relative")
    call(case, collector, noon, outcome="answered_dropped")
    assert list(sets.talks(collector, at=noon)) == [spoke]


def test_a_promise_counts_while_it_is_not_taken_back(bank, collector, colleague, noon):
    stands = PromiseFactory(case=case_of(bank, noon), made_with=collector, made_at=noon)
    PromiseFactory(case=case_of(bank, noon), made_with=collector, made_at=noon, to="cancelled")
    PromiseFactory(case=case_of(bank, noon), made_with=colleague, made_at=noon)
    assert list(sets.promises(collector, at=noon)) == [stands]


def test_promises_due_are_of_today_and_tomorrow_and_of_ones_own_cases(bank, collector, colleague, noon):
    def due(days, who, **more):
        day = (noon + timedelta(days=days)).date()
        case = case_of(bank, noon, **more)
        return PromiseFactory(case=case, made_with=who, made_at=noon - timedelta(days=3), due_on=day, next_due_on=day)

    today, tomorrow = due(0, collector), due(1, collector)
    owned = due(1, colleague, owner=collector)
    due(2, collector)
    due(0, colleague)
    assert list(sets.due_soon(collector, at=noon)) == [today, tomorrow, owned]


def fallen(bank, who, noon, state, ago=1):
    day = (noon - timedelta(days=ago)).date()
    made = noon - timedelta(days=ago + 3)
    paid = "200.00" if state == "kept" else "0"
    case = case_of(bank, noon)
    PromiseFactory(case=case, made_with=who, made_at=made, to=state, due_on=day, amount="200.00", paid_amount=paid)


def test_few_promises_give_an_interval_and_no_share(bank, collector, colleague, noon):
    for state in ("kept", "kept", "kept", "broken"):
        fallen(bank, collector, noon, state)
    fallen(bank, collector, noon, "broken", ago=30)  # too long ago
    fallen(bank, colleague, noon, "broken")
    found = sets.kept(collector, at=noon)
    assert (found.kept, found.judged, found.percent) == (3, 4, None)
    assert (found.words, found.share) == ("3 of 4", "likely 30–95 %")
    assert found.money == (("CNY", Decimal("600.00"), Decimal("800.00")),)


def test_twenty_promises_give_a_share():
    enough, few, none = sets.Kept(15, 20, 0, ()), sets.Kept(15, 19, 0, ()), sets.Kept(0, 0, 2, ())
    assert (enough.words, enough.share) == ("15 of 20", "75 %")
    assert (few.words, few.percent) == ("15 of 19", None)
    assert (none.words, none.share) == ("–", "")


@pytest.mark.parametrize(("part", "whole", "expected"), [(0, 4, (0, 49)), (4, 4, (51, 100)), (8, 10, (49, 94))])
def test_the_interval_is_wilsons(part, whole, expected):
    assert sets.likely(part, whole) == expected


def test_what_a_rule_stopped_is_counted_by_rule_for_whoever_asked(bank, collector, colleague, noon):
    case = case_of(bank, noon)
    for who, ago in ((collector, 0), (collector, 5), (collector, 31), (colleague, 0)):
        at = noon - timedelta(days=ago)
        decision = DecisionFactory(refused=True, at=at, person_id=case.person_id, failing=["CN-TIME-CBA"])
        AttemptFactory(
            case=case, withheld=True, channel="phone", automated=False, made_by=who, at=at, decision=decision
        )
    assert sets.refused(collector, at=noon).count() == 1
    month = sets.refused(collector, at=noon, days=30)
    assert month.count() == 2
    assert [number for _title, number in sets.by_rule(month)] == [2]


def test_a_complaint_counts_where_a_contact_of_ones_own_came_before(bank, collector, noon):
    after, before, never = (case_of(bank, noon) for _ in range(3))
    call(after, collector, noon - timedelta(days=3))
    hold = HoldFactory(person=after.person, kind="complaint", starts_at=noon - timedelta(days=1))
    HoldFactory(person=before.person, kind="complaint", starts_at=noon - timedelta(days=3))
    call(before, collector, noon - timedelta(days=1))
    HoldFactory(person=never.person, kind="complaint", starts_at=noon - timedelta(days=1))
    HoldFactory(person=after.person, kind="dispute", starts_at=noon - timedelta(days=1))
    assert [row.pk for row in sets.complaints(collector, at=noon)] == [hold.pk]


def test_every_number_of_the_page_is_the_length_of_the_list_it_opens(desk, bank, collector, noon):
    case = case_of(bank, noon)
    call(case, collector, noon, outcome="conversation")
    call(case, collector, noon)
    PromiseFactory(case=case, made_with=collector, made_at=noon)
    page = desk.get(reverse("contacts:my-day"))
    counted = {one["kpi"].key: one for one in page.context["figures"]}
    assert [counted[key]["value"] for key in ("calls", "talks", "promises")] == [2, 1, 1]
    for key in ("calls", "talks", "promises"):
        opened = desk.get(counted[key]["url"])
        assert opened.context["count"] == len(opened.context["rows"]) == counted[key]["value"]
        assert str(case.person) in opened.content.decode()
    for name in sets.OPENED:
        assert desk.get(reverse("contacts:my-day-rows", args=[name])).status_code == 200
    assert desk.get(reverse("contacts:my-day-rows", args=["everything"])).status_code == 404


def test_agreed_calls_stand_in_the_persons_time_and_late_ones_are_marked(desk, bank, collector, colleague, noon):
    def agree(who, starts, **more):
        case = case_of(bank, noon, person__time_zone="America/New_York", **more)
        Case.objects.filter(pk=case.pk).update(next_action=NextAction.CALLBACK, next_action_at=starts)
        Callback.objects.create(
            case=case, starts_at=starts, ends_at=starts + timedelta(hours=1), owner=who, agreed_by=who,
            agreed_at=noon - timedelta(days=1), fallback_to="team", fallback_at=starts + timedelta(hours=2),
        )  # fmt: skip
        return case

    late = agree(collector, noon - timedelta(hours=3), person__name="Late One")
    agree(collector, noon + timedelta(hours=2), person__name="Soon One")
    agree(colleague, noon, person__name="Not Mine")
    body = desk.get(reverse("contacts:my-day")).content.decode()
    assert next(iter(sets.agreed_calls(collector, at=noon))).case_id == late.pk
    assert [name in body for name in ("Late One", "Soon One", "Not Mine")] == [True, True, False]
    assert "19:00" in body  # 00:00 UTC in New York
    assert body.count('class="pill pill-stop"') == 1


def test_the_page_costs_the_same_however_much_there_is(
    desk, bank, collector, supervisor, noon, django_assert_num_queries
):
    def fill(times):
        for _ in range(times):
            case = case_of(bank, noon)
            attempt = call(case, collector, noon)
            PromiseFactory(case=case, made_with=collector, made_at=noon)
            Feedback.objects.create(
                to=collector, by=supervisor, case=case, attempt=attempt, kind="praise", text="Calm.", at=noon
            )

    fill(1)
    desk.get(reverse("contacts:my-day"))
    with django_assert_num_queries(QUERIES):
        desk.get(reverse("contacts:my-day"))
    fill(6)
    with django_assert_num_queries(QUERIES):
        desk.get(reverse("contacts:my-day"))


QUERIES = 22

# -- targets -----------------------------------------------------------------------------------------------------------


def test_money_is_never_asked_for_alone(team, supervisor, lead, noon):
    form = TargetForm({"money": "1000", "currency": "CNY"})
    assert not form.is_valid()
    assert form.errors["money"] == ["Money is asked for only together with the share of promises that are kept."]
    assert TargetForm({"money": "1000", "currency": "CNY", "kept_percent": "60"}).is_valid()
    with pytest.raises(targets.TargetRefused):
        targets.put_in_force(
            team=team, terms=Terms(calls=40, money=Decimal(9), currency="CNY"), by=supervisor,
            actor=Actor.of(supervisor), at=noon,
        )  # fmt: skip
    with pytest.raises(IntegrityError), transaction.atomic():
        DayTarget.objects.create(team=team, money=9, currency="CNY", set_by=supervisor, set_at=noon)
    assert lead.post(reverse("contacts:team-day"), {"money": "1000", "currency": "CNY"}).status_code == 200
    assert DayTarget.objects.count() == 0


def test_a_target_shows_beside_what_was_done(desk, lead, bank, collector, noon):
    call(case_of(bank, noon), collector, noon)
    assert (
        lead.post(reverse("contacts:team-day"), {"calls": "1", "talks": "5", "kept_percent": "60"}).status_code == 302
    )
    figures = {one["kpi"].key: one for one in desk.get(reverse("contacts:my-day")).context["figures"]}
    assert (figures["calls"]["note"], figures["calls"]["tone"]) == ("of 1", "ok")
    assert (figures["talks"]["note"], figures["talks"]["tone"]) == ("of 5", "")
    assert figures["kept"]["note"] == "asked: 60 %"
    assert "money" not in figures
    assert figures["promises"]["note"] == ""


def test_a_team_is_not_asked_for_what_another_is(supervisor, outsider, noon):
    actor = Actor.of(supervisor)
    targets.put_in_force(team=supervisor.team, terms=Terms(calls=40), by=supervisor, actor=actor, at=noon)
    assert targets.of_team(supervisor.team_id).calls == 40
    assert targets.of_team(outsider.team_id) is None
    targets.put_in_force(team=supervisor.team, terms=Terms(), by=supervisor, actor=actor, at=noon)
    assert targets.of_team(supervisor.team_id).calls is None


# -- feedback ----------------------------------------------------------------------------------------------------------


def give(lead, case, attempt, text="You listened well."):
    url = f"{reverse('contacts:give-feedback', args=[case.ref])}?call={attempt.ref}"
    return lead.post(url, {"to": attempt.made_by_id, "kind": "praise", "text": text})


def test_feedback_is_read_by_whom_it_is_for_and_by_nobody_else(desk, lead, bank, collector, colleague, noon):
    case = case_of(bank, noon)
    attempt = call(case, collector, noon)
    assert give(lead, case, attempt).status_code == 302
    other = Client()
    other.force_login(colleague)
    url = reverse("contacts:my-day")
    assert "You listened well." in desk.get(url).content.decode()
    assert "You listened well." not in other.get(url).content.decode()
    said = Feedback.objects.get()
    assert other.post(reverse("contacts:answer-feedback", args=[said.pk])).status_code == 404
    assert "You listened well." not in str(list(AuditEvent.objects.values_list("details", flat=True)))


def test_feedback_is_answered_once_and_never_changed(desk, lead, bank, collector, noon):
    case = case_of(bank, noon)
    give(lead, case, call(case, collector, noon))
    said = Feedback.objects.get()
    answer_url = reverse("contacts:answer-feedback", args=[said.pk])
    desk.post(answer_url, {"text": "Thank you"})
    desk.post(answer_url, {"text": "Something else"})
    assert [row.text for row in FeedbackAnswer.objects.all()] == ["Thank you"]
    assert "Thank you" in lead.get(reverse("contacts:team-day")).content.decode()
    for change in (lambda: Feedback.objects.update(text="x"), lambda: FeedbackAnswer.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_feedback_goes_to_whoever_made_the_contact(lead, bank, collector, colleague, supervisor, noon):
    case = case_of(bank, noon)
    attempt = call(case, collector, noon)
    asked = {"case": case, "kind": "improve", "text": "x", "by": supervisor, "actor": Actor.of(supervisor), "at": noon}
    with pytest.raises(feedback.FeedbackRefused) as refused:
        feedback.give(to=colleague, attempt=attempt, **asked)
    assert refused.value.code == "nobody"
    with pytest.raises(feedback.FeedbackRefused):
        feedback.give(to=UserFactory(), **asked)
    with pytest.raises(feedback.FeedbackRefused):
        feedback.give(to=collector, **{**asked, "text": "  "})
    feedback.give(to=colleague, **asked)  # about the case
    assert Feedback.objects.get().to == colleague


# -- breaks ------------------------------------------------------------------------------------------------------------


def test_a_break_puts_back_what_is_in_hand_and_kept_ahead(desk, bank, collector, noon):
    for _ in range(3):
        CaseFactory(creditor=bank, at=noon)
    actor = Actor.of(collector)
    kept = worklist.next_case(user=collector, actor=actor, at=noon)
    worklist.keep_ahead(user=collector, actor=actor, at=noon)
    assert worklist.held_by(collector).count() == 2
    desk.post(reverse("contacts:take-break"))
    assert worklist.held_by(collector).count() == 0
    assert worklist.next_case(user=collector, actor=actor, at=noon) is None
    assert worklist.keep_ahead(user=collector, actor=actor, at=noon) is None
    answer = desk.post(reverse("cases:take-next"), follow=True)
    assert "You are on a break." in answer.content.decode()
    page = desk.get(reverse("cases:case", args=[kept.ref])).content.decode()
    assert reverse("contacts:end-break") in page
    assert reverse("cases:take", args=[kept.ref]) not in page
    assert reverse("contacts:call", args=[kept.ref]) not in page
    desk.post(reverse("contacts:end-break"))
    assert worklist.next_case(user=collector, actor=actor, at=noon) is not None


def test_no_call_is_opened_during_a_break_and_one_is_after_it(bank, collector, colleague, noon):
    case = case_of(bank, noon)
    breaks.start(user=collector, actor=Actor.of(collector), at=noon)
    with pytest.raises(calls.CallRefused) as refused:
        open_call(case, collector, noon)
    assert (refused.value.code, str(refused.value)) == (
        "on-break", "You are on a break. End it on “My day”, then call.",
    )  # fmt: skip
    for take in (worklist.take, partial(worklist.take_over, reason="agreed")):
        with pytest.raises(CaseRefused) as asked:
            take(case_id=case.pk, user=collector, actor=Actor.of(collector), at=noon)
        assert asked.value.code == "on-break"
    breaks.end(user=collector, actor=Actor.of(collector), at=noon + timedelta(minutes=5))
    assert worklist.take(case_id=case.pk, user=collector, actor=Actor.of(collector), at=noon) == case
    assert open_call(case, collector, noon + timedelta(minutes=6)).status == "cleared"


def test_a_call_is_recorded_before_a_break(bank, collector, noon):
    case = case_of(bank, noon)
    attempt = open_call(case, collector, noon)
    with pytest.raises(breaks.BreakRefused) as refused:
        breaks.start(user=collector, actor=Actor.of(collector), at=noon)
    assert refused.value.code == "call-open"
    calls.log_call(attempt_id=attempt.pk, outcome="no_answer", actor=Actor.of(collector), at=noon)
    breaks.start(user=collector, actor=Actor.of(collector), at=noon)


def test_breaks_of_today_are_summed_from_midnight_on(collector, noon):
    actor = Actor.of(collector)
    midnight = noon - timedelta(hours=11)
    for starts, minutes in ((midnight - timedelta(minutes=10), 30), (noon - timedelta(hours=2), 15)):
        breaks.start(user=collector, actor=actor, at=starts)
        breaks.end(user=collector, actor=actor, at=starts + timedelta(minutes=minutes))
    found = breaks.today(collector, at=noon)
    assert (found.now, found.rested, found.after_abuse) == (None, timedelta(minutes=35), timedelta(0))
    breaks.start(user=collector, actor=actor, at=noon)
    with pytest.raises(breaks.BreakRefused) as refused:
        breaks.start(user=collector, actor=actor, at=noon)
    assert refused.value.code == "on-break"
    assert breaks.today(collector, at=noon + timedelta(minutes=5)).rested == timedelta(minutes=40)


def test_the_supervisor_sees_who_is_on_a_break(lead, collector, colleague, supervisor, noon):
    breaks.start(user=collector, actor=Actor.of(collector), at=noon)
    rows = registry.WIDGETS["collectors"].read(Scope(supervisor, noon)).rows
    assert {row[0].text: row[4].text for row in rows} == {str(collector): "on a break", "Colleague": ""}
    people = lead.get(reverse("contacts:team-day")).context["people"]
    assert [one["user"] for one in people if one["break"]] == [collector]


# -- abusive calls -----------------------------------------------------------------------------------------------------


def mark(client, attempt, **more):
    return client.post(reverse("contacts:mark-abusive", args=[attempt.case.ref]), {"attempt": attempt.pk}, **more)


def needs(supervisor, noon):
    box = registry.WIDGETS["needs"].read(Scope(supervisor, noon))
    return {str(figure.label): figure.count for figure in box.figures}["Abusive calls"]


def test_an_abusive_call_is_kept_told_and_held_against_nobody(desk, lead, bank, collector, supervisor, noon):
    case = case_of(bank, noon)
    attempt = call(case, collector, noon)
    before = Case.objects.values().get(pk=case.pk)
    assert needs(supervisor, noon) == 0
    body = mark(desk, attempt, follow=True).content.decode()
    assert f"{supervisor} is told, and is there to talk." in body
    assert "Pause for ten minutes" in body
    mark(desk, attempt)
    assert AbuseMark.objects.get().attempt == attempt
    assert Case.objects.values().get(pk=case.pk) == before
    assert case.person.holds.count() == 0
    assert needs(supervisor, noon) == 1
    assert str(case.person) in lead.get(reverse("contacts:team-day")).content.decode()
    lead.post(reverse("contacts:abuse-talked", args=[AbuseMark.objects.get().pk]))
    assert AbuseTalk.objects.get().by == supervisor
    assert needs(supervisor, noon) == 0
    with pytest.raises(DatabaseError), transaction.atomic():
        AbuseMark.objects.all().delete()


def test_a_mark_during_a_call_keeps_what_was_typed(desk, bank, collector, noon):
    case = case_of(bank, noon)
    attempt = open_call(case, collector, noon)
    page = desk.get(reverse("cases:case", args=[case.ref])).content.decode()
    assert reverse("contacts:mark-abusive", args=[case.ref]) in page
    assert 'data-key="!"' in page
    answer = desk.post(
        reverse("contacts:mark-abusive", args=[case.ref]), {"attempt": attempt.pk, "note": "He shouted at me."}
    )
    assert answer.url == reverse("cases:case", args=[case.ref])
    assert "He shouted at me." in desk.get(answer.url).content.decode()
    attempt.refresh_from_db()
    assert attempt.status == "cleared"


def test_a_mark_during_a_call_is_seen_in_it_and_in_no_other(desk, bank, collector, noon):
    first, second = case_of(bank, noon), case_of(bank, noon)
    attempt = open_call(first, collector, noon)
    desk.post(reverse("contacts:mark-abusive", args=[first.ref]), {"attempt": attempt.pk})
    assert desk.get(reverse("cases:case", args=[first.ref])).context["is_marked"] is True
    calls.cancel(attempt_id=attempt.pk, actor=Actor.of(collector), at=noon)
    open_call(second, collector, noon)
    assert desk.get(reverse("cases:case", args=[second.ref])).context["is_marked"] is False


def test_a_call_in_which_nobody_spoke_is_not_offered_for_a_mark(desk, bank, collector, noon):
    talk = call(case_of(bank, noon), collector, noon, outcome="conversation")
    ringing = call(case_of(bank, noon), collector, noon, outcome="no_answer")
    page = desk.get(reverse("contacts:my-day")).content.decode()
    assert reverse("contacts:mark-abusive", args=[talk.case.ref]) in page
    assert reverse("contacts:mark-abusive", args=[ringing.case.ref]) not in page


def test_only_ones_own_call_of_the_last_day_is_marked(desk, bank, collector, colleague, noon):
    case = case_of(bank, noon)
    assert mark(desk, call(case, colleague, noon)).status_code == 404
    mark(desk, call(case, collector, noon - timedelta(days=2)))
    withheld = AttemptFactory(case=case, withheld=True, channel="phone", made_by=collector, at=noon)
    mark(desk, withheld)
    assert AbuseMark.objects.count() == 0


def test_the_pause_after_abuse_is_offered_once_and_only_then(desk, bank, collector, noon):
    pause = {"kind": "after_abuse"}
    desk.post(reverse("contacts:take-break"), pause)
    assert Break.objects.count() == 0
    mark(desk, call(case_of(bank, noon), collector, noon))
    desk.post(reverse("contacts:take-break"), pause)
    (row,) = Break.objects.all()
    assert (row.kind, row.until - row.started_at) == ("after_abuse", timedelta(minutes=10))
    desk.post(reverse("contacts:end-break"))
    found = breaks.today(collector, at=noon + timedelta(minutes=20))
    assert found.rested == timedelta(0)
    assert not breaks.pause_is_offered(collector, at=noon + timedelta(minutes=20))


def test_nobody_talks_with_himself(supervisor, lead, bank, noon):
    mark(lead, call(case_of(bank, noon), supervisor, noon))
    assert needs(supervisor, noon) == 0
    with pytest.raises(abuse.AbuseRefused):
        abuse.talked(
            mark_id=AbuseMark.objects.get().pk, by=supervisor, actor=Actor.of(supervisor), at=noon
        )  # fmt: skip
