"""Lists show what the user may see, found by name, reference or number; a filter in the address is a set of cases."""

import re

import pytest
from django.urls import reverse

from tests.factories.cases import (
    AccountFactory,
    AddressFactory,
    CaseFactory,
    ContactPointFactory,
    CreditorFactory,
    HoldFactory,
    PersonFactory,
)
from tests.factories.staff import UserFactory, set_clock


@pytest.fixture
def noon(at, settings, db):
    moment = at.replace(hour=3)
    set_clock(settings, moment)
    return moment


@pytest.fixture
def bank(team):
    return CreditorFactory(team=team, code="bank", currency="CNY")


@pytest.fixture
def desk(client, collector):
    client.force_login(collector)
    return client


def refs(client, **asked):
    """Return what the list shows: what is typed is sent as its form sends it."""
    send = client.post if "q" in asked else client.get
    return {row["ref"] for row in send(reverse("cases:list"), asked, follow=True).context["cases"]}


def test_only_the_cases_of_the_own_team_are_listed(desk, bank, noon):
    mine = CaseFactory(creditor=bank, at=noon)
    CaseFactory(at=noon)
    assert refs(desk) == {mine.ref}


def test_a_compliance_officer_sees_every_team(client, bank, noon):
    ours, theirs = CaseFactory(creditor=bank, at=noon), CaseFactory(at=noon)
    client.force_login(UserFactory(compliance=True))
    assert refs(client) == {ours.ref, theirs.ref}


def test_a_case_is_found_by_name_reference_and_last_four_digits(desk, bank, noon):
    case = CaseFactory(creditor=bank, person=PersonFactory(name="王小明"), at=noon)
    CaseFactory(creditor=bank, at=noon)
    account = AccountFactory(
        person=case.person, product=bank.products.get(), borrower=case.borrower, number="62220000987654"
    )
    for words in ("小明", case.ref, case.ref.lower(), account.number_last4, "62220000987654"):
        assert refs(desk, q=words) == {case.ref}, words


def test_a_whole_telephone_number_finds_its_person_in_any_spelling(desk, bank, noon):
    case = CaseFactory(creditor=bank, at=noon, points=False)
    CaseFactory(creditor=bank, at=noon)
    ContactPointFactory(person=case.person, address=AddressFactory(value="+8619912345678"))
    for words in ("199 1234 5678", "+86 19912345678", "19912345678"):
        assert refs(desk, q=words) == {case.ref}, words


@pytest.mark.parametrize(
    "words", ["19912345678", "+86 199 1234 5678", "１９９１２３４５６７８", "wang 199123", "11010119850312001X"]
)
def test_a_whole_number_never_gets_into_an_address(desk, bank, noon, words):
    case = CaseFactory(creditor=bank, at=noon, points=False, person=PersonFactory(name="wang 199123"))
    ContactPointFactory(person=case.person, address=AddressFactory(value="+8619912345678"))
    answer = desk.post(reverse("cases:list"), {"q": words, "status": "new", "view": "open"})
    assert answer.status_code == 200  # shown at once: nothing leads to another address
    addresses = re.findall(r'(?:href|action)="([^"]*)"', answer.content.decode())
    assert [one for one in addresses if "199" in one or "1985" in one or "q=" in one] == []
    by_address = desk.get(reverse("cases:list"), {"q": words})
    assert "A whole number is looked for in the search field" in by_address.content.decode()
    assert by_address.context["search"] == ""


@pytest.mark.parametrize("words", ["wang", "5678"])
def test_what_is_no_whole_number_is_an_address_that_can_be_kept(desk, words):
    answer = desk.post(reverse("cases:list"), {"q": words, "status": "new", "bucket": ""})
    assert (answer.status_code, answer.url) == (302, f"{reverse('cases:list')}?q={words}&status=new")


@pytest.mark.parametrize(
    "words", ["%", "C-000000", "0000000000000000000000", "'", "\x00zz", "'; drop table", "9" * 5000]
)
def test_any_words_are_only_words(desk, bank, noon, words):
    CaseFactory(creditor=bank, at=noon)
    assert refs(desk, q=words) == set()


@pytest.mark.parametrize(("dpd", "bucket"), [(0, "M0"), (1, "M1"), (30, "M1"), (31, "M2"), (180, "M6"), (181, "M7+")])
def test_a_bucket_holds_its_days(desk, bank, noon, dpd, bucket):
    case = CaseFactory(creditor=bank, at=noon, dpd=dpd)
    found = {label for label in ("M0", "M1", "M2", "M3", "M4", "M5", "M6", "M7+") if refs(desk, bucket=label)}
    assert found == {bucket}
    assert refs(desk, bucket=bucket) == {case.ref}


def test_views_and_filters_narrow_the_list(desk, collector, bank, noon):
    owned = CaseFactory(creditor=bank, at=noon, owner=collector)
    held = CaseFactory(creditor=bank, at=noon)
    HoldFactory(case=held)
    cured = CaseFactory(creditor=bank, at=noon, cured=True)
    assert refs(desk, view="mine") == {owned.ref}
    assert refs(desk, view="held") == {held.ref}
    assert refs(desk, view="resolved") == {cured.ref}
    assert refs(desk, status="new", creditor="bank") == {owned.ref, held.ref}
    assert refs(desk, creditor="other") == set()


def test_a_filter_keeps_the_view_that_it_was_set_in(desk, bank, noon):
    page = desk.get(reverse("cases:list"), {"view": "held"})
    assert '<input type="hidden" name="view" value="held">' in page.content.decode()


def test_pages_follow_each_other_without_gaps_or_doubles(desk, bank, noon, monkeypatch):
    monkeypatch.setattr("cases.views.list.PAGE", 3)
    everything = [CaseFactory(creditor=bank, at=noon, score=n // 2).ref for n in range(7)]
    seen, asked = [], {}
    while True:
        context = desk.get(reverse("cases:list"), asked).context
        seen += [row["ref"] for row in context["cases"]]
        if not context["page"]["next"]:
            break
        asked = {"after": context["page"]["next"]}
    assert sorted(seen) == sorted(everything)
    assert context["page"]["count"] == 7
    back = desk.get(reverse("cases:list"), {"before": context["page"]["previous"]}).context["cases"]
    assert [row["ref"] for row in back] == seen[3:6]


@pytest.mark.parametrize("token", ["x", "1.x", ".", "9" * 40 + ".1", "1." + "9" * 40, "-1.-1"])
def test_a_broken_place_begins_at_the_beginning(desk, bank, noon, token):
    case = CaseFactory(creditor=bank, at=noon)
    assert refs(desk, after=token) == {case.ref}


def test_the_list_asks_the_database_as_often_for_many_cases_as_for_one(desk, bank, noon, django_assert_max_num_queries):
    for _many in range(12):
        CaseFactory(creditor=bank, at=noon)
    with django_assert_max_num_queries(12):
        desk.get(reverse("cases:list"))
