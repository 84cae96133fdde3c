"""A strategy of five steps by keys alone, in a real browser; and one real case tried on it."""

import pytest
from django.test import Client
from django.urls import reverse

from contacts.models import StrategyVersion, Template
from contacts.strategy import definition
from tests.browsers import arrived, keys_act, until, window
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.contacts import TemplateFactory
from tests.factories.staff import UserFactory, set_clock

pytestmark = pytest.mark.browser


@pytest.fixture
def book(own_database, settings, at):
    """Three borrowers of a bank, and one wording."""
    set_clock(settings, at)
    bank = CreditorFactory(name="Example Bank")
    if not Template.objects.filter(code="reminder").exists():  # the tests of the module share a database
        TemplateFactory(code="reminder", name="Reminder")
    return [CaseFactory(creditor=bank, at=at, dpd=days, balance="800.00") for days in (1, 5, 40)]


def opened(chromium, site, user, *, width=1366):
    return window(chromium, site, user, width=width)


def a_blank_one(chromium, site, book, name):
    """Return a strategy that says nothing yet, and an empty page of whoever made it."""
    client, admin = Client(), UserFactory(admin=True)
    client.force_login(admin)
    creditors = [book[0].creditor_id]
    client.post(reverse("contacts:strategy-new"), {"begin": "blank", "name": name, "creditors": creditors})
    return StrategyVersion.objects.get(strategy__code=name.lower()), opened(chromium, site, admin)


QUIET = "!document.querySelector('.htmx-request')"
IN_TREE = "document.activeElement.closest('#tree') !== null"


class Keys:
    """Somebody without a mouse."""

    def __init__(self, page):
        self.page = page

    def until(self, *conditions):
        """Wait until all these are true on the page."""
        until(self.page, *conditions)

    def steps(self, number):
        """Wait until the tree has so many steps and nothing is under way."""
        self.until(f"document.querySelectorAll('.tree-step').length === {number}", QUIET)

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def settle(self, want):
        """Wait until the tree says so, and nothing is under way."""
        self.until(f"document.getElementById('tree').innerText.includes('{want}')", QUIET)

    def focus(self, name):
        """Go on with Tab until the field of this name."""
        for _turn in range(60):
            self.press("Tab")
            if self.page.evaluate("document.activeElement.name") == name:
                return
        raise AssertionError(name)

    def write(self, name, text):
        self.focus(name)
        self.press("Control+a")
        self.page.keyboard.type(text)


def steps_of(version):
    return [
        step.key for segment in version.segments.order_by("position") for step in segment.steps.order_by("position")
    ]


def test_a_strategy_of_five_steps_is_built_by_keys_alone(chromium, site, book):
    page = opened(chromium, site, UserFactory(admin=True))
    keys = Keys(page)
    page.goto(site.url + reverse("contacts:strategy-new"))
    keys_act(page)
    keys.write("name", "Small loans")
    keys.press("Control+Enter")
    page.wait_for_selector("#tree")
    version = StrategyVersion.objects.get(strategy__code="small-loans")
    keys_act(page)  # keys of the page before do not reach this one

    keys.press("j", "a")  # a text message on the first day
    keys.settle("send text message “Reminder”")
    for days, kind, words in ((4, "call", "From 4 days"), (30, "visit", "visit"), (60, "review", "supervisor")):
        page.wait_for_timeout(420)
        keys.press("Escape")
        keys.until(IN_TREE)
        keys.press("a")
        keys.until("document.activeElement.name === 'kind'", QUIET)
        page.keyboard.type(kind)
        keys.write("from_dpd", str(days))
        keys.press("Tab")
        keys.settle(words)
    keys.press("Escape")
    keys.until(IN_TREE)
    page.focus("#try-ref")  # a field beside the tree leads back to it as well
    keys.press("Escape")
    keys.until(IN_TREE)
    keys.press("k", "k")
    keys.settle("Small loans")
    page.wait_for_timeout(420)
    keys.press("d")  # a second call, as the first one
    keys.steps(5)
    assert steps_of(version) == ["sms-1", "call-4", "call-4-2", "visit-30", "review-60"]
    before = definition.of_version(version).content_hash

    keys.until(QUIET)
    keys.press("Delete")
    keys.steps(4)
    keys.until(QUIET)
    keys.press("u")
    keys.steps(5)
    assert definition.of_version(version).content_hash == before
    keys.until(QUIET)
    keys.press("Alt+ArrowUp")
    keys.until(QUIET)
    page.wait_for_selector("#checks .pill")
    assert page.inner_text("#n-everybody__-c") == "3"
    assert page.complaints == []


