"""The clocks of the law per account: what begins them, what starts them anew with its evidence, and who is warned."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.urls import reverse

from cases import payments, promises
from cases.models import PartyRole
from collections_app.shared.actor import SYSTEM
from contacts import facts, legal_clocks, legal_events
from contacts.legal_events import LegalEventRefused
from contacts.models import LegalClock, LegalEvent, LegalReckoning
from tests.factories.cases import AccountFactory, CaseFactory, ContactPointFactory, PersonFactory, ProductFactory
from tests.factories.contacts import AttemptFactory
from tests.factories.staff import UserFactory, set_clock

NOON = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)  # 11:00 in Shanghai
TODAY = date(2026, 3, 4)

pytestmark = pytest.mark.django_db


def _case(**given):
    return CaseFactory(person=PersonFactory(name="王小明"), at=NOON, working=True, **given)


def _of(case, rule="CN-LIM-3Y", at=NOON, account=None):
    wanted = account or case.account
    found = legal_clocks.of_case(case.pk, at=at)
    return next((one.clock for one in found if one.clock.id == rule and one.account == wanted), None)


def _guarantor(case, account=None):
    return PartyRole.objects.create(
        borrower=case.borrower, person=PersonFactory(name="李保"), role="guarantor", account=account,
        since=NOON - timedelta(days=400),
    ).person  # fmt: skip


def _record(case, kind, day=TODAY, **more):
    return legal_events.record(
        case_id=case.pk, kind=kind, happened_on=day, evidence="(2026)沪01民初1号", actor=SYSTEM, at=NOON, **more
    )


def _turn(at=NOON, **more):
    return legal_clocks.reckon_stale(now=lambda: at, **more)


def test_a_case_past_due_has_its_limitation_clock_from_the_oldest_due_date():
    found = _of(_case(dpd=47))
    assert found.starts == TODAY - timedelta(days=47)
    assert found.ends == date(2029, 1, 16)
    assert found.over_at == datetime(2029, 1, 16, 16, tzinfo=UTC)  # midnight in Shanghai
    assert not found.certain  # the calendar of 2029 is not known


def test_a_case_that_is_not_past_due_has_none():
    assert _of(_case(dpd=0)) is None


def test_each_account_has_the_clock_of_its_own_due_date():
    case = _case(dpd=47)
    product = ProductFactory(creditor=case.creditor, kind="personal_loan")
    older = AccountFactory(product=product, person=case.person, borrower=case.borrower, dpd=400, on=TODAY)
    current = AccountFactory(product=product, person=case.person, borrower=case.borrower, dpd=0, on=TODAY)
    assert (_of(case).starts, _of(case, account=older).starts) == (date(2026, 1, 16), TODAY - timedelta(days=400))
    assert _of(case, account=current) is None


# -- what starts it anew -----------------------------------------------------------------------------------------------


def test_a_talk_of_two_years_ago_starts_it_anew():
    case = _case(dpd=1200)
    assert _of(case).over
    talk = AttemptFactory(case=case, at=NOON - timedelta(days=730), to="completed", outcome="conversation")
    found = _of(case)
    assert [(one.ground, one.id) for one in found.interrupted_by] == [("demand", talk.pk)]
    assert (found.over, found.ends) == (False, date(2027, 3, 4))


def test_a_text_to_the_reserved_number_counts_for_a_card_and_not_for_a_loan():
    case = _case(dpd=47)
    product = ProductFactory(creditor=case.creditor, kind="personal_loan")
    loan = AccountFactory(product=product, person=case.person, borrower=case.borrower, dpd=47, on=TODAY)
    case.account.product.kind = "credit_card"
    case.account.product.save()
    case.point.reserved = True
    case.point.save()
    text = AttemptFactory(case=case, at=NOON - timedelta(days=10), sms=True, contact_point=case.point)
    text.debts = []
    text.save()
    assert [one.id for one in _of(case).interrupted_by] == [text.pk]
    assert _of(case, account=loan).interrupted_by == ()


def test_a_text_that_failed_or_went_elsewhere_counts_for_nothing():
    case = _case(dpd=47)
    case.account.product.kind = "credit_card"
    case.account.product.save()
    AttemptFactory(case=case, at=NOON - timedelta(days=10), sms=True, contact_point=case.point)
    assert not case.point.reserved
    case.point.reserved = True
    case.point.save()
    AttemptFactory(case=case, at=NOON - timedelta(days=9), failed=True, contact_point=case.point)
    assert len(_of(case).interrupted_by) == 1  # the one that was sent; the number is reserved now


@pytest.mark.parametrize(("payer", "counts"), [("borrower", 1), ("guarantor", 0)])
def test_a_payment_of_the_debtor_counts_for_the_account_that_it_was_for(payer, counts):
    case = _case(dpd=47)
    product = ProductFactory(creditor=case.creditor)
    other = AccountFactory(product=product, person=case.person, borrower=case.borrower, dpd=47, on=TODAY)
    paid = payments.record(
        creditor=case.creditor, source="bank", external_ref="R1", amount=Decimal("10.00"), currency="CNY",
        received_at=NOON, account_id=case.account.pk, payer=payer, actor=SYSTEM, at=NOON,
    ).payment  # fmt: skip
    assert [(one.ground, one.id) for one in _of(case).interrupted_by] == [("payment", paid.pk)] * counts
    assert _of(case, account=other).interrupted_by == ()


def test_a_payment_that_was_reversed_counts_no_more():
    case = _case(dpd=47)
    paid = payments.record(
        creditor=case.creditor, source="bank", external_ref="R1", amount=Decimal("10.00"), currency="CNY",
        received_at=NOON, account_id=case.account.pk, actor=SYSTEM, at=NOON,
    ).payment  # fmt: skip
    payments.reverse(payment_id=paid.pk, reason="bounced", actor=SYSTEM, at=NOON)
    assert _of(case).interrupted_by == ()


@pytest.mark.parametrize(("by", "counts"), [("borrower", 1), ("third_party", 0)])
def test_a_promise_of_the_debtor_counts_whatever_becomes_of_it(by, counts):
    case = _case(dpd=47)
    made = promises.make(
        case_id=case.pk, amount=Decimal("50.00"), currency="CNY", due_on=TODAY + timedelta(days=2), promised_by=by,
        actor=SYSTEM, at=NOON,
    )  # fmt: skip
    promises.settle_ended(actor=SYSTEM, at=NOON + timedelta(days=5))
    found = _of(case, at=NOON + timedelta(days=6))
    assert [(one.ground, one.id) for one in found.interrupted_by] == [("promise_made", made.pk)] * counts


def test_a_promise_taken_back_as_an_error_counts_for_nothing():
    case = _case(dpd=47)
    made = promises.make(
        case_id=case.pk, amount=Decimal("50.00"), currency="CNY", due_on=TODAY, actor=SYSTEM, at=NOON
    )  # fmt: skip
    promises.cancel(promise_id=made.pk, actor=SYSTEM, at=NOON, why="typed in the wrong case")
    assert _of(case).interrupted_by == ()


# -- guarantee ---------------------------------------------------------------------------------------------------------


def test_the_guarantee_runs_six_months_and_nothing_starts_it_anew():
    case = _case(dpd=47)
    who = _guarantor(case)
    AttemptFactory(case=case, at=NOON - timedelta(days=10), to="completed", outcome="conversation")
    found = _of(case, "CN-GUAR-6M")
    assert (found.ends, found.interrupted_by, found.person_id, found.kept_by) == (date(2026, 7, 16), (), who.pk, None)


def test_a_talk_with_the_guarantor_in_time_keeps_the_claim():
    case = _case(dpd=47)
    who = _guarantor(case)
    talk = AttemptFactory(
        case=case, at=NOON - timedelta(days=10), to="completed", outcome="conversation", contacted=who,
        party="guarantor", contact_point=ContactPointFactory(person=who),
    )  # fmt: skip
    found = _of(case, "CN-GUAR-6M")
    assert (found.kept_by.ground, found.kept_by.id) == ("demand", talk.pk)
    legal_clocks.reckon(case.pk, at=NOON)
    assert legal_clocks.near(case, today=date(2026, 7, 15)) == []


def test_a_guarantee_of_one_account_is_not_one_of_another():
    case = _case(dpd=47)
    product = ProductFactory(creditor=case.creditor)
    other = AccountFactory(product=product, person=case.person, borrower=case.borrower, dpd=47, on=TODAY)
    _guarantor(case, account=other)
    assert _of(case, "CN-GUAR-6M") is None
    assert _of(case, "CN-GUAR-6M", account=other) is not None


# -- what an officer records -------------------------------------------------------------------------------------------


def test_a_suit_starts_it_anew_and_names_its_evidence():
    case = _case(dpd=1000)
    event = _record(case, "suit_filed", TODAY - timedelta(days=30))
    assert [(one.ground, one.id) for one in _of(case).interrupted_by] == [("suit_filed", f"event-{event.pk}")]
    legal_events.undo(event_id=event.pk, why="another case", actor=SYSTEM, at=NOON)
    assert _of(case).interrupted_by == ()
    with pytest.raises(LegalEventRefused):
        legal_events.undo(event_id=event.pk, why="again", actor=SYSTEM, at=NOON)


def test_instalments_run_from_the_last_ones_due_date():
    case = _case(dpd=47)
    _record(case, "last_instalment_due", until=date(2027, 5, 1))
    assert _of(case).starts == date(2027, 5, 1)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"day": TODAY + timedelta(days=1)}, "future"),
        ({"kind": "last_instalment_due"}, "no-until"),
        ({"account_id": 1}, "account"),
        ({"document_id": 1}, "document"),
    ],
)
def test_what_cannot_have_happened_is_refused(more, code):
    with pytest.raises(LegalEventRefused) as refused:
        _record(_case(dpd=47), **{"kind": "suit_filed", **more})
    assert refused.value.code == code
    assert not LegalEvent.objects.exists()


def test_what_was_recorded_is_never_changed():
    event = _record(_case(dpd=47), "suit_filed")
    with pytest.raises(Exception, match="permission denied"), connection.cursor() as cursor:
        cursor.execute("UPDATE contacts_legalevent SET evidence = 'x' WHERE id = %s", [event.pk])


# -- rows, the gate, warnings ------------------------------------------------------------------------------------------


def test_a_turn_reckons_what_changed_and_leaves_the_rest():
    case = _case(dpd=47)
    assert _turn() == {"reckoned": 1, "dropped": 0}
    assert list(LegalClock.objects.values_list("rule", "ends")) == [("CN-LIM-3Y", date(2029, 1, 16))]
    later = NOON + timedelta(days=3)
    assert _turn(later) == {"reckoned": 0, "dropped": 0}
    AttemptFactory(case=case, at=later, to="completed", outcome="conversation")
    assert _turn(later + timedelta(hours=1)) == {"reckoned": 1, "dropped": 0}
    row = LegalClock.objects.get()
    assert (row.ends, [one["ground"] for one in row.interrupted]) == (date(2029, 3, 7), ["demand"])


def test_a_receipt_that_comes_later_is_read_too_and_only_once():
    case = _case(dpd=47)
    sent = AttemptFactory(case=case, at=NOON - timedelta(hours=2), sms=True)
    assert _turn()["reckoned"] == 1
    assert _turn(NOON + timedelta(minutes=10))["reckoned"] == 0
    sent.receipts.create(
        provider="local", event_id="1", message_ref="1", status="delivered", received_at=NOON + timedelta(minutes=15)
    )
    assert _turn(NOON + timedelta(minutes=20))["reckoned"] == 1
    assert _turn(NOON + timedelta(minutes=30))["reckoned"] == 0


def test_a_case_that_was_cured_has_no_clocks_any_more():
    case = _case(dpd=47)
    _turn()
    type(case).objects.filter(pk=case.pk).update(status="cured", cured_at=NOON, next_action="", next_action_at=None)
    assert _turn()["dropped"] == 1
    assert not LegalClock.objects.exists()
    assert not LegalReckoning.objects.exists()


def test_a_turn_ends_when_its_time_or_its_number_is_spent():
    for _ in range(3):
        _case(dpd=47)
    assert _turn(budget_s=-1)["reckoned"] == 0
    assert _turn(most=2)["reckoned"] == 2
    assert _turn()["reckoned"] == 1


def test_where_the_law_has_no_clock_nothing_is_reckoned():
    CaseFactory(person=PersonFactory(new_york=True), at=NOON, working=True, dpd=47)
    assert _turn() == {"reckoned": 0, "dropped": 0}


def test_the_gate_knows_which_debt_is_time_barred_and_since_when():
    case = _case(dpd=1200)
    product = ProductFactory(creditor=case.creditor)
    AccountFactory(product=product, person=case.person, borrower=case.borrower, dpd=47, on=TODAY)

    def barred(at=NOON):
        known = facts.of_case(case.pk, at=at).facts().records
        return [(one.debts, one.at.date()) for one in known if one.kind == "debt_time_barred"]

    assert barred() == []
    _turn()
    ended = LegalClock.objects.get(account=case.account).ends
    assert barred() == [((case.account.pk,), ended)]
    assert barred(NOON - timedelta(days=1000)) == []


def test_what_an_officer_established_is_known_to_the_gate_where_no_rule_reckons():
    case = CaseFactory(person=PersonFactory(new_york=True), at=NOON, working=True, dpd=47)
    _record(case, "debt_time_barred", account_id=case.account.pk)
    known = facts.of_case(case.pk, at=NOON).facts().records
    assert [one.debts for one in known if one.kind == "debt_time_barred"] == [(case.account.pk,)]


@pytest.mark.parametrize(
    ("kind", "left", "expected"),
    [
        ("limitation", 181, "ok"), ("limitation", 180, "plain"), ("limitation", 90, "soon"), ("limitation", 30, "stop"),
        ("limitation", -1, "stop"), ("guarantee", 61, "ok"), ("guarantee", 30, "soon"), ("guarantee", 10, "stop"),
        ("court", 5, "soon"),
    ],
)  # fmt: skip
def test_each_kind_has_its_own_thresholds(kind, left, expected):
    assert legal_clocks.tone(kind, left) == expected


# -- pages -------------------------------------------------------------------------------------------------------------


def test_the_page_shows_the_clock_with_its_evidence_and_the_case_warns(client, team, settings):
    set_clock(settings, NOON)
    supervisor = UserFactory(team=team, supervisor=True)
    client.force_login(supervisor)
    case = _case(dpd=1070, creditor__team=team)
    address = reverse("contacts:legal-clocks", args=[case.ref])
    assert address in client.get(reverse("cases:case", args=[case.ref])).content.decode()
    assert "limitation ends" not in client.get(reverse("cases:case", args=[case.ref])).content.decode()
    _turn()
    assert "limitation ends 2026-03-30 (26 days)" in client.get(reverse("cases:case", args=[case.ref])).content.decode()
    page = client.get(address).content.decode()
    assert "2026-03-30" in page
    assert "CN-LIM-3Y" in page
    event = {"kind": "suit_filed", "happened_on": "2026-03-03", "evidence": "(2026)沪01民初1号", "account": ""}
    assert client.post(reverse("contacts:legal-event", args=[case.ref]), event).status_code == 302
    page = client.get(address).content.decode()
    assert "2029-03-03" in page
    assert "(2026)沪01民初1号" in page
    assert "limitation ends" not in client.get(reverse("cases:case", args=[case.ref])).content.decode()


def test_a_collector_reads_and_records_nothing(client, collector, team, settings):
    set_clock(settings, NOON)
    client.force_login(collector)
    case = _case(dpd=47, creditor__team=team)
    assert client.get(reverse("contacts:legal-clocks", args=[case.ref])).status_code == 200
    assert client.get(reverse("contacts:legal-event", args=[case.ref])).status_code == 403


def test_a_case_of_another_team_has_no_clocks(client, outsider):
    client.force_login(outsider)
    assert client.get(reverse("contacts:legal-clocks", args=[_case(dpd=47).ref])).status_code == 404
