"""What is typed at a case is there again after a reload, a session that ended, a lost connection; and nowhere else."""

import pytest
from django.conf import settings as conf
from django.urls import reverse

from cases.models import Note
from contacts.dispatch import carriers
from contacts.models import ContactAttempt
from tests.browsers import until, window
from tests.collections_app.test_axe_browser import NOON
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.staff import PASSWORD, TeamFactory, UserFactory, set_clock
from tests.factories.verifying import known

pytestmark = pytest.mark.browser
TYPED = "He pays when the harvest is sold; call after the 15th."
NOTE = "#action textarea[name=text]"
LINE = ".draft-note"
# In one turn of the page, so that nothing of it can be kept in between.
A_FRAGMENT_ARRIVES_WHILE_MORE_IS_TYPED = """() => {
    const note = document.querySelector("#call-form textarea[name=note]");
    note.value += " And more.";
    note.dispatchEvent(new Event("input", { bubbles: true }));
    document.querySelector("#call-form .reads").dispatchEvent(new CustomEvent("htmx:afterSettle", { bubbles: true }));
}"""


@pytest.fixture
def desk(site, settings):
    """Two colleagues and two cases of their team, both at the first one's desk."""
    set_clock(settings, NOON)
    team = TeamFactory()
    bank = CreditorFactory(team=team)
    people = [UserFactory(team=team), UserFactory(team=team)]
    cases = [CaseFactory(creditor=bank, at=NOON, working=True, owner=people[0]) for _ in range(2)]
    known(cases[0].person)
    return people, cases


@pytest.fixture
def opened(chromium, site):
    """Return a function that opens a page as a user."""

    def go(user, path):
        page = window(chromium, site, user)
        page.goto(site.url + path)
        return page

    return go


def at(case):
    return reverse("cases:case", args=[case.ref])


def kept(page):
    """Return what the browser keeps of this tab, as one text."""
    return page.evaluate(
        "JSON.stringify(Object.entries(sessionStorage)) + JSON.stringify(Object.entries(localStorage))"
    )


def sign_in(page, user):
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_load_state("load")


def test_a_session_that_ended_costs_no_word(desk, opened, site):
    (user, _other), (case, following) = desk
    page = opened(user, at(case))
    page.locator(NOTE).fill(TYPED)
    page.context.clear_cookies(name=conf.SESSION_COOKIE_NAME)
    page.get_by_role("button", name="Save note").click()
    page.wait_for_url("**/sign-in/**")
    assert Note.objects.filter(case=case).count() == 0

    # Signed in again: back at the case, with the text in its field and a line that says so.
    sign_in(page, user)
    assert page.url == site.url + at(case)
    assert page.locator(NOTE).input_value() == TYPED
    page.locator(LINE, has_text="Not saved yet").wait_for()  # put into the line a moment later, so that it is read out

    # Another case has nothing of it.
    page.goto(site.url + at(following))
    assert page.locator(NOTE).input_value() == ""
    assert page.locator(LINE).count() == 0

    # Saved, it is gone from the browser.
    page.goto(site.url + at(case))
    page.get_by_role("button", name="Save note").click()
    page.get_by_text("Note saved.").wait_for()
    assert Note.objects.get(case=case).text == TYPED
    assert page.locator(NOTE).input_value() == ""
    assert "harvest" not in kept(page)


def test_another_user_of_the_same_browser_finds_nothing(desk, opened, site):
    (user, other), (case, _following) = desk
    page = opened(user, at(case))
    page.locator(NOTE).fill(TYPED)
    hold = page.context.new_page()
    hold.goto(f"{site.url}{reverse('cases:hold', args=[case.ref])}")
    hold.locator("[name=reason]").fill("Waits for the court of Suzhou.")
    hold.reload()
    assert hold.locator("[name=reason]").input_value() == "Waits for the court of Suzhou."
    hold.close()
    assert "harvest" in kept(page)
    page.context.clear_cookies(name=conf.SESSION_COOKIE_NAME)
    page.reload()
    sign_in(page, other)
    assert page.url == site.url + at(case)
    assert page.locator(NOTE).input_value() == ""
    assert "harvest" not in kept(page)