def test_a_bad_value_stays_in_its_field_with_the_reason_and_nothing_is_lost(chromium, site, book):
    client = Client()
    admin = UserFactory(admin=True)
    client.force_login(admin)
    client.post(reverse("contacts:strategy-new"), {"begin": "blank", "name": "Bad", "creditors": [book[0].creditor_id]})
    version = StrategyVersion.objects.get(strategy__code="bad")
    page = opened(chromium, site, admin)
    url = site.url + reverse("contacts:strategy-edit", args=[version.pk])
    page.goto(f"{url}?node=everybody")
    page.click("button[value=add-step]")
    page.wait_for_selector("[name=from_dpd]")
    page.fill("[name=until_dpd]", "0")
    page.press("[name=until_dpd]", "Tab")
    page.wait_for_selector(".field-error")
    assert "0 comes before" in page.inner_text("#panel")
    page.click("#n-__")  # elsewhere: the value is not thrown away
    assert page.input_value("[name=until_dpd]") == "0"
    page.fill("[name=until_dpd]", "9")
    page.press("[name=until_dpd]", "Tab")
    Keys(page).until("!document.querySelector('#panel .field-error')", QUIET)
    assert version.segments.get().steps.get().until_dpd == 9
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{url}?node=everybody")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_one_real_case_is_tried_and_nothing_of_it_is_stored(chromium, site, book, at):
    version, page = a_blank_one(chromium, site, book, "Tried")
    page.goto(site.url + reverse("contacts:strategy-edit", args=[version.pk]) + "?node=everybody")
    page.click("button[value=add-step]")
    page.wait_for_selector("[name=from_dpd]")
    case = book[1]
    before = (case.planned.count(), case.enrolments.count(), str(case.balance))
    page.goto(site.url + reverse("contacts:strategy-case", args=[version.pk]) + f"?ref={case.ref}")
    assert "takes the case" in page.inner_text(".why-hers")
    assert "Reminder" in page.inner_text(".ahead")
    page.goto(page.url + "&kind=pays&amount=800&on=2026-03-05")
    assert "cured" in page.inner_text(".ahead")
    case.refresh_from_db()
    assert (case.planned.count(), case.enrolments.count(), str(case.balance)) == before
    assert page.complaints == []


def test_a_fact_is_chosen_by_typing_its_name(chromium, site, book):
    version, page = a_blank_one(chromium, site, book, "Typed")
    keys = Keys(page)
    page.goto(site.url + reverse("contacts:strategy-edit", args=[version.pk]) + "?node=everybody")
    keys_act(page)
    keys.press("c")
    keys.until("document.activeElement.id === 'c-0-fact'", QUIET)
    page.keyboard.type("bal")  # the first letter alone is the bucket
    keys.until("document.getElementById('c-0-value') !== null", QUIET)
    assert page.input_value("#c-0-fact") == "balance"
    keys.write("c-0-value", "200")
    keys.press("Tab")
    keys.settle("balance at least 200")
    keys.until("document.activeElement.id === 'drop-c-0'")
    assert version.segments.get().condition == {"fact": "balance", "op": "at_least", "value": "200"}
    assert page.complaints == []


