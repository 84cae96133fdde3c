"""The officer's pages in a real browser: keys, the clock that steps without a reload, and without scripts."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from collections_app.shared.actor import Actor
from contacts import calls
from contacts.calls import CallRefused
from tests.browsers import keys_act, window
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.browser


@pytest.fixture
def case(own_database, settings, at):
    """A case in Shanghai whose person was not called at 23:30 on Tuesday."""
    set_clock(settings, at)
    team, _made = TeamFactory._meta.model.objects.get_or_create(code="north", defaults={"name": "North"})
    made = CaseFactory(creditor=CreditorFactory(team=team), at=at - timedelta(days=9))
    with pytest.raises(CallRefused):
        calls.open_call(
            case_id=made.pk, contact_point_id=made.point.pk, actor=Actor.of(UserFactory(team=team)),
            at=at - timedelta(hours=23, minutes=30),
        )  # fmt: skip
    return made


def test_two_clicks_from_the_case_to_why_with_the_keyboard_alone(chromium, site, case):
    page = window(chromium, site, UserFactory(compliance=True))
    page.goto(site.url + reverse("cases:case", args=[case.ref]))
    keys_act(page)
    page.keyboard.press("y")
    page.wait_for_selector(".day-row")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_selector(".day-bar svg")
    assert page.inner_text(".answer-words").startswith("Not called: quiet hours until 08:00 their time.")
    assert page.complaints == []


def test_the_clock_of_a_trial_steps_without_a_reload(chromium, site, case):
    page = window(chromium, site, UserFactory(team=case.team))
    asked = urlencode({"case": case.ref, "at": "2026-03-04T23:00", "channel": "phone"})
    page.goto(f"{site.url}{reverse('contacts:try-it')}?{asked}")
    page.evaluate("window.stays = true")
    keys_act(page)
    page.keyboard.press("n")
    page.wait_for_selector("#answer .note-ok")
    assert "at=2026-03-05+08%3A00" in page.url
    assert page.evaluate("window.stays") is True
    keys_act(page)
    page.keyboard.press("-")
    page.wait_for_selector("#answer .note-stop")
    page.select_option("#try_channel", "letter")
    page.wait_for_selector("#answer .note-stop, #answer .note-ok")
    assert page.evaluate("window.stays") is True
    assert page.complaints == []


@pytest.mark.parametrize("width", [1366, 390])
@pytest.mark.parametrize("name", ["contacts:watch", "compliance:packs", "contacts:try-it", "compliance:releases"])
def test_no_page_is_wider_than_the_screen_and_the_policy_refuses_nothing(chromium, site, case, name, width):
    page = window(chromium, site, UserFactory(compliance=True), width=width)
    page.goto(site.url + reverse(name))
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert (wider, page.complaints) == (0, [])


def test_without_scripts_the_form_and_the_steps_work(chromium, site, case):
    page = window(chromium, site, UserFactory(team=case.team), java_script_enabled=False)
    page.goto(f"{site.url}{reverse('contacts:try-it')}?{urlencode({'case': case.ref, 'at': '2026-03-04T23:00'})}")
    page.click("button:has-text('Ask the rules')")
    assert page.query_selector("#answer .note-stop") is not None
    page.click("text=next permitted")
    assert page.query_selector("#answer .note-ok") is not None
