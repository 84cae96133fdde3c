"""What people record without a call: notes, holds, wishes, the next action, promises; and looking at masked data."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from cases.models import Hold, Instruction, InstructionWithdrawal, Note, Promise
from collections_app.shared import sealed
from compliance.models import AuditEvent
from tests.factories.cases import CaseFactory, CreditorFactory, HoldFactory, InstructionFactory, PersonFactory
from tests.factories.staff import UserFactory, set_clock


@pytest.fixture
def noon(at, settings, db):
    moment = at.replace(hour=3)
    set_clock(settings, moment)
    return moment


@pytest.fixture
def case(team, noon):
    return CaseFactory(creditor=CreditorFactory(team=team), at=noon, working=True)


@pytest.fixture
def desk(client, collector):
    client.force_login(collector)
    return client


def act(client, name, case, *more, **typed):
    return client.post(reverse(f"cases:{name}", args=[case.ref, *more]), typed)


def page_of(case):
    return reverse("cases:case", args=[case.ref])


ACTS = ["note", "hold", "stop", "next-action", "promise", "skip", "reveal"]


@pytest.mark.parametrize("name", [*ACTS, "take", "release"])
def test_a_case_of_another_team_does_not_exist(client, outsider, case, name):
    client.force_login(outsider)
    assert act(client, name, case).status_code == 404


@pytest.mark.parametrize("name", ["note", "hold", "stop", "next-action", "promise", "skip"])
def test_every_form_stands_on_its_own_page_without_scripts(desk, case, name):
    page = desk.get(reverse(f"cases:{name}", args=[case.ref]))
    assert page.status_code == 200
    assert "<script nonce" in page.content.decode()
    assert 'method="post"' in page.content.decode()


def test_a_note_is_kept_with_its_writer(desk, collector, case):
    assert act(desk, "note", case, text="  Will send the papers. ").url == page_of(case)
    note = Note.objects.get()
    assert (note.text, note.written_by) == ("Will send the papers.", collector)


def test_a_correction_names_a_note_of_the_same_case(desk, case):
    act(desk, "note", case, text="Paid in full.")
    first = Note.objects.get()
    act(desk, "note", case, text="Paid in part.", corrects=first.pk)
    assert Note.objects.get(corrects=first).text == "Paid in part."
    other = CaseFactory(creditor=case.creditor)
    assert act(desk, "note", other, text="x", corrects=first.pk).status_code == 404


def test_an_empty_note_is_refused_at_its_field(desk, case):
    page = act(desk, "note", case, text="   ")
    assert page.context["form"].errors["text"]
    assert not Note.objects.exists()


def test_a_hold_is_in_force_when_the_page_comes_back(desk, case):
    act(desk, "hold", case, kind="vulnerable")
    hold = Hold.objects.get()
    assert (hold.kind, hold.review_on) == ("vulnerable", case.opened_on + timedelta(days=14))
    assert hold.confirmed_at is not None


def test_a_second_hold_of_the_same_kind_is_refused_and_keeps_what_was_typed(desk, case):
    act(desk, "hold", case, kind="dispute")
    page = act(desk, "hold", case, kind="dispute", reason="wrong amount")
    assert page.context["form"].non_field_errors() == ["There is already a hold of this kind."]
    assert 'value="wrong amount"' in page.content.decode()


def test_only_who_may_release_holds_releases_one_and_says_why(client, collector, supervisor, case):
    hold = HoldFactory(case=case)
    client.force_login(collector)
    assert act(client, "release-hold", case, hold.pk, reason="cleared").status_code == 403
    client.force_login(supervisor)
    assert act(client, "release-hold", case, hold.pk, reason="").context["form"].errors["reason"]
    act(client, "release-hold", case, hold.pk, reason="statement sent")
    hold.refresh_from_db()
    assert (hold.released_by, hold.released_reason) == (supervisor, "statement sent")
    assert act(client, "release-hold", case, hold.pk, reason="again").status_code == 404


def test_a_stop_needs_one_field_and_binds_every_creditor(desk, case):
    act(desk, "stop", case, kind="cease_request")
    given = Instruction.objects.get()
    assert (given.kind, given.creditor, given.channel, given.form) == ("cease_request", None, "", "oral")
    assert given.confirmed_at is not None


def test_a_stop_of_one_medium_names_it(desk, case):
    act(desk, "stop", case, kind="opt_out:sms", words="别再发短信了")
    given = Instruction.objects.get()
    assert (given.kind, given.channel, given.words) == ("opt_out", "sms", "别再发短信了")


def test_inconvenient_times_need_both_ends(desk, case):
    page = act(desk, "stop", case, kind="inconvenient_window", window_from="12:00")
    assert list(page.context["form"].errors) == ["window_until"]
    act(desk, "stop", case, kind="inconvenient_window", window_from="12:00", window_until="13:30")
    assert Instruction.objects.get().details == {"start": "12:00", "end": "13:30"}


def test_what_was_asked_is_taken_back_by_a_row_of_its_own(desk, case):
    given = InstructionFactory(person=case.person)
    act(desk, "withdraw", case, given.pk, reason="keyed by mistake")
    assert InstructionWithdrawal.objects.get().reason == "keyed by mistake"
    assert Instruction.objects.count() == 1
    assert act(desk, "withdraw", case, given.pk, reason="again").status_code == 404


def test_the_next_action_is_refused_when_the_case_has_changed_and_nothing_typed_is_lost(desk, case):
    typed = {"action": "callback", "due_at": "2026-03-05T10:15", "note": "after lunch"}
    page = act(desk, "next-action", case, version=case.version - 1, **typed)
    assert page.context["form"].non_field_errors() == [
        "Somebody else has changed this case since you opened it. Look at it again before you save."
    ]
    assert 'value="after lunch"' in page.content.decode()
    act(desk, "next-action", case, version=case.version, **typed)
    case.refresh_from_db()
    assert (case.next_action, case.next_action_note) == ("callback", "after lunch")
    # 10:15 on the collector's own clock, which is in Shanghai.
    assert case.next_action_at.isoformat() == "2026-03-05T02:15:00+00:00"


@pytest.mark.parametrize("amount", ["200", "200.00", "２００．００", "¥200", "  200 "])
def test_an_amount_is_read_as_people_write_it(desk, case, amount):
    act(desk, "promise", case, version=case.version, amount=amount, due_on="2026-03-07", method="transfer")
    promise = Promise.objects.get()
    assert (promise.amount, promise.currency) == (Decimal("200.00"), "CNY")


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        (
            {"amount": "12,50"},
            "amount",
            "“12,50”: a comma groups thousands, a point begins the cents. Write it like 1250.50.",
        ),
        ({"amount": "a lot"}, "amount", "“a lot” is not an amount. Write it like 1250.50."),
        ({"amount": "500.01"}, "amount", "500.01 is more than the 500.00 that is owed."),
        ({"amount": "0"}, "amount", "The amount must be more than zero."),
        ({"amount": "-5"}, "amount", "“-5” is less than zero."),
        ({"amount": "5.001"}, "amount", "“5.001” has more than two decimals."),
        ({"amount": "USD 5"}, "amount", "“USD 5” is in USD; this is in CNY."),
        ({"amount": "300 fri, 300 eom", "due_on": ""}, "amount", "600.00 is more than the 500.00 that is owed."),
        ({"due_on": "29/2"}, "due_on", "2026 has no 29 February."),
        ({"due_on": "someday"}, "due_on", "“someday” is not a date. Write it like 2026-11-22."),
        ({"due_on": "2026-03-03"}, "due_on", "2026-03-03 is in the past."),
        ({"due_on": "2026-05-03"}, "due_on", "A promise can be for 2026-04-04 at the latest."),
        ({"due_on": "2026-02-31"}, "due_on", "“2026-02-31” is a day that does not exist."),
        ({"due_on": ""}, "due_on", "This field is required."),
    ],
)
def test_a_promise_that_cannot_be_is_refused_at_its_field(desk, case, typed, field, sentence):
    good = {"version": case.version, "amount": "200", "due_on": "2026-03-07", "method": "transfer"}
    page = act(desk, "promise", case, **(good | typed))
    assert page.context["form"].errors[field] == [sentence]
    assert not Promise.objects.exists()


def test_a_promise_is_typed_in_parts_and_says_who_made_it(desk, case):
    typed = {"amount": "200 周五，100 月底", "due_on": "", "method": "branch", "promised_by": "guarantor"}
    act(desk, "promise", case, version=case.version, **typed)
    promise = Promise.objects.get()
    assert (promise.amount, promise.promised_by, promise.method) == (Decimal("300.00"), "guarantor", "branch")
    assert [str(part.due_on) for part in promise.parts.order_by("number")] == ["2026-03-06", "2026-03-31"]


def test_a_day_in_a_holiday_is_taken_with_a_word_about_it(desk, case):
    page = act(desk, "promise", case, version=case.version, amount="200", due_on="4/4", method="transfer")
    said = [str(message) for message in get_messages(page.wsgi_request)]
    assert said[-1] == "2026-04-04 is a holiday (Tomb-sweeping Day); the next working day is 2026-04-07."
    assert str(Promise.objects.get().due_on) == "2026-04-04"


def test_a_second_promise_replaces_the_first_only_when_that_is_said(desk, case):
    good = {"amount": "200", "due_on": "2026-03-07", "method": "transfer"}
    act(desk, "promise", case, version=case.version, **good)
    case.refresh_from_db()
    page = act(desk, "promise", case, version=case.version, **good)
    assert page.context["form"].non_field_errors() == ["There is an open promise for 2026-03-07 already."]
    act(desk, "promise", case, version=case.version, replace="on", **(good | {"due_on": "2026-03-09"}))
    assert sorted(Promise.objects.values_list("status", flat=True)) == ["cancelled", "open"]


def test_a_case_is_given_to_somebody_of_its_team_by_a_supervisor(client, collector, supervisor, case):
    client.force_login(collector)
    assert act(client, "assign", case, owner=collector.pk).status_code == 403
    client.force_login(supervisor)
    stranger = UserFactory()
    assert act(client, "assign", case, owner=stranger.pk).context["form"].errors["owner"]
    act(client, "assign", case, owner=collector.pk)
    case.refresh_from_db()
    assert case.owner == collector


def test_a_masked_number_shows_only_after_a_reason_and_the_look_is_recorded(desk, collector, case):
    what, number = f"point-{case.point.pk}", sealed.unseal(case.point.address.value_sealed)
    asks = desk.get(reverse("cases:reveal", args=[case.ref]), {"what": what})
    assert number not in asks.content.decode()
    assert not AuditEvent.objects.filter(name="reveal.looked").exists()
    refused = act(desk, "reveal", case, what=what, reason="curious")
    assert number not in refused.content.decode()
    shown = act(desk, "reveal", case, what=what, reason="to-verify")
    assert number in shown.content.decode()
    assert shown.headers["Cache-Control"] == "no-store"
    look = AuditEvent.objects.get(name="reveal.looked")
    assert (look.actor_id, look.person_id, look.details["reason"]) == (collector.pk, case.person_id, "to-verify")


def test_nothing_of_another_case_is_revealed(desk, case):
    other = CaseFactory()
    for what in (f"point-{other.point.pk}", f"account-{other.account.pk}", "document", "birth", "", "point-x"):
        assert act(desk, "reveal", case, what=what, reason="to-verify").status_code == 404
    assert not AuditEvent.objects.filter(name="reveal.looked").exists()


def test_the_pages_of_acts_are_shown_in_chinese(client, team, noon):
    user = UserFactory(team=team, language="zh-hans")
    case = CaseFactory(creditor=CreditorFactory(team=team), person=PersonFactory(name="王小明"), at=noon)
    client.force_login(user)
    client.cookies["django_language"] = "zh-hans"
    for name in ACTS[:6]:
        page = client.get(reverse(f"cases:{name}", args=[case.ref]))
        assert (page.status_code, page.headers["Content-Language"]) == (200, "zh-hans")
