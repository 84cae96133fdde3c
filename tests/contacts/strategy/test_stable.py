"""The side that a person is on: the same in Python and in the database, for ever, and spread evenly."""

import pytest

from cases.models import Person
from contacts.strategy.stable import number_of, number_sql
from tests.factories.cases import PersonFactory

pytestmark = pytest.mark.django_db


def test_numbers_are_the_ones_that_were_given_once_and_for_all():
    given = [number_of("card-early", person_id) for person_id in (1, 2, 3, 1_000_000)]

    assert given == [41, 80, 1, 77]


@pytest.mark.parametrize("salt", ["card-early", "hipoteca-año", "卡", "o'brien %s", ""])
@pytest.mark.parametrize("of", [1, 7, 100, 10_000])
def test_python_and_the_database_give_the_same_number(salt, of):
    persons = [PersonFactory() for _ in range(10)]

    found = dict(
        Person.objects.filter(pk__in=[person.pk for person in persons])
        .annotate(number=number_sql(salt, "pk", of))
        .values_list("pk", "number")
    )

    assert found == {person.pk: number_of(salt, person.pk, of) for person in persons}


def test_another_salt_gives_other_numbers():
    assert [number_of("a", pk) for pk in range(20)] != [number_of("b", pk) for pk in range(20)]


def test_a_tenth_of_the_persons_is_below_ten():
    below = sum(number_of("card-early", pk) < 10 for pk in range(20_000))

    assert 1_900 < below < 2_100
