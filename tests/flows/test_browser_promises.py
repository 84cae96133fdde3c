"""A promise by keys alone: one in at most eight, two parts in one line, and what is understood is said while typing."""

from datetime import date

import pytest
from django.urls import reverse

from cases.models import Promise
from tests.browsers import keys_act, window
from tests.factories.cases import CaseFactory, CreditorFactory, PersonFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock
from tests.flows.test_browser_line import NOON, Hands

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(site, chromium, settings):
    """A collector at the page of a case that owes 2,000.00; 4 March 2026 is a Wednesday."""
    set_clock(settings, NOON)
    team = TeamFactory()
    collector = UserFactory(team=team)
    creditor = CreditorFactory(team=team)
    case = CaseFactory(creditor=creditor, person=PersonFactory(name="王小明"), at=NOON, balance="2000.00")
    hands = Hands(window(chromium, site, collector), site.url)
    hands.page.goto(f"{site.url}{reverse('cases:case', args=[case.ref])}")
    keys_act(hands.page)
    hands.case = case
    return hands


def agreed(desk):
    promise = Promise.objects.get(case=desk.case)
    return [(str(part.amount), part.due_on.isoformat()) for part in promise.parts.order_by("number")]


def test_a_promise_for_friday_takes_seven_keys(desk):
    desk.pressed = 0
    desk.go("p", "5", "0", "0", "Tab", "f", "Enter")
    assert desk.pressed == 7
    assert agreed(desk) == [("500.00", "2026-03-06")]
    assert desk.page.locator("#facts").get_by_text("500.00").count() >= 1
    assert desk.complaints == []


def test_two_parts_are_typed_in_one_line_and_said_back_before_they_are_saved(desk):
    page = desk.page
    desk.press("p")
    page.keyboard.type("500 fri, 300 eom")
    page.locator(".reads", has_text="800.00").wait_for()
    said = page.locator("details[open] .reads").inner_text()
    assert "Fri 2026-03-06" in said
    assert "Tue 2026-03-31" in said
    desk.go("Enter")
    assert agreed(desk) == [("500.00", "2026-03-06"), ("300.00", "2026-03-31")]
    assert desk.complaints == []


def test_a_holiday_is_named_and_nothing_is_refused(desk):
    page = desk.page
    desk.press("p")
    page.keyboard.type("100")
    desk.press("Tab")
    page.keyboard.type("4/4")
    page.locator(".reads", has_text="next working day 2026-04-07").wait_for()
    desk.go("Enter")
    assert Promise.objects.get(case=desk.case).due_on == date(2026, 4, 4)
    assert page.get_by_text("the next working day is 2026-04-07").count() == 1
    assert desk.complaints == []
