"""The close of day over the book: what it writes for the day that ended and prepares for the next."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from cases import closing, freshness, sql
from cases.models import (
    AccountState,
    BucketTransition,
    Case,
    Hold,
    ImportBatch,
    InstructionWithdrawal,
    PortfolioFigure,
    Promise,
)
from cases.priority import rules
from collections_app.shared.actor import SYSTEM
from compliance.models import AuditEvent
from tests.factories.cases import (
    AccountFactory,
    CaseFactory,
    CreditorFactory,
    HoldFactory,
    InstructionFactory,
    PersonFactory,
    ProductFactory,
    PromiseFactory,
)

pytestmark = pytest.mark.django_db
ON = date(2026, 3, 3)  # the business date; the fixture `at` is the evening of 4 March in Shanghai
EVERYBODY = closing.Span(0, 2**62)


def close_of(creditor, *, on: date = ON, at: datetime) -> closing.Close:
    return closing.Close(
        creditor=creditor, business_date=on, newest_state=closing.newest_state(creditor.pk), actor=SYSTEM, at=at
    )


def account(*, product, dpd: int, balance="500.00", person=None, on: date = ON, **more):
    person = person or PersonFactory()
    return AccountFactory(product=product, person=person, dpd=dpd, balance=balance, on=on, **more)


def state(of, *, on: date, dpd: int, balance=None, at: datetime) -> AccountState:
    return AccountState.objects.create(
        account=of,
        person_id=of.person_id,
        creditor_id=of.creditor_id,
        effective_on=on,
        recorded_at=at,
        stated="due_date",
        oldest_unpaid_due_on=on - timedelta(days=dpd) if dpd else None,
        balance=of.balance if balance is None else balance,
        currency=of.currency,
    )


@pytest.fixture
def product():
    return ProductFactory(creditor=CreditorFactory(code="bank"))


def moves(on: date) -> list[tuple[str, str]]:
    rows = BucketTransition.objects.filter(business_date=on).order_by("account_id")
    return list(rows.values_list("from_bucket", "to_bucket"))


# -- ageing ------------------------------------------------------------------------------------------------------------


def test_first_sight_of_an_account_comes_from_no_bucket(product, at):
    for dpd in (0, 1, 30, 31, 180, 181):
        account(product=product, dpd=dpd)
    assert closing.age(close_of(product.creditor, at=at), EVERYBODY) == 6
    assert moves(ON) == [("", "M0"), ("", "M1"), ("", "M1"), ("", "M2"), ("", "M6"), ("", "M7+")]


def test_only_accounts_that_change_their_bucket_move(product, at):
    account(product=product, dpd=5)
    account(product=product, dpd=30)
    closing.age(close_of(product.creditor, at=at), EVERYBODY)
    assert closing.age(close_of(product.creditor, on=ON + timedelta(days=1), at=at), EVERYBODY) == 1
    assert moves(ON + timedelta(days=1)) == [("M1", "M2")]


def test_ageing_a_day_twice_changes_nothing(product, at):
    account(product=product, dpd=5)
    closing.age(close_of(product.creditor, at=at), EVERYBODY)
    before = list(BucketTransition.objects.values())
    assert closing.age(close_of(product.creditor, at=at), EVERYBODY) == 0
    assert list(BucketTransition.objects.values()) == before


def test_a_later_recorded_state_of_the_same_day_is_the_one_in_force(product, at):
    late = account(product=product, dpd=40)
    state(late, on=ON, dpd=0, at=at)
    closing.age(close_of(product.creditor, at=at), EVERYBODY)
    assert moves(ON) == [("", "M0")]


def test_a_state_that_came_after_the_close_began_waits_for_the_next(product, at):
    late = account(product=product, dpd=40)
    close = close_of(product.creditor, at=at)
    state(late, on=ON, dpd=0, at=at)
    closing.age(close, EVERYBODY)
    assert moves(ON) == [("", "M2")]
    closing.age(close_of(product.creditor, at=at), EVERYBODY)
    assert moves(ON) == [("", "M0")]


def test_a_corrected_day_loses_the_move_that_did_not_happen(product, at):
    yesterday = ON - timedelta(days=1)
    moved = account(product=product, dpd=4, on=yesterday)
    closing.age(close_of(product.creditor, on=yesterday, at=at), EVERYBODY)
    state(moved, on=ON, dpd=31, at=at)
    closing.age(close_of(product.creditor, at=at), EVERYBODY)
    assert moves(ON) == [("M1", "M2")]
    state(moved, on=ON, dpd=5, at=at)
    closing.age(close_of(product.creditor, at=at), EVERYBODY)
    assert moves(ON) == []


def test_a_span_is_closed_anew_only_where_it_has_moves_of_the_day(product, at):
    first, second = account(product=product, dpd=4), account(product=product, dpd=40)
    close = close_of(product.creditor, at=at)
    spans = [closing.Span(0, first.person_id), closing.Span(first.person_id, second.person_id)]
    for span in spans:
        with CaptureQueriesContext(connection) as asked:
            assert closing.age(close, span) == 1
        assert not any("DELETE" in query["sql"] for query in asked.captured_queries)
    with CaptureQueriesContext(connection) as asked:
        assert closing.age(close, spans[0]) == 0
    assert any("DELETE" in query["sql"] for query in asked.captured_queries)
    assert sorted(moves(ON)) == [("", "M1"), ("", "M2")]


# -- figures -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("has_few_states", [True, False])
def test_a_book_is_counted_alike_in_order_and_account_by_account(product, at, has_few_states):
    yesterday = ON - timedelta(days=1)
    moved = account(product=product, dpd=4, on=yesterday, balance="100.00")
    state(moved, on=ON, dpd=31, balance="110.00", at=at)
    state(moved, on=ON, dpd=32, balance="120.00", at=at)
    account(product=product, dpd=0, balance="7.00")
    account(product=ProductFactory(creditor=CreditorFactory(code="other")), dpd=5)
    close = close_of(product.creditor, at=at)
    state(moved, on=ON, dpd=99, balance="999.00", at=at)  # came after the close began
    state(moved, on=ON + timedelta(days=1), dpd=99, balance="998.00", at=at)
    statement = sql.of_book(sql.COUNT_BOOK, has_few_states=has_few_states)
    assert ("DISTINCT ON" in statement) == has_few_states
    with connection.cursor() as cursor:
        cursor.execute(statement, close.values())
        rows = sorted(cursor.fetchall())
    assert rows == [("M0", "CNY", 1, Decimal("7.00")), ("M2", "CNY", 1, Decimal("120.00"))]


@pytest.mark.parametrize("has_few_states", [True, False])
def test_an_account_that_is_not_in_the_bucket_of_its_last_move_is_found(product, at, has_few_states):
    yesterday = ON - timedelta(days=1)
    moved, still = account(product=product, dpd=30, on=yesterday), account(product=product, dpd=5, on=yesterday)
    statement = sql.of_book(sql.TRANSITIONS_INCOMPLETE, has_few_states=has_few_states)

    def found(on: date) -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute(statement, close_of(product.creditor, on=on, at=at).values())
            return [row[0] for row in cursor.fetchall()]

    assert found(yesterday) == sorted([moved.pk, still.pk])
    closing.age(close_of(product.creditor, on=yesterday, at=at), EVERYBODY)
    assert found(yesterday) == []
    assert found(ON) == [moved.pk]
    closing.age(close_of(product.creditor, at=at), EVERYBODY)
    assert (found(ON), found(yesterday)) == ([], [])
    BucketTransition.objects.filter(account=moved, business_date=ON).update(from_bucket="M4")
    assert found(ON) == [moved.pk]


def test_figures_count_accounts_and_balances_apart_and_equal_a_recount(product, at):
    account(product=product, dpd=5, balance="100.00")
    account(product=product, dpd=6, balance="-40.00")
    account(product=product, dpd=0, balance="0.00")
    close = close_of(product.creditor, at=at)
    assert closing.write_figures(close) == {"figures": 2, "accounts": 3}
    rows = PortfolioFigure.objects.order_by("bucket").values_list("bucket", "accounts", "balance")
    assert list(rows) == [("M0", 1, Decimal("0.00")), ("M1", 2, Decimal("60.00"))]
    assert closing.count_book(close) == {("M0", "CNY"): (1, Decimal("0.00")), ("M1", "CNY"): (2, Decimal("60.00"))}


def test_figures_written_twice_stay_and_emptied_buckets_go(product, at):
    only = account(product=product, dpd=5)
    closing.write_figures(close_of(product.creditor, at=at))
    state(only, on=ON, dpd=0, at=at)
    closing.write_figures(close_of(product.creditor, at=at))
    assert list(PortfolioFigure.objects.values_list("bucket", "accounts")) == [("M0", 1)]


# -- cases -------------------------------------------------------------------------------------------------------------


def work(close: closing.Close, next_action: str = "wait_strategy") -> dict[str, int]:
    return closing.work_cases(close, EVERYBODY, next_action=next_action)


def test_a_late_account_opens_a_case_with_a_next_action_and_an_audit_row(product, at):
    late = account(product=product, dpd=11, balance="8420.00")
    close = close_of(product.creditor, at=at)
    assert work(close) == {"opened": 1, "cured": 0, "refreshed": 0}
    case = Case.objects.get()
    assert (case.person_id, case.borrower_id, case.team_id) == (
        late.person_id,
        late.borrower_id,
        product.creditor.team_id,
    )
    assert (case.status, case.opened_on, case.past_due_since) == ("new", date(2026, 3, 4), date(2026, 2, 20))
    assert (case.balance, case.currency) == (Decimal("8420.00"), "CNY")
    assert (case.next_action, case.next_action_at.isoformat()) == ("wait_strategy", "2026-03-04T00:00:00+00:00")
    event = AuditEvent.objects.get()
    assert (event.name, event.subject_label, event.subject_id) == ("case.opened", "cases.case", case.pk)
    assert (event.person_id, event.actor_label, event.at) == (late.person_id, "system", at)
    assert event.details["past_due_since"] == "2026-02-20"


def test_opening_twice_opens_once(product, at):
    account(product=product, dpd=11)
    close = close_of(product.creditor, at=at)
    work(close)
    assert work(close) == {"opened": 0, "cured": 0, "refreshed": 0}
    assert Case.objects.count() == 1
    assert AuditEvent.objects.count() == 1


def test_one_person_with_two_accounts_has_one_case_of_the_oldest_arrears_and_both_balances(product, at):
    person = PersonFactory()
    account(product=product, dpd=11, balance="100.00", person=person)
    account(product=product, dpd=45, balance="20.00", person=person)
    account(product=product, dpd=0, balance="3.00", person=person)
    work(close_of(product.creditor, at=at))
    case = Case.objects.get()
    assert (case.past_due_since, case.balance) == (ON - timedelta(days=45), Decimal("123.00"))


@pytest.mark.parametrize(("dpd", "opens"), [(0, 0), (2, 0), (3, 1)])
def test_a_case_opens_when_grace_is_over_on_the_day_it_is_worked(product, at, dpd, opens):
    product.grace_days = 3
    product.save()
    account(product=product, dpd=dpd)  # on the day after: one more
    assert work(close_of(product.creditor, at=at))["opened"] == opens


@pytest.mark.parametrize(("balance", "opens"), [("-5.00", 0), ("0.00", 0), ("10.00", 0), ("10.01", 1)])
def test_an_account_late_with_no_more_than_the_tolerance_opens_no_case(product, at, balance, opens):
    product.tolerance = Decimal("10.00")
    product.save()
    account(product=product, dpd=40, balance=balance)
    assert work(close_of(product.creditor, at=at))["opened"] == opens


def test_the_amount_past_due_decides_where_the_tape_states_it(product, at):
    product.tolerance = Decimal("10.00")
    product.save()
    account(product=product, dpd=40, balance="900.00", past_due="10.00")
    assert work(close_of(product.creditor, at=at))["opened"] == 0


def test_figures_of_a_case_are_refreshed_only_where_they_differ(product, at):
    late = account(product=product, dpd=11, balance="100.00")
    close = close_of(product.creditor, at=at)
    work(close)
    version = Case.objects.get().version
    state(late, on=ON, dpd=40, at=at)
    assert work(close_of(product.creditor, at=at))["refreshed"] == 1
    case = Case.objects.get()
    assert (case.past_due_since, case.version) == (ON - timedelta(days=40), version)


@pytest.mark.parametrize("balance", ["0.01", "12.34", "500.00", "8420.00", "123456.78"])
@pytest.mark.parametrize("dpd", [1, 30, 31, 75, 100, 140, 160, 400])
def test_the_score_in_sql_is_the_score_that_is_explained(product, at, balance, dpd):
    account(product=product, dpd=dpd, balance=balance)
    work(close_of(product.creditor, at=at))
    assert Case.objects.get().score == rules.weigh(rules.Known(Decimal(balance), dpd + 1)).points


def test_a_broken_promise_lifts_a_case(product, at):
    case = CaseFactory(creditor=product.creditor, at=at, dpd=12, balance="500.00", working=True)
    PromiseFactory(case=case, broken=True)
    work(close_of(product.creditor, on=date(2026, 3, 4), at=at))
    case.refresh_from_db()
    assert case.score == rules.weigh(rules.Known(Decimal("500.00"), 13, has_broken_promise=True)).points


@pytest.mark.parametrize("status", ["new", "working", "promised"])
def test_a_case_with_nothing_past_due_is_cured(product, at, status):
    case = CaseFactory(creditor=product.creditor, at=at, to=status)
    state(case.account, on=date(2026, 3, 4), dpd=0, at=at)
    assert work(close_of(product.creditor, on=date(2026, 3, 4), at=at))["cured"] == 1
    case = Case.objects.get()
    assert (case.status, case.cured_at, case.next_action, case.past_due_since) == ("cured", at, "", None)
    assert list(AuditEvent.objects.filter(name="case.cured").values_list("subject_id", flat=True)) == [case.pk]


@pytest.mark.parametrize(("paid", "becomes"), [("500.00", "kept"), ("499.99", "cancelled"), ("0", "cancelled")])
def test_a_cure_settles_the_open_promise(product, at, paid, becomes):
    case = CaseFactory(creditor=product.creditor, at=at, promised=True)
    PromiseFactory(case=case, amount="500.00", paid_amount=paid)
    state(case.account, on=date(2026, 3, 4), dpd=0, at=at)
    work(close_of(product.creditor, on=date(2026, 3, 4), at=at))
    assert Promise.objects.get().status == becomes
    assert AuditEvent.objects.filter(name=f"promise.{becomes}").count() == 1


def test_arrears_after_a_cure_open_a_new_case(product, at):
    case = CaseFactory(creditor=product.creditor, at=at, cured=True)
    assert work(close_of(product.creditor, on=date(2026, 3, 4), at=at))["opened"] == 1
    assert list(Case.objects.order_by("pk").values_list("status", flat=True)) == ["cured", "new"]
    assert Case.objects.order_by("pk").last().person_id == case.person_id


def test_a_case_whose_account_is_unknown_stays_as_it_is(product, at):
    CaseFactory(creditor=product.creditor, at=at, accounts=False)
    assert work(close_of(product.creditor, at=at)) == {"opened": 0, "cured": 0, "refreshed": 0}


def test_another_creditors_book_is_left_alone(product, at):
    account(product=ProductFactory(), dpd=40)
    assert work(close_of(product.creditor, at=at))["opened"] == 0


def test_an_undeclared_move_is_refused_by_the_database_itself(product, at):
    case = CaseFactory(creditor=product.creditor, at=at, closed=True)
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE cases_case SET status = 'working' WHERE id = %s", [case.pk])


# -- promises, holds ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("due", "status"), [(date(2026, 3, 2), "broken"), (date(2026, 3, 3), "open")])
def test_a_promise_breaks_at_the_end_of_its_last_day_of_grace(product, at, due, status):
    case = CaseFactory(creditor=product.creditor, at=at, promised=True)
    PromiseFactory(case=case, due_on=due, grace_days=1, paid_amount=0)
    close = close_of(product.creditor, at=at)  # closes 3 March
    span = closing.next_promise_span(close, 0)
    settled = closing.judge_promises(close, span) if span else 0
    assert settled == (status == "broken")
    case.refresh_from_db()
    assert Promise.objects.get().status == status
    assert (case.status, case.next_action) == (("working", "call") if settled else ("promised", "call"))


@pytest.mark.parametrize(("ends_on", "released"), [(date(2026, 3, 3), 1), (date(2026, 3, 4), 0)])
def test_a_hold_ends_with_its_last_day(product, at, ends_on, released):
    case = CaseFactory(creditor=product.creditor, at=at)
    HoldFactory(case=case, ends_on=ends_on, review_on=date(2026, 3, 30))
    assert closing.look_after_holds(close_of(product.creditor, at=at)) == {"released": released, "to_review": 0}
    assert (Hold.objects.get().released_at is not None) == bool(released)
    assert AuditEvent.objects.filter(name="hold.released").count() == released


def test_a_hold_whose_review_date_has_come_is_put_before_a_supervisor_once(product, at):
    case = CaseFactory(creditor=product.creditor, at=at)
    HoldFactory(case=case, ends_on=None, review_on=date(2026, 3, 4))
    close = close_of(product.creditor, at=at)
    assert closing.look_after_holds(close) == {"released": 0, "to_review": 1}
    case.refresh_from_db()
    assert (case.next_action, case.next_action_at) == ("review", close.morning)
    assert closing.look_after_holds(close)["to_review"] == 0


@pytest.mark.parametrize(
    ("change", "to_review"),
    [({}, 1), ({"review_on": date(2026, 3, 5)}, 0), ({"expires_at": datetime(2026, 3, 4, 0, 30, tzinfo=UTC)}, 0)],
)
def test_a_dispute_whose_review_date_has_come_is_put_before_a_supervisor(product, at, change, to_review):
    case = CaseFactory(creditor=product.creditor, at=at)
    told = {"review_on": date(2026, 3, 4), "received_at": at - timedelta(days=9), "recorded_at": at} | change
    InstructionFactory(person=case.person, kind="dispute_open", **told)
    assert closing.look_after_holds(close_of(product.creditor, at=at))["to_review"] == to_review


def test_a_dispute_that_was_taken_back_is_put_before_nobody(product, at):
    case = CaseFactory(creditor=product.creditor, at=at)
    told = InstructionFactory(person=case.person, kind="dispute_open", review_on=date(2026, 3, 4))
    InstructionWithdrawal.objects.create(instruction=told, person=case.person, reason="paid", withdrawn_at=at)
    assert closing.look_after_holds(close_of(product.creditor, at=at))["to_review"] == 0


# -- spans and freshness -----------------------------------------------------------------------------------------------


def test_spans_cover_every_person_once_and_keep_a_person_whole(product, at):
    persons = [PersonFactory() for _ in range(5)]
    for person in persons:
        account(product=product, dpd=1, person=person)
        account(product=product, dpd=2, person=person)
    close = close_of(product.creditor, at=at)
    after, seen = 0, []
    while (span := closing.next_span(close, after, size=3)) is not None:
        seen.append(closing.persons_of(close, span))
        after = span.upto
    assert [pk for part in seen for pk in part] == sorted(person.pk for person in persons)
    assert [len(part) for part in seen] == [2, 2, 1]


@pytest.mark.parametrize(("as_of", "age", "stale"), [(None, None, True), (ON, 0, False), (date(2026, 2, 28), 3, True)])
def test_a_feed_older_than_the_creditor_allows_is_stale(at, as_of, age, stale):
    creditor = CreditorFactory(freshness_days=2)
    if as_of is not None:
        batch = ImportBatch.objects.create(creditor=creditor, as_of=as_of, file_name="tape.csv", uploaded_at=at)
        batch.stage()
        batch.save()
        batch.check_rows()
        batch.save()
        assert freshness.feed_age(creditor.pk, ON) is None  # not loaded yet
        batch.load(at=at)
        batch.save()
    fresh = freshness.of_creditor(creditor, on=ON)
    assert (fresh.age, fresh.is_stale) == (age, stale)
    assert freshness.feed_age(creditor.pk, ON) == age


def test_a_book_is_cut_once_in_spans_of_whole_persons(product, at, django_assert_num_queries, monkeypatch):
    monkeypatch.setattr(closing, "SPAN", 3)
    persons = [PersonFactory() for _ in range(6)]
    for person in [persons[0], *[persons[1]] * 7, *persons[2:]]:
        account(product=product, person=person, dpd=5)
    close, ids = close_of(product.creditor, at=at), [person.pk for person in persons]
    with django_assert_num_queries(1):
        spans = [closing.next_span(close, after, 3) for after in (0, ids[1], ids[2])]
        assert closing.next_span(close, 0, 6).upto == ids[2]  # two at once
        assert closing.next_span(close, ids[3], 3).upto == ids[5]  # from anywhere, to the same cut
        assert closing.size_of_book(close) == 12
    assert [(span.after, span.upto, span.accounts) for span in spans] == [
        (0, ids[1], 6), (ids[1], ids[2], 3), (ids[2], ids[5], 3)
    ]  # fmt: skip
    assert closing.next_span(close, ids[5], 3) is None
    late = PersonFactory()
    account(product=product, person=late, dpd=5)
    span = closing.next_span(close, ids[5], 3)
    assert (span.after, span.upto, span.accounts) == (ids[5], late.pk, 1)
