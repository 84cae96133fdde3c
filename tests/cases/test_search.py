"""The one search: by name, number, reference, of what the user may see; whole numbers leave a trace without them."""

from datetime import timedelta
from time import monotonic

import pytest
from django.db import connection

from cases import name_index, search
from cases.models import ContactPoint, NamesSpelled, PartyRole, Person, PersonName
from collections_app.shared import sealed
from collections_app.shared.actor import Actor
from compliance.models import AuditEvent
from tests.factories.cases import (
    AccountFactory,
    AddressFactory,
    BorrowerFactory,
    CaseFactory,
    ContactPointFactory,
    CreditorFactory,
    PersonFactory,
    ProductFactory,
)

CHINESE_ID = "11010519491231002X"


@pytest.fixture
def bank(team):
    return CreditorFactory(team=team, code="bank", currency="CNY")


@pytest.fixture
def case(bank, at):
    """A case of 王丽, whose keys are made, beside one of somebody else."""
    found = CaseFactory(creditor=bank, person=PersonFactory(name="王丽"), at=at, points=False, accounts=False)
    CaseFactory(creditor=bank, person=PersonFactory(name="Zoe Quill"), at=at, points=False, accounts=False)
    name_index.spell(at=at)
    return found


def asked(user, text, at):
    return search.find(user, text, actor=Actor.of(user), at=at)


def refs(user, text, at):
    return {hit.case.ref for hit in asked(user, text, at).hits}


def traces():
    return list(AuditEvent.objects.filter(name="search.whole_number").order_by("pk"))


# Names


@pytest.mark.parametrize("text", ["王丽", "丽", "wang li", "wangli", "wl", "li wang", "Wang L", "ｗｌ"])
def test_a_name_is_found_in_any_part_and_order(case, collector, at, text):
    assert refs(collector, text, at) == {case.ref}


@pytest.mark.parametrize("text", ["王芳", "zl", "wangling", "", " ", "w", "%", "' or 1=1", "\0", "9" * 5000])
def test_what_fits_nobody_finds_nobody(case, collector, at, text):
    assert refs(collector, text, at) == set()


def test_the_middle_of_a_word_finds_where_no_beginning_does(case, collector, bank, at):
    zoe = CaseFactory(creditor=bank, person=PersonFactory(name="Ann Tranquil"), at=at)
    name_index.spell(at=at)
    assert refs(collector, "quil", at) != {zoe.ref}  # Zoe Quill begins so
    assert refs(collector, "ranq", at) == {zoe.ref}


def test_somebody_new_is_found_by_his_characters_at_once_and_by_pinyin_once_spelled(case, collector, bank, at):
    new = CaseFactory(creditor=bank, person=PersonFactory(name="单雄信"), at=at)
    assert refs(collector, "雄信", at) == {new.ref}
    assert refs(collector, "shan", at) == set()
    name_index.spell(at=at)
    assert refs(collector, "shan", at) == {new.ref}
    assert refs(collector, "dan", at) == set()


def test_a_changed_name_is_found_at_once_and_the_old_one_no_longer(case, collector, at):
    Person.objects.filter(pk=case.person_id).update(name="李娜")
    assert refs(collector, "李娜", at) == {case.ref}
    assert refs(collector, "wangli", at) == refs(collector, "王丽", at) == set()
    assert name_index.spell(at=at).names == 1
    assert refs(collector, "lina", at) == {case.ref}
    assert not PersonName.objects.filter(is_stale=True).exists()


def test_a_case_whose_name_is_just_that_comes_first(case, collector, bank, at):
    longer = CaseFactory(creditor=bank, person=PersonFactory(name="王丽丽"), at=at, score=99)
    name_index.spell(at=at)
    assert [hit.case.ref for hit in asked(collector, "王丽", at).hits] == [case.ref, longer.ref]
    assert [hit.case.ref for hit in asked(collector, "wl", at).hits] == [case.ref, longer.ref]
    assert [hit.case.ref for hit in asked(collector, "wang", at).hits] == [longer.ref, case.ref]  # by priority


def test_more_than_are_shown_is_said(case, collector, bank, at):
    for number in range(3):
        CaseFactory(creditor=bank, person=PersonFactory(name=f"王丽{number}"), at=at)
    found = search.find(collector, "王丽", actor=Actor.of(collector), at=at, shown=3)
    assert (len(found.hits), found.is_more) == (3, True)
    assert not search.find(collector, "王丽", actor=Actor.of(collector), at=at, shown=4).is_more


# What the user may see


