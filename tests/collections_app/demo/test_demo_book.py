"""The demo book: real figures, invented people, the same every time, nobody's number."""

import re
from datetime import date

import phonenumbers
import pytest

from collections_app.demo import book, people, tapes

FICTION = re.compile(
    r"\+1[2-9]\d\d55501\d\d|\+447700900\d{3}|\+44(?:11[3-8]|1[2-6]1)4960\d{3}|\+441914980\d{3}|\+61491570\d{3}"
    r"|\+61[2378]5550\d{4}|\+8616[03]\d{8}|\+9110\d{8}"
)


def test_the_book_holds_the_accounts_of_the_source():
    accounts = list(book.accounts())
    assert len(accounts) == 24_000
    assert accounts[0] == book.Account(
        "TW00001", "20000", ("-2", "-2", "-1", "-1", "2", "2"), ("0", "0", "0", "689", "3102", "3913"),
        ("0", "0", "0", "0", "689", "0"), 60,
    )  # fmt: skip
    assert len({account.number for account in book.accounts(2)}) == 48_000


def test_the_same_seed_makes_the_same_people_and_another_seed_others():
    def invent(seed: int) -> list[people.Person]:
        inventor = people.Inventor(people.PLACES[0], seed=seed)
        return [inventor.invent() for _count in range(50)]

    assert invent(7) == invent(7)
    assert invent(7) != invent(8)


@pytest.mark.parametrize("place", people.PLACES, ids=lambda place: place.code)
def test_every_number_is_one_that_nobody_can_have_and_is_given_once(place):
    inventor = people.Inventor(place, seed=1)
    made = [inventor.invent() for _count in range(3_000)]
    numbers = [number for one in made for number in (one.mobile, one.home_phone, one.guarantor_mobile) if number]
    assert [number for number in numbers if not FICTION.fullmatch(number)] == []
    assert len(numbers) == len(set(numbers))
    assert all(re.search(r"@example\.(com|org|net)$", one.email) for one in made if one.email)


@pytest.mark.parametrize("number", ["+8616012345678", "+8616312345678", "+911012345678"])
def test_where_no_range_is_kept_for_fiction_the_plan_assigns_the_prefix_to_nobody(number):
    parsed = phonenumbers.parse(number)
    assert phonenumbers.is_possible_number(parsed)
    assert not phonenumbers.is_valid_number(parsed)


def test_the_shares_of_the_places_make_a_hundred():
    assert sum(place.share for place in people.PLACES) == 100
    assert {place.time_zone for place in people.PLACES} >= {
        "Asia/Shanghai", "America/New_York", "America/Chicago", "America/Los_Angeles", "Europe/London",
        "Australia/Sydney", "Asia/Kolkata",
    }  # fmt: skip


def test_the_last_tape_ends_on_the_day_asked_for_and_states_due_dates(tmp_path):
    made = tapes.write(tmp_path, last=date(2026, 3, 3), scale=0.01, seed=1)
    days = [
        date(2025, 10, 1),
        date(2025, 11, 1),
        date(2025, 12, 1),
        date(2026, 1, 1),
        date(2026, 2, 1),
        date(2026, 3, 3),
    ]
    assert sorted({tape.as_of for tape in made}) == days
    assert {tape.mapping for tape in made if tape.as_of == date(2026, 3, 3)} == {"demo-due-dates"}
    assert len(made) == 30


@pytest.mark.django_db
def test_a_small_demo_book_is_loaded_whole_and_a_second_time_changes_nothing(capsys):
    import json

    from django.core.management import call_command

    from cases.models import Account, Person
    from contacts.models import Letterhead, Seal

    call_command("seed_demo", "--scale", "0.025", "--seed", "3", "--json")
    first = json.loads(capsys.readouterr().out)
    assert first["accounts"] == 600
    assert {tape["refused"] for tape in first["tapes"]} == {0}
    assert Person.objects.filter(is_named=False).count() == 0
    assert Account.objects.filter(creditor__acting_as="creditor").count() == 300
    call_command("seed_demo", "--scale", "0.025", "--seed", "3", "--json")
    again = json.loads(capsys.readouterr().out)
    assert {(tape["created"], tape["updated"]) for tape in again["tapes"]} == {(0, 0)}
    assert again["persons"] == first["persons"]
    assert Letterhead.objects.count() == 5
    assert Seal.objects.filter(status="approved", creditor__code="lantern-bank").count() == 1


@pytest.mark.django_db
def test_after_a_close_the_demo_has_plans_settlements_and_cases_in_hand_and_no_more_a_second_time(capsys):
    import json

    from django.core.management import call_command

    from cases.models import Case, Creditor, DistributionRun, Plan, Settlement
    from collections_app.shared import clock
    from collections_app.staff.models import WorkProfile
    from contacts import night
    from contacts.night.runs import last_day_over

    call_command("seed_demo", "--scale", "0.025", "--seed", "3", "--json")
    assert WorkProfile.objects.count() == 7
    capsys.readouterr()
    call_command("seed_demo", "--agreements", "--json")
    nothing = json.loads(capsys.readouterr().out)
    assert (nothing["plans"], nothing["settlements"], nothing["allocations"]) == (0, 0, 0)  # no case stands yet
    bank, at = Creditor.objects.get(code="lantern-bank"), clock.now()
    night.close_of_day(creditor_id=bank.pk, business_date=last_day_over(bank, at=at), at=at)
    call_command("seed_demo", "--agreements", "--json")
    made = json.loads(capsys.readouterr().out)
    assert made["plans"] == Plan.objects.filter(case__creditor=bank).count() > 2
    assert made["settlements"] == Settlement.objects.count() > 1
    assert DistributionRun.objects.get().creditor == bank
    assert Case.objects.filter(owner__isnull=False).exists()
    call_command("seed_demo", "--agreements", "--json")
    again = json.loads(capsys.readouterr().out)
    assert {name: again[name] for name in ("plans", "settlements", "allocations")} == {
        name: made[name] for name in ("plans", "settlements", "allocations")
    }
