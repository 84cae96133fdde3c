"""Where a person is chooses the rules: countries, parts and cities; and an opening in one pack opens no other."""

from dataclasses import replace
from typing import Any

import pytest

from cases.models import LocationClaim
from compliance import gate, packs_loader
from compliance.facts import Facts
from contacts import facts
from tests.compliance.asking import ask, at, call, calls, known
from tests.contacts.conftest import TEN
from tests.factories.cases import CaseFactory, PersonFactory

NEW_YORK = "America/New_York"
BOUND = {
    ("US-TX",): ["US-FED", "US-TCPA"],
    ("US-MA",): ["US-FED", "US-MA", "US-TCPA"],
    ("US-WA",): ["US-FED", "US-TCPA", "US-WA"],
    ("US-CA",): ["US-CA", "US-FED", "US-TCPA"],
    ("US-DC",): ["US-DC", "US-FED", "US-TCPA"],
    ("US-WV",): ["US-FED", "US-TCPA", "US-WV"],
    ("US-NY",): ["US-FED", "US-TCPA"],
    ("US-NY-NYC",): ["US-FED", "US-NYC", "US-TCPA"],
    ("US-MA", "US-NY-NYC"): ["US-FED", "US-MA", "US-NYC", "US-TCPA"],
    ("AU-NSW",): ["AU-RG96"],
    ("GB",): ["GB-CONC", "GB-MORATORIUM"],
    ("GB-SCT",): ["GB-CONC", "GB-MORATORIUM"],
}


def _chosen(found: Facts) -> list[str]:
    return [pack.id for pack in gate.choose_packs(call(TEN.isoformat()), found) if pack.id != packs_loader.POLICY]


@pytest.mark.django_db
@pytest.mark.parametrize("places", sorted(BOUND))
def test_a_place_is_bound_by_its_own_packs_and_those_it_lies_in(places: tuple[str, ...]) -> None:
    assert _chosen(Facts(jurisdictions=places)) == BOUND[places]


@pytest.mark.django_db
def test_the_proposal_of_new_york_state_binds_only_a_firm_that_switched_it_on() -> None:
    assert "US-NYS" not in _chosen(Facts(jurisdictions=("US-NY-NYC",)))
    assert "US-NYS" in _chosen(Facts(jurisdictions=("US-NY-NYC",), extra_packs=("US-NYS",)))


@pytest.mark.django_db
def test_a_person_who_lives_in_the_city_is_known_to_live_there() -> None:
    case = CaseFactory(at=TEN, person=PersonFactory(new_york=True, jurisdiction="US-NY-NYC"))
    assert "US-NYC" in _chosen(facts.of_case(case.pk, at=TEN).facts(case.point.pk))
    LocationClaim.objects.create(
        person=case.person, basis="statement", time_zone=NEW_YORK, jurisdiction="US-NY", authoritative=True,
        learned_at=TEN,
    )  # fmt: skip
    assert "US-NYC" not in _chosen(facts.of_case(case.pk, at=TEN).facts(case.point.pk))


def test_a_consumer_debt_beside_a_business_loan_keeps_the_law_of_consumers() -> None:
    late = call("2026-06-04T21:00:00-04:00", actor_kind="agency")
    loan = replace(known("US-TX", NEW_YORK), product="business_loan")
    assert ask(late, loan, "US-FED").permitted
    assert ask(late, replace(loan, other_products=("credit_card",)), "US-FED").failing == ("US-F-HOURS",)
    assert ask(late, replace(loan, product="credit_card"), "US-FED").failing == ("US-F-HOURS",)


def _seattle(when: str, **given: Any) -> Any:
    found = known("US-WA", "America/Los_Angeles")
    question = call(when, **{"actor_kind": "agency", "contact_point_id": "H1", "point_kind": "home_phone"} | given)
    return question, found


@pytest.mark.parametrize("minute", ["07:30", "07:45", "07:59"])
def test_the_half_hour_of_washington_never_opens_the_federal_morning(minute: str) -> None:
    question, found = _seattle(f"2026-06-04T{minute}:00-07:00")
    assert ask(question, found, "US-WA").permitted
    assert ask(question, found, "US-WA", "US-FED").failing == ("US-F-HOURS",)
    assert ask(question, found, "US-FED", "US-WA").next_permitted == at("2026-06-04T08:00:00-07:00")


def test_a_consent_that_one_pack_takes_opens_nothing_in_another() -> None:
    events = calls([f"2026-06-0{day}T10:00:00-04:00" for day in (1, 2, 3)], actor_kind="agency")
    found = replace(known("US-NY-NYC", NEW_YORK), contacts=events)
    question = call("2026-06-04T10:00:00-04:00", actor_kind="agency")
    assert ask(question, found, "US-FED").permitted
    assert ask(question, found, "US-FED", "US-NYC").failing == ("US-NYC-FREQ-2IN7-OLD",)