def test_nothing_of_another_team_is_found_by_anything(case, outsider, supervisor, bank, at):
    AccountFactory(
        person=case.person, product=ProductFactory(creditor=bank), borrower=case.borrower, number="62220000987654"
    )
    ContactPointFactory(person=case.person, address=AddressFactory(value="+8613912345678"))
    ways = ["王丽", "wl", "62220000987654", "7654", "13912345678", "5678", case.ref, case.borrower.external_ref]
    assert [refs(outsider, text, at) for text in ways] == [set()] * len(ways)
    assert [refs(supervisor, text, at) for text in ways] == [{case.ref}] * len(ways)


def test_somebody_who_has_left_finds_nothing(case, collector, at):
    collector.is_active = False
    assert refs(collector, "wangli", at) == set()


# Numbers


@pytest.fixture
def numbered(case, bank):
    AccountFactory(
        person=case.person, product=ProductFactory(creditor=bank), borrower=case.borrower, number="62220000987654"
    )
    ContactPointFactory(person=case.person, address=AddressFactory(value="+8613912345678"))
    case.person.document_kind, case.person.document_last4 = "cn_id", "002X"
    case.person.document_sealed = sealed.seal(CHINESE_ID)
    case.person.document_hash = sealed.digest("document", CHINESE_ID)
    case.person.save(update_fields=["document_kind", "document_last4", "document_sealed", "document_hash"])
    return case


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("5678", "telephone …5678"), ("345678", "telephone …5678"), ("139 1234 5678", "telephone number"),
        ("+86 139-1234-5678", "telephone number"), ("１３９１２３４５６７８", "telephone number"),
        ("7654", "account …7654"), ("62220000987654", "account number"), ("6222 0000 987654", "account number"),
        ("11010519491231002X", "identity document"), ("11010519491231002x", "identity document"),
        ("110105 19491231 002X", "identity document"),
    ],
)  # fmt: skip
def test_a_number_finds_its_case_and_says_by_what(numbered, collector, at, text, by):
    assert [(hit.case.ref, hit.by) for hit in asked(collector, text, at).hits] == [(numbered.ref, by)]


@pytest.mark.parametrize(
    "text",
    [
        "678", "45679", "335678", "13912345679", "0987654", "622200009876", "62220000987655",
        "002X", "231002X", "11010519491231002", "1101051949123100", "19491231002X",
    ],
)  # fmt: skip
def test_a_part_of_an_account_or_document_and_a_wrong_tail_find_nothing(numbered, collector, at, text):
    assert refs(collector, text, at) == set()


def test_a_number_that_was_removed_finds_nobody(numbered, collector, at):
    ContactPoint.objects.update(state="removed")
    assert refs(collector, "5678", at) == refs(collector, "13912345678", at) == set()


def test_the_telephone_of_a_guarantor_finds_the_case_he_stands_for(numbered, collector, at):
    guarantor = PersonFactory(name="赵六")
    role = PartyRole.objects.create(borrower=numbered.borrower, person=guarantor, role="guarantor", since=at)
    ContactPointFactory(person=guarantor, address=AddressFactory(value="+8613800001111"))
    hits = asked(collector, "13800001111", at).hits
    assert [(hit.case.ref, hit.by) for hit in hits] == [(numbered.ref, "telephone number of another party")]
    role.until = at + timedelta(days=1)
    role.save(update_fields=["until"])
    assert refs(collector, "13800001111", at) == set()


@pytest.mark.parametrize("spell", [str, str.lower])
def test_a_reference_finds_its_case(case, collector, at, spell):
    assert refs(collector, spell(case.ref), at) == {case.ref}
    assert refs(collector, spell(case.borrower.external_ref), at) == {case.ref}
    assert refs(collector, case.borrower.external_ref[:-1], at) == set()


def test_a_whole_number_leaves_a_trace_that_does_not_hold_it(numbered, collector, at):
    asked(collector, "62220000987654", at)
    asked(collector, CHINESE_ID, at)
    asked(collector, "6222000098760000", at)
    kinds = [(trace.details["kinds"], trace.details["found"]) for trace in traces()]
    every = ["account", "phone", "document"]
    assert kinds == [(every, 1), (["account", "document"], 1), (every, 0)]
    assert {(trace.actor_id, trace.subject_id, trace.at) for trace in traces()} == {(collector.pk, collector.pk, at)}
    assert not any(number in str(trace.details) for trace in traces() for number in ("6222", "1101", "7654", "002X"))


@pytest.mark.parametrize("text", ["wangli", "5678", "王丽", "345678", "C-000000"])
def test_what_is_no_whole_number_leaves_none(numbered, collector, at, text):
    asked(collector, text, at)
    assert traces() == []


# Spelling in the background


