"""A question that is asked often says what its query set says, for the values with which it is asked."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Count, F, Prefetch, QuerySet
from django.utils import translation

from cases.asking import AskedByUsers, Sort
from cases.models import Account, Case, Creditor, Note
from collections_app.shared.asked_often import Asked, IsOneOf, asked_often
from contacts import timeline
from contacts.views import desk  # noqa: F401 - its questions are among those that are looked at
from tests.factories.cases import CaseFactory, CreditorFactory, NoteFactory
from tests.factories.staff import set_clock

COLLECTOR = Sort("collector", is_active=True, has_team=True, rights=frozenset({"cases.view_case"}))
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
KNOWN = "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'kept_%'"
pytestmark = pytest.mark.django_db


def notes_before(case: int, before: datetime) -> QuerySet[Note]:
    """Return the newest notes of a case before an instant."""
    written = Note.objects.filter(case_id=case, written_at__lt=before)
    return written.select_related("case__creditor").order_by("-written_at", "-pk")[:2]


def cases_by_person(persons: list[int], names: list[str]) -> QuerySet[Case, tuple[int, int]]:
    cases = Case.objects.filter(IsOneOf(F("person_id"), persons), IsOneOf(F("creditor__name"), names))
    return cases.values("person_id").annotate(n=Count("pk")).values_list("person_id", "n").order_by("person_id")


def known() -> int:
    with connection.cursor() as cursor:
        cursor.execute(KNOWN)
        return int(cursor.fetchone()[0])


@pytest.fixture
def cases() -> list[Case]:
    found = [CaseFactory(creditor=CreditorFactory(name=name), at=NOON) for name in ("North", "100% South", "$1 West")]
    for case in found:
        for hours in range(4):
            NoteFactory(case=case, written_at=NOON - timedelta(hours=hours), text=f"{case.creditor.name} {hours}")
    return found


def test_it_answers_as_its_query_set_does_each_time_for_its_own_values(cases, django_assert_num_queries):
    asked = asked_often(notes_before)
    for case in cases:
        for hours in (0, 1, 9):
            before = NOON - timedelta(hours=hours)
            plain = list(notes_before(case.pk, before))
            with django_assert_num_queries(1):
                said = asked(case=case.pk, before=before)
                assert [(note.pk, note.text, note.case.creditor.name) for note in said] == [
                    (note.pk, note.text, case.creditor.name) for note in plain
                ]
    first = asked.first(case=cases[1].pk, before=NOON)
    assert first is not None
    assert first.text == "100% South 1"
    assert asked.first(case=cases[1].pk, before=NOON - timedelta(days=1)) is None


def test_it_is_planned_once(cases):
    asked = asked_often(notes_before)
    asked(case=cases[0].pk, before=NOON)
    before = known()
    assert before > 0
    for case in cases:
        asked(case=case.pk, before=NOON)
        asked_often(notes_before)(case=case.pk, before=NOON)
    assert known() == before


def test_rows_are_as_fresh_as_those_of_a_query(cases):
    asked, case = asked_often(notes_before), cases[0]
    shown = asked(case=case.pk, before=NOON)
    NoteFactory(case=case, written_at=NOON - timedelta(minutes=5), text="later")
    assert [note.text for note in shown] == ["North 1", "North 2"]
    assert [note.text for note in asked(case=case.pk, before=NOON)] == ["later", "North 1"]


def test_lists_and_counts(cases):
    asked = asked_often(cases_by_person)
    persons = [case.person_id for case in cases]
    assert asked(persons=persons, names=["North", "$1 West"]) == [(persons[0], 1), (persons[2], 1)]
    assert asked(persons=persons[1:], names=["North"]) == []
    assert asked(persons=[], names=[]) == []


def test_what_is_read_beside_the_rows_is_read_for_them(cases, django_assert_num_queries):
    @asked_often
    def with_accounts(creditor: int) -> QuerySet[Creditor]:
        accounts = Prefetch("accounts", Account.objects.order_by("pk"))
        return Creditor.objects.filter(pk=creditor).prefetch_related(accounts)

    for case in cases:
        with django_assert_num_queries(2):
            (creditor,) = with_accounts(creditor=case.creditor_id)
            assert {account.person_id for account in creditor.accounts.all()} == {case.person_id}


def test_a_sign_of_a_parameter_in_a_text_is_a_text(cases):
    @asked_often
    def named() -> QuerySet[Creditor, str]:
        return Creditor.objects.filter(name__in=["$1 West", "100% South"]).order_by("name").values_list(
            "name", flat=True
        )  # fmt: skip

    @asked_often
    def beside(creditor: int) -> QuerySet[Creditor, str]:
        return Creditor.objects.filter(name__contains="$1").exclude(pk=creditor).values_list("name", flat=True)

    assert named() == ["$1 West", "100% South"]
    assert beside(creditor=cases[0].creditor_id) == ["$1 West"]
    assert beside(creditor=cases[2].creditor_id) == []


def test_a_question_that_nothing_can_answer_asks_nothing(django_assert_num_queries):
    @asked_often
    def nobody(case: int) -> QuerySet[Case]:
        return Case.objects.filter(pk=case).none()

    with django_assert_num_queries(0):
        assert nobody(case=1) == []
        assert nobody.first(case=1) is None


def test_behind_a_pooler_the_same_is_answered_and_nothing_is_prepared(cases, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", 1)
    asked, before = asked_often(notes_before), known()
    texts = [note.text for case in cases for note in asked(case=case.pk, before=NOON)]
    assert texts == ["North 1", "North 2", "100% South 1", "100% South 2", "$1 West 1", "$1 West 2"]
    assert known() == before


@pytest.mark.parametrize("values", [{}, {"case": 1}, {"case": 1, "before": NOON, "after": NOON}])
def test_it_is_asked_with_its_own_parameters(values: dict[str, Any]):
    with pytest.raises(TypeError, match="notes_before is asked with case, before"):
        asked_often(notes_before)(**values)


def test_a_kind_of_value_that_has_no_place_in_a_query_is_refused_when_it_is_written():
    def unclear(case: object) -> QuerySet[Case]:
        return Case.objects.filter(pk=case)

    refused: Callable[[Any], Asked[Case]] = asked_often
    with pytest.raises(TypeError, match="case must be one, or a list, of int, str, bool, date, datetime"):
        refused(unclear)


def kept_questions() -> list[Asked[Any]]:
    """Return the questions of the product, as its modules and the sources of the timeline hold them."""
    apps = ("cases", "contacts", "compliance", "collections_app")
    modules = [module for name, module in list(sys.modules.items()) if name.partition(".")[0] in apps]
    held = [value for module in modules for value in vars(module).values()]
    of_users = [each._for(COLLECTOR) for each in held if isinstance(each, AskedByUsers)]
    return [*(each for each in held if isinstance(each, Asked)), *of_users, *(each.newest for each in timeline.SOURCES)]


def test_neither_the_hour_nor_the_language_is_in_a_question(settings):
    questions = kept_questions()
    assert len(questions) > 35
    said: list[list[str]] = [[], []]
    for place, (language, at) in enumerate([("en", NOON), ("zh-hans", NOON + timedelta(days=400))]):
        set_clock(settings, at)
        with translation.override(language):  # put together anew, as the first who asks would
            anew = [Asked(each.build, each.kinds)._made for each in questions]
            said[place] = [made.prepared.name for made in anew if made is not None]
    assert said[0] == said[1]