def test_signing_out_leaves_nothing_in_any_tab(desk, opened, site):
    (user, _other), (case, _following) = desk
    page = opened(user, at(case))
    page.locator(NOTE).fill(TYPED)
    second = page.context.new_page()
    second.goto(site.url + at(case))
    assert second.locator(NOTE).input_value() == ""  # a tab has its own
    second.locator("header .menu summary", has_text=str(user)).click()
    second.get_by_role("button", name="Sign out").click()
    second.wait_for_url("**/sign-in/**")
    until(page, "Object.keys(sessionStorage).filter(name => name.startsWith('draft:')).length === 0")


def test_a_reload_brings_the_call_back_as_it_was(desk, opened, site):
    (user, _other), (case, _following) = desk
    page = opened(user, at(case))
    page.locator("#contact-bar .channel-ok button").first.click()
    page.locator("#call-form textarea[name=note]").wait_for()
    page.locator("input[name=outcome][value='no-answer']").check(force=True)
    page.locator("#call-form textarea[name=note]").fill(TYPED)
    page.locator("#verify input[name^=said_]").first.fill("1980-05-01")
    until(page, "JSON.stringify(Object.values(sessionStorage)).includes('harvest')")
    page.evaluate(A_FRAGMENT_ARRIVES_WHILE_MORE_IS_TYPED)
    assert page.locator("#call-form textarea[name=note]").input_value() == f"No answer. {TYPED} And more."
    assert page.locator(LINE).count() == 0
    until(page, "JSON.stringify(Object.values(sessionStorage)).includes('And more.')")
    assert "1980-05-01" not in kept(page)  # what the person says about itself is no draft
    page.reload()
    assert page.locator("#call-form textarea[name=note]").input_value() == f"No answer. {TYPED} And more."
    assert page.locator("input[name=outcome][value='no-answer']").is_checked()
    page.locator("#call-form button[value=stay]").click()
    page.locator("#messages .note-ok").wait_for()
    assert ContactAttempt.objects.get(case=case).outcome == "no_answer"
    assert "harvest" not in kept(page)


@pytest.fixture
def texts(settings):
    """Text messages have a provider; nothing is sent to it here."""
    settings.SMS_PROVIDER_URL, settings.SMS_PROVIDER_TOKEN = "http://127.0.0.1:9/sms", "x"
    carriers.forget()
    yield
    carriers.forget()


def test_an_answer_is_there_after_a_session_that_ended_and_gone_once_sent(desk, texts, opened, site):
    (user, _other), (case, _following) = desk
    page = opened(user, f"{at(case)}?thread=sms")
    page.locator("#composer textarea").fill(TYPED)
    page.context.clear_cookies(name=conf.SESSION_COOKIE_NAME)
    page.locator("#composer button[type=submit]").click()
    sign_in(page, user)
    assert page.url.partition("#")[0] == f"{site.url}{at(case)}?thread=sms"
    assert page.locator("#composer textarea").input_value() == TYPED
    page.locator("#composer button[type=submit]").click()
    page.locator("#thread .said", has_text="harvest").wait_for()
    assert "harvest" not in kept(page)


def test_without_a_connection_it_says_so_and_keeps_the_text(desk, opened):
    (user, _other), (case, _following) = desk
    page = opened(user, at(case))
    page.locator(NOTE).fill(TYPED)
    page.context.set_offline(True)
    page.get_by_role("button", name="Save note").click()
    page.locator("#toasts", has_text="No connection. Nothing was saved.").wait_for()
    assert page.locator(NOTE).input_value() == TYPED
    page.context.set_offline(False)
    page.reload()
    assert page.locator(NOTE).input_value() == TYPED
    page.get_by_role("button", name="Throw away").click()
    assert page.locator(NOTE).input_value() == ""
    page.reload()
    assert page.locator(NOTE).input_value() == ""


def test_a_number_that_was_revealed_is_not_kept(desk, opened, site):
    (user, _other), (case, _following) = desk
    page = opened(user, at(case))
    page.goto(site.url + reverse("cases:reveal", args=[case.ref]) + f"?what=point-{case.point.pk}")
    page.locator("main [name=reason]").select_option(index=1)
    page.get_by_role("button", name="Show").click()
    shown = page.locator("main b.selectable").inner_text()
    assert len(shown) > 8
    assert shown not in kept(page)
