"""A call in a browser that runs no script: whatever is pressed, what was typed and ticked stands again."""

import pytest
from django.urls import reverse

from cases.models import Instruction
from contacts.models import AbuseMark, Verification
from tests.browsers import window
from tests.collections_app.test_axe_browser import NOON
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock
from tests.factories.verifying import known

pytestmark = pytest.mark.browser
NOTE = "#call-form textarea[name=note]"
TICKED = "input[name=right]:checked"


@pytest.fixture
def page(chromium, site, settings):
    """An open call of a collector, with one question ticked, one answer and a note typed."""
    set_clock(settings, NOON)
    team = TeamFactory()
    case = CaseFactory(creditor=CreditorFactory(team=team), at=NOON)
    known(case.person)
    page = window(chromium, site, UserFactory(team=team), java_script_enabled=False)
    page.case = case
    page.goto(site.url + reverse("cases:case", args=[case.ref]))
    page.click("#contact-bar .channel-ok button")
    page.wait_for_load_state()
    page.locator("#verify input[name=right]").first.check()
    page.fill(NOTE, "Shouts at me.")
    return page


def test_a_call_that_is_marked_as_abusive_keeps_its_ticks_and_its_note(page):
    page.get_by_role("button", name="This call is abusive").click()
    page.locator("#messages", has_text="Marked.").wait_for()
    assert AbuseMark.objects.filter(attempt__case=page.case).count() == 1
    assert page.locator(TICKED).count() == 1
    assert page.input_value(NOTE) == "Shouts at me."
    assert page.get_by_role("button", name="This call is abusive").count() == 0  # it is marked
    assert page.locator("#call-form .call-rest", has_text="abusive").count() == 1


def test_no_keys_are_named_where_none_act(page):
    assert page.locator("kbd").count() > 10
    assert page.locator("kbd:visible").count() == 0


def test_a_stop_keeps_its_ticks_and_its_note(page):
    page.locator("[data-quick] summary").click()
    page.locator("[data-quick] button[name=act]", has_text="stop all contact").click()
    page.locator("#messages", has_text="In force everywhere").wait_for()
    assert Instruction.objects.filter(person=page.case.person).count() == 1
    assert page.locator(TICKED).count() == 1
    assert page.input_value(NOTE) == "Shouts at me."


def test_confirming_the_person_keeps_the_note_whether_enough_is_ticked_or_not(page):
    page.click("#verify button[value=confirmed]")
    page.locator("#messages .note-stop").wait_for()
    assert page.locator(TICKED).count() == 1
    assert page.input_value(NOTE) == "Shouts at me."
    page.locator("#verify input[name=right]").nth(1).check()
    page.click("#verify button[value=confirmed]")
    page.locator("#action", has_text="The person is confirmed.").wait_for()
    assert Verification.objects.get(attempt__case=page.case).result == "confirmed"
    assert page.input_value(NOTE) == "Shouts at me."