def test_spelling_stops_when_its_time_is_over_and_goes_on_later(db, at):
    for number in range(4):
        PersonFactory(name=f"王{number}")
    assert name_index.spell(at=at, seconds=0, portion=3) == name_index.Spelled(3, is_done=False)
    assert name_index.spell(at=at, portion=3).names == 1


def test_somebody_who_is_written_late_is_not_passed_over(own_database, at):
    """A number is given before its transaction ends: what comes later must not hide it."""
    from django.db import connections

    late = connections["default"].copy()
    try:
        with late.cursor() as cursor:
            late.set_autocommit(False)
            cursor.execute(
                "INSERT INTO cases_person (kind, name, is_named, language, jurisdiction, time_zone, document_kind,"
                " document_last4, vulnerability, created_at)"
                " VALUES ('person', '单雄信', true, 'zh-hans', 'CN', '', '', '', 'none', now()) RETURNING id"
            )
            number = cursor.fetchone()[0]
            early = PersonFactory(name="王丽")
            assert early.pk > number
            name_index.spell(at=at)
            name_index.spell(at=at)
            assert PersonName.objects.filter(person=early).exists()
            assert NamesSpelled.objects.get().through < number
            late.commit()
        assert name_index.spell(at=at).names == 1
        assert PersonName.objects.filter(person_id=number).exists()
    finally:
        late.close()


# The list


def test_the_list_searches_the_same_way_and_leaves_the_same_trace(client, numbered, collector, at):
    client.force_login(collector)
    for text in ("wl", "5678", "13912345678", CHINESE_ID):
        rows = client.post("/cases/", {"q": text}, follow=True).context["cases"]
        assert [row["ref"] for row in rows] == [numbered.ref], text
    assert len(traces()) == 2


# The page


def test_the_page_searches_without_scripts_and_keeps_the_words_out_of_the_address(client, numbered, collector):
    client.force_login(collector)
    assert client.get("/search/", {"q": "13912345678"}).context["asked"] is None
    assert traces() == []
    page = client.post("/search/", {"q": "13912345678"})
    assert [row["ref"] for row in page.context["hits"]] == [numbered.ref]
    assert "<!doctype html>" in page.content.decode()


def test_the_palette_is_given_rows_alone(client, numbered, collector):
    client.force_login(collector)
    rows = client.post("/search/", {"q": "wl"}, headers={"HX-Request": "true"}).content.decode()
    assert "<!doctype" not in rows
    assert rows.count('role="option"') == 1
    assert 'data-said="1 case"' in rows
    nothing = client.post("/search/", {"q": "xyz"}, headers={"HX-Request": "true"}).content.decode()
    assert 'data-said="No case is found"' in nothing


def test_a_search_asks_the_database_a_fixed_number_of_times(numbered, collector, bank, at, django_assert_num_queries):
    for number in range(5):
        CaseFactory(creditor=bank, person=PersonFactory(name=f"王丽{number}"), at=at)
    name_index.spell(at=at)
    with django_assert_num_queries(10):
        asked(collector, "wangli", at)


def test_the_search_of_names_uses_its_index(case, collector):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT person_id FROM cases_personname WHERE words @@ '''wang'':*'::tsquery")
        assert "person_names_by_word" in str(cursor.fetchall())


def test_one_borrower_of_two_creditors_is_two_cases(case, collector, team, at):
    other = CreditorFactory(team=team)
    known = BorrowerFactory(person=case.person, creditor=other)
    second = CaseFactory(creditor=other, person=case.person, borrower=known, at=at)
    assert refs(collector, "wangli", at) == {case.ref, second.ref}


def _settled(person, at):
    """Spell until it is settled that nobody before this person is still to come: others' transactions end first."""
    until = monotonic() + 60
    while NamesSpelled.objects.get().through < person.pk:
        assert monotonic() < until
        name_index.spell(at=at)


def test_spelling_goes_through_everybody_in_portions_and_then_rests(own_database, at):
    name_index.spell(at=at)
    people = [PersonFactory(name=f"王{number}") for number in range(7)]
    assert name_index.spell(at=at, portion=3) == name_index.Spelled(7, is_done=True)
    assert PersonName.objects.filter(person__in=people, is_stale=False).count() == 7
    _settled(people[-1], at)
    assert name_index.spell(at=at, portion=3) == name_index.Spelled(0, is_done=True)


def test_whoever_was_missed_is_found_again_the_next_day_and_not_before(own_database, at):
    person = PersonFactory(name="王丽")
    name_index.spell(at=at)
    _settled(person, at)
    PersonName.objects.filter(person=person).delete()
    assert name_index.spell(at=at).names == 0
    assert name_index.spell(at=at + timedelta(days=1)).names == 1
