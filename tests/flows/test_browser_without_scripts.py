"""A case is worked from the queue to the next one in a browser that runs no script: every form is a form."""

import pytest
from django.conf import settings as conf
from django.urls import reverse

from cases.models import Promise
from contacts.models import ContactAttempt
from tests.browsers import window
from tests.collections_app.test_axe_browser import NOON
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.staff import PASSWORD, TeamFactory, UserFactory, set_clock
from tests.factories.verifying import known

pytestmark = pytest.mark.browser


@pytest.fixture
def book(site, settings):
    """A collector and three cases of the team, the most urgent one first."""
    set_clock(settings, NOON)
    team = TeamFactory()
    bank = CreditorFactory(team=team)
    cases = [CaseFactory(creditor=bank, at=NOON, score=score) for score in (90, 50, 10)]
    for case in cases:
        known(case.person)
    return UserFactory(team=team), cases


@pytest.fixture
def page(chromium, site, book):
    """Return the sign-in page in a browser that runs no script."""
    page = window(chromium, site, java_script_enabled=False)
    page.goto(site.url + reverse("login"))
    return page


def is_at(page, site, case):
    return page.url.partition("#")[0] == site.url + reverse("cases:case", args=[case.ref])


def sign_in_and_take(page, user):
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.click("main button[type=submit]")
    page.get_by_role("button", name="Take the next case").click()


def call_and_confirm(page):
    page.click("#contact-bar .channel-ok button")
    page.wait_for_load_state()
    for box in page.locator("#verify input[type=checkbox]").all():
        box.check()
    page.click("#verify button[value=confirmed]")


def test_a_call_with_a_promise_leads_to_the_next_case_and_is_undone(page, site, book):
    user, (first, second, _third) = book
    sign_in_and_take(page, user)
    assert is_at(page, site, first)
    call_and_confirm(page)
    page.check("input[name=outcome][value=promise]", force=True)
    page.fill("#id_promise_amount", "120")
    page.fill("#id_promise_on", "+3")
    page.fill("#call-form textarea[name=note]", "The harvest is sold on Friday.")
    page.click("#call-form button[name=then][value=next]")
    page.click("button[name=unsaid][value=said]")
    promise = Promise.objects.get(case=first)
    assert (str(promise.amount), promise.status) == ("120.00", "open")
    assert first.notes.get().text == "The harvest is sold on Friday."
    assert is_at(page, site, second)

    page.click("#undo-bar button")
    assert is_at(page, site, first)
    promise.refresh_from_db()
    assert promise.status == "cancelled"
    assert ContactAttempt.objects.get(case=first).status == "in_progress"  # the call goes on
    assert page.input_value("#call-form textarea[name=note]") == "The harvest is sold on Friday."


def test_a_case_is_put_aside_and_comes_back(page, site, book):
    user, (first, second, _third) = book
    sign_in_and_take(page, user)
    page.locator(".desk-queue summary", has_text="Skip").click()
    page.locator(".desk-queue select[name=reason]").select_option(index=0)
    page.locator(".desk-queue form", has_text="Why is this case skipped?").get_by_role("button").click()
    assert is_at(page, site, second)
    page.click("#undo-bar button")
    assert is_at(page, site, first)
    first.refresh_from_db()
    assert first.lease_by_id == user.pk


def test_a_hold_a_stop_a_promise_and_a_note_are_forms(page, site, book):
    user, (first, _second, _third) = book
    sign_in_and_take(page, user)
    page.locator("details[name=act] summary", has_text="Promise without a call").click()
    page.locator("form[action$='/promise/'] [name=amount]").fill("80")
    page.locator("form[action$='/promise/'] [name=due_on]").fill("+2")
    page.get_by_role("button", name="Save promise").click()
    page.locator("main", has_text="Read as 80.00 Friday 2026-03-06.").wait_for()  # scripts say that while it is typed
    page.get_by_role("button", name="Save promise").click()
    assert str(Promise.objects.get(case=first).amount) == "80.00"
    page.locator("#action textarea[name=text]").fill("Asks for a letter.")
    page.get_by_role("button", name="Save note").click()
    assert first.notes.filter(text="Asks for a letter.").exists()
    page.locator("[data-quick] summary").click()
    page.locator("[data-quick] button[name=act]", has_text="Vulnerable").click()
    assert [hold.kind for hold in first.person.holds.all()] == ["vulnerable"]
    page.locator("[data-quick] summary").click()
    page.get_by_role("button", name="Stop now").click()
    page.wait_for_load_state()
    assert first.person.instructions.count() == 1
    assert page.locator("#contact-bar .channel-ok").count() == 0


def test_the_way_back_after_a_session_that_ended(page, site, book):
    user, (first, _second, _third) = book
    sign_in_and_take(page, user)
    page.locator("#action textarea[name=text]").fill("Asks for a letter.")
    page.context.clear_cookies(name=conf.SESSION_COOKIE_NAME)
    page.get_by_role("button", name="Save note").click()
    assert first.notes.count() == 0
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.click("main button[type=submit]")
    assert is_at(page, site, first)
