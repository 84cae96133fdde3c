"""A model learned from a book, put in force by a second person, reckoned with, taken back; and what it may never do."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError
from django.test import Client
from django.urls import reverse

from cases.management.commands.train_priority import Command
from cases.models import Account, AccountState, Borrower, Case, CaseChance, Person
from cases.priority import chances, rules
from cases.priority.model import book, training, using
from cases.priority.model.using import ModelRefused
from cases.tasks import reckon_chances
from collections_app import commands
from collections_app.shared.actor import SYSTEM, Actor
from compliance.models import AuditEvent
from tests.factories.cases import AccountFactory, CaseFactory, CreditorFactory, ProductFactory
from tests.factories.priority import MEASURED, ScoreModelFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
TODAY = date(2026, 3, 10)
ENDS = [date(2025, 10, 31), date(2025, 11, 30), date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 28)]
PEOPLE = 700
FIRST = 1_000_000  # beyond what the other rows of a test are numbered


@pytest.fixture
def bank():
    """A creditor whose accounts with small balances come right in the month after, and the others do not."""
    creditor = CreditorFactory()
    product = ProductFactory(creditor=creditor)
    persons = Person.objects.bulk_create(
        # Who is learned from and who is measured follows from the number of a person: the same ones in every run.
        Person(pk=FIRST + number, language="zh-hans", jurisdiction="CN", time_zone="Asia/Shanghai", created_at=NOW)
        for number in range(PEOPLE)
    )
    borrowers = Borrower.objects.bulk_create(
        Borrower(person=person, creditor=creditor, external_ref=f"b{number}", created_at=NOW)
        for number, person in enumerate(persons)
    )
    accounts = Account.objects.bulk_create(
        Account(
            creditor=creditor, person=person, borrower=borrower, product=product, number_sealed=b"x",
            number_hash=number.to_bytes(32, "big"), number_last4="0000", currency=creditor.currency,
            credit_limit=Decimal(10_000), created_at=NOW,
        )
        for number, (person, borrower) in enumerate(zip(persons, borrowers, strict=True))
    )  # fmt: skip
    AccountState.objects.bulk_create(
        AccountState(
            account=account, person_id=account.person_id, creditor=creditor, effective_on=end, recorded_at=NOW,
            stated="months", months_past_due=_months(number, month), balance=Decimal(_owed(number, month)),
            paid_in_period=Decimal(100), currency=creditor.currency,
        )
        for number, account in enumerate(accounts)
        for month, end in enumerate(ENDS)
    )  # fmt: skip
    return creditor


def _owed(number, month):
    return 500 if (number * 7 + month * 3) % 10 < 5 else 8_000


def _months(number, month):
    """Late this month, unless it was late with a small balance last month (with few exceptions)."""
    if month == 0:
        return 1
    before = _months(number, month - 1)
    if before and _owed(number, month - 1) == 500 and number % 11:
        return 0
    return before + 1 if before else 1


def test_it_learns_from_older_months_and_is_measured_on_persons_of_the_newest_that_it_never_saw(bank):
    learn, test = book.learned_from(bank, upto=TODAY)
    assert set(learn.ends.tolist()) == {1, 2}
    assert set(test.ends.tolist()) == {3}
    assert not set(learn.persons.tolist()) & set(test.persons.tolist())
    assert len(learn) > 500 < len(test) * 10
    late_with_little = learn.found.balance[:, -1] == 500
    assert learn.came_right[late_with_little].mean() > 0.85 > 0.05 > learn.came_right[~late_with_little].mean()
    model = using.train(creditor=bank, upto=TODAY, actor=SYSTEM, at=NOW)
    assert (model.status, model.number) == ("draft", 1)
    assert model.evaluation["ours"]["auc"] > 0.9
    assert model.evaluation["ours"]["rows"] == len(test)
    assert using.train(creditor=bank, upto=TODAY, actor=SYSTEM, at=NOW).number == 2


def test_a_book_without_months_is_refused_and_says_what_is_missing():
    creditor = CreditorFactory()
    with pytest.raises(training.NotEnough, match="0 months are known"):
        using.train(creditor=creditor, upto=TODAY, actor=SYSTEM, at=NOW)
    with pytest.raises(commands.WrongUse, match="There is no creditor nowhere"):
        Command().report(creditor="nowhere")


@pytest.fixture
def two_cases():
    """A model in waiting, a case one month late and one three months late."""
    model = ScoreModelFactory(trained_by=UserFactory(admin=True, username="trainer"))
    cases = []
    for number, dpd in enumerate((20, 80)):
        case = CaseFactory(creditor=model.creditor, at=NOW - timedelta(days=1), dpd=dpd, balance="2000.00")
        cases.append(case)
        assert Account.objects.filter(person_id=case.person_id).count() == 1, number
    return model, *cases


def put_in_force(model, **more):
    by = more.pop("by", None) or UserFactory(compliance=True)
    return using.approve(model_id=model.pk, **{"by": by, "why": "calibrated", "upto": TODAY, "at": NOW} | more)


def test_in_force_it_says_a_chance_of_every_case_and_moves_the_score_within_bounds(two_cases):
    model, early, late = two_cases
    put_in_force(model)
    said = {chance.case_id: chance for chance in CaseChance.objects.all()}
    assert set(said) == {early.pk, late.pk}
    assert said[early.pk].chance == Decimal("0.5000")  # the log-odds are 0
    assert said[early.pk].factor == Decimal("1.25")  # 0.5 of a usual 0.4
    assert said[late.pk].chance == Decimal("0.1192")  # the log-odds are -2
    assert said[late.pk].factor == Decimal("0.50")  # 0.3 were too little
    assert chances.of_case(late.pk).reasons == (("months late now", False),)
    score = rules.of_case(Case.objects.get(pk=early.pk), day=TODAY, at=NOW)
    assert score.worth == Decimal("2000.00") * Decimal("0.04") * Decimal("1.25")
    assert set(AuditEvent.objects.filter(name__startswith="score_model").values_list("name", flat=True)) == {
        "score_model.approved"
    }


def test_nobody_puts_in_force_what_he_trained_and_nothing_without_a_reason_or_worth(two_cases):
    model = two_cases[0]
    for changes, code in (({"by": model.trained_by}, "own"), ({"why": " "}, "no-reason")):
        with pytest.raises(ModelRefused) as refused:
            put_in_force(model, **changes)
        assert refused.value.code == code
    model.evaluation["ours"] = MEASURED | {"auc_low": 0.49}
    model.save()
    with pytest.raises(ModelRefused) as refused:
        put_in_force(model)
    assert refused.value.code == "worse-than-chance"
    assert not CaseChance.objects.exists()


def test_the_database_itself_asks_for_the_second_person(two_cases):
    model = two_cases[0]
    table = "UPDATE cases_scoremodel SET status = 'in_force', approved_by_id = %s WHERE id = %s"
    for approver in (None, model.trained_by_id):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(table, [approver, model.pk])
    using.retire(model_id=model.pk, actor=SYSTEM, at=NOW)
    with pytest.raises(DatabaseError, match="may not move"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(table, [UserFactory().pk, model.pk])


def test_taken_back_it_says_nothing_any_more_and_a_new_one_takes_its_place(two_cases):
    model, early, _ = two_cases
    put_in_force(model)
    newer = ScoreModelFactory(creditor=model.creditor)
    put_in_force(newer)
    model.refresh_from_db()
    assert model.status == "retired"
    assert set(CaseChance.objects.values_list("model_id", flat=True)) == {newer.pk}
    using.retire(model_id=newer.pk, actor=Actor.of(UserFactory(admin=True)), at=NOW)
    assert chances.of_case(early.pk) is None


def test_the_task_reckons_anew_where_the_book_has_changed_and_only_there(two_cases, settings):
    model, early, _ = two_cases
    put_in_force(model)
    later = set_clock(settings, NOW + timedelta(days=1))
    assert chances.waiting() == []
    reckon_chances()
    assert set(CaseChance.objects.values_list("reckoned_at", flat=True)) == {NOW}
    AccountState.objects.create(
        account=early.account, person_id=early.person_id, creditor=model.creditor, effective_on=TODAY,
        recorded_at=NOW + timedelta(hours=20), stated="days", days_past_due=95, balance=2000,
        currency=early.currency,
    )  # fmt: skip
    assert [each.pk for each in chances.waiting()] == [model.pk]
    reckon_chances()
    assert CaseChance.objects.get(case=early).factor == Decimal("0.50")
    assert later is None or chances.waiting() == []


def test_the_pages_show_rules_and_worth_and_let_a_second_person_decide(two_cases):
    model = two_cases[0]
    client = Client()
    client.force_login(UserFactory(compliance=True))
    shown = client.get(reverse("cases:priority")).content.decode()
    assert "a promise was broken" in shown
    assert "+22" in shown
    assert model.creditor.name in shown
    page = reverse("cases:priority-model", args=[model.pk])
    detail = client.get(page).content.decode()
    assert "0.700" in detail
    assert "too few to say" in detail
    assert "1.5 – 2.5: <b>−20</b>" in detail
    decide = reverse("cases:priority-decide", args=[model.pk])
    assert "Say why." in client.post(decide, {"verdict": "approve"}, follow=True).content.decode()
    answer = client.post(decide, {"verdict": "approve", "reason": "calibrated"}, follow=True).content.decode()
    assert "It moves the order from the next close of day." in answer
    model.refresh_from_db()
    assert model.status == "in_force"
    other = Client()
    other.force_login(UserFactory(team=TeamFactory(), supervisor=True))
    assert other.get(page).status_code == 404


def test_an_account_without_any_state_has_an_empty_history(bank):
    case = CaseFactory(creditor=bank, at=NOW, accounts=False)
    AccountFactory(person=case.person, product=bank.products.get(), on=TODAY, dpd=5)
    found, of_case, owed = book.now(bank, upto=TODAY, cases=[case.pk])
    assert (of_case.tolist(), owed.tolist()) == ([case.pk], [500.0])
    assert found.late.tolist() == [[0, 0, 0, 0, 0, 1]]