def test_a_step_that_follows_an_event_lets_go_of_its_day_and_takes_it_back(chromium, site, book):
    version, page = a_blank_one(chromium, site, book, "Events")
    keys = Keys(page)
    page.goto(site.url + reverse("contacts:strategy-edit", args=[version.pk]) + "?node=everybody")
    page.click("button[value=add-step]")
    page.wait_for_selector("[name=trigger]")
    page.select_option("[name=trigger]", "event")
    keys.settle("As soon as a promise was broken: send")
    assert page.input_value("[name=from_dpd]") == ""
    page.select_option("[name=trigger]", "dpd")
    keys.settle("From 1 day after the due date on")
    assert page.input_value("[name=from_dpd]") == "1"
    page.fill("[name=from_dpd]", "5")
    page.select_option("[name=trigger]", "event")
    keys.settle("not before day 5 past due")  # said on purpose: it stays
    assert page.complaints == []


def test_whoever_leaves_the_form_at_once_loses_nothing_that_was_typed(chromium, site, book):
    version, page = a_blank_one(chromium, site, book, "Quick")
    keys = Keys(page)
    page.goto(f"{site.url}{reverse('contacts:strategy-edit', args=[version.pk])}?node=everybody")
    keys_act(page)

    def leave_after(selector, text):
        """Type into a field and press Escape with the last character; go on to another node at the same moment."""
        page.focus(selector)
        keys.press("Control+a")
        page.keyboard.type(text)
        keys.press("Escape", "ArrowUp")
        keys.until(QUIET)

    leave_after("#f-name", "Everybody late")
    assert version.segments.get().name == "Everybody late"

    page.click("#n-everybody__")
    page.wait_for_selector("#f-name")
    page.click("#add-c")
    page.wait_for_selector("#c-0-fact")
    page.select_option("#c-0-fact", "dpd")
    keys.press("Escape", "ArrowUp")  # the fact waits 0.4 s for another one; the line is not thrown away
    page.wait_for_selector("#c-0-value")
    assert page.evaluate("document.getElementById('panel').dataset.node") == "everybody"
    leave_after("#c-0-value", "30")
    keys.until("document.getElementById('panel').dataset.node !== 'everybody'")
    assert version.segments.get().condition == {"fact": "dpd", "op": "at_least", "value": 30}


def test_what_is_typed_while_an_answer_is_on_its_way_is_in_the_panel_that_comes(chromium, site, book):
    version, page = a_blank_one(chromium, site, book, "Slow")
    change = reverse("contacts:strategy-change", args=[version.pk])
    held = []
    page.goto(f"{site.url}{reverse('contacts:strategy-edit', args=[version.pk])}?node=everybody")
    keys_act(page)
    is_held = [True]
    page.route(f"**{change}", lambda route: held.append(route) if is_held[0] else route.continue_())
    page.click("#add-c")
    arrived(page, held)
    page.focus("#f-name")
    page.keyboard.press("Control+a")
    page.keyboard.type("Typed meanwhile")
    is_held[0] = False
    for route in held:
        route.continue_()
    page.wait_for_selector("#c-0-fact")
    Keys(page).until(QUIET)
    assert len(held) == 1
    assert page.input_value("#f-name") == "Typed meanwhile"
    page.focus("#c-0-fact")
    page.wait_for_timeout(100)
    Keys(page).until(QUIET)
    assert version.segments.get().name == "Typed meanwhile"


def test_a_panel_asked_for_before_a_change_and_overtaken_by_it_takes_nothing_back(chromium, site, book):
    version, page = a_blank_one(chromium, site, book, "Late")
    page.goto(f"{site.url}{reverse('contacts:strategy-edit', args=[version.pk])}?node=everybody")
    keys_act(page)
    answers = []
    page.route("**node=everybody*", lambda route: answers.append((route, route.fetch())))  # answered, not yet arrived
    page.click("#n-everybody__")
    page.click("#add-c")
    page.wait_for_selector("#c-0-fact")
    arrived(page, answers)
    for route, answer in answers:
        route.fulfill(response=answer)
    Keys(page).until(QUIET)
    assert len(answers) == 1
    assert page.is_visible("#c-0-fact")
    assert page.evaluate("document.getElementById('panel').dataset.node") == "everybody"
