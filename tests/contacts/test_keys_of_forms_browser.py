"""Ctrl+Enter saves the form that is typed in and no other; where nothing fits, the palette leaves no hole."""

import pytest
from django.urls import reverse

from cases.models import Case
from contacts import inbound
from contacts.inbound.receiving import Incoming
from contacts.models import ContactAttempt
from tests.browsers import keys_act, until, window
from tests.collections_app.test_axe_browser import NOON
from tests.factories.cases import AddressFactory, CaseFactory, ContactPointFactory, CreditorFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.browser
NUMBERS = (f"+86138000012{ending:02}" for ending in range(100))


@pytest.fixture
def case(own_database, settings, carrier):
    """A case whose borrower has written to us twice."""
    set_clock(settings, NOON)
    case = CaseFactory(creditor=CreditorFactory(team=TeamFactory()), at=NOON, working=True)
    number = next(NUMBERS)
    ContactPointFactory(person=case.person, address=AddressFactory(value=number), position=0)
    for name in ("first", "second"):
        inbound.take(Incoming("t", f"{name} {number}", "sms", number, "Good morning"), at=NOON)
    return case


@pytest.fixture
def opened(chromium, site, case):
    def go(path, user=None):
        page = window(chromium, site, user or UserFactory(team=case.team))
        page.goto(site.url + path)
        keys_act(page)
        return page

    return go


def test_a_message_is_sent_by_the_keys_that_save(opened, case):
    page = opened(reverse("cases:case", args=[case.ref]) + "?thread=sms")
    page.fill("#action textarea[name=text]", "A note that is not finished")
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    page.keyboard.type("Until Friday then.")
    page.keyboard.press("Control+Enter")
    page.locator("#thread .said", has_text="Until Friday then.").wait_for()
    assert ContactAttempt.objects.filter(case=case, channel="sms", origin="ours").count() == 1
    assert case.notes.count() == 0


def test_a_message_that_is_refused_is_in_sight_with_the_reason(opened, case):
    page = opened(reverse("cases:case", args=[case.ref]) + "?thread=sms")
    page.keyboard.press("m")
    page.keyboard.press("Control+a")
    page.keyboard.type("Pay or we tell your employer.")
    page.keyboard.press("Control+Enter")
    page.locator("#write-refused").wait_for()
    until(page, "document.activeElement.name === 'text' && document.activeElement.form.id === 'composer'")
    assert page.evaluate("document.activeElement.value") == "Pay or we tell your employer."
    seen = page.evaluate("document.getElementById('write-refused').getBoundingClientRect().toJSON()")
    assert seen["top"] >= 0
    assert seen["bottom"] <= 768
    assert not ContactAttempt.objects.filter(case=case, channel="sms", origin="ours", status="sent").exists()


def test_the_key_of_a_form_with_a_draft_leads_to_its_text_and_not_to_throwing_it_away(opened, case):
    page = opened(reverse("cases:case", args=[case.ref]))
    page.keyboard.press("n")
    page.keyboard.type("Half a note")
    until(page, "Object.keys(sessionStorage).some(name => name.endsWith(':note'))")
    page.reload()
    keys_act(page)
    page.locator("#action .draft-note").wait_for()
    page.keyboard.press("n")
    assert page.evaluate("document.activeElement.value") == "Half a note"


def test_what_is_typed_in_one_form_does_not_save_another(opened, case):
    page = opened(reverse("cases:case", args=[case.ref]))
    page.fill("#action textarea[name=text]", "A note that is not finished")
    page.keyboard.press("Escape")
    page.keyboard.press("h")
    page.locator("[data-quick] select[name=kind]").focus()
    page.keyboard.press("Control+Enter")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.keyboard.press("Control+Enter")
    page.locator("#messages", has_text="Note saved.").wait_for()
    assert case.notes.count() == 1


def test_only_what_is_typed_of_a_callback_is_asked_of_the_gate(opened, case):
    page = opened(reverse("cases:case", args=[case.ref]))
    page.keyboard.press("c")
    page.locator("#call-form").wait_for()
    keys_act(page)
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/call/back/" in request.url else None)
    page.keyboard.press("3")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.keyboard.type("Only in the afternoon")
    page.wait_for_timeout(400)  # twice the time after which it is asked
    assert asked == []
    assert "the gate is asked about it" in page.inner_text(".only-callback > .reads")
    page.fill("#id_callback_at", "fri 14:30")
    page.locator(".only-callback > .reads", has_text="their time").wait_for()
    assert len(asked) == 1


def test_a_case_is_taken_over_by_keys(opened, case):
    holder = UserFactory(team=case.team, name="Wang")
    first = opened(reverse("cases:case", args=[case.ref]), holder)
    first.keyboard.press("t")
    first.locator("[data-holder]").wait_for()
    other = UserFactory(team=case.team)
    page = opened(reverse("cases:case", args=[case.ref]), other)
    assert page.locator("#contact-bar .channel-ok").count() > 0
    assert page.locator("#contact-bar button, #action button[name=by_hand]").count() == 0  # Wang is at it
    page.keyboard.press("t")
    page.keyboard.press("Control+Enter")
    page.locator("#contact-bar button[data-key=c]").wait_for()
    assert Case.objects.get(pk=case.pk).lease_by == other


def test_the_key_of_the_next_case_goes_on_with_the_one_in_hand(opened, case):
    user = UserFactory(team=case.team)
    page = opened(reverse("cases:case", args=[case.ref]), user)
    page.keyboard.press("t")
    page.locator("[data-holder]").wait_for()
    page = opened(reverse("cases:queue"), user)
    page.keyboard.press("t")
    page.wait_for_url(f"**{reverse('cases:case', args=[case.ref])}")


def test_on_a_telephone_letters_stand_in_the_middle_of_their_keys(chromium, site, case):
    page = window(chromium, site, UserFactory(team=case.team), width=390)
    page.goto(site.url + reverse("keys"))
    beside = page.evaluate("""() => Array.from(document.querySelectorAll('.own-keys kbd'), key => {
      const letter = document.createRange(), box = key.getBoundingClientRect();
      letter.selectNodeContents(key);
      const text = letter.getBoundingClientRect();
      return Math.abs((text.top + text.bottom) / 2 - (box.top + box.bottom) / 2);
    })""")
    assert len(beside) > 10
    assert max(beside) <= 1


def test_the_messages_of_the_inbox_are_gone_through_by_keys(opened):
    page = opened(reverse("contacts:inbox"))
    rows = page.locator("[data-row]")
    assert rows.count() == 2
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert rows.nth(1).evaluate("row => row === document.activeElement")


def test_where_nothing_fits_the_palette_says_so_at_its_top(opened):
    page = opened(reverse("cases:queue"))
    page.keyboard.press("Control+k")
    page.keyboard.type("zzqqxx")
    until(page, "!document.querySelector('#palette .palette-nothing').hidden")
    gap = page.evaluate("""() => {
      const field = document.querySelector('#palette .palette-field').getBoundingClientRect();
      return document.querySelector('#palette .palette-nothing').getBoundingClientRect().top - field.bottom;
    }""")
    assert gap == 0
    for _letter in "zzqqxx":
        page.keyboard.press("Backspace")
    page.locator("#palette [role=option]").first.wait_for()
