"""Typing in the designer: nothing is sent before it is said, and no letter goes elsewhere or is lost on the way."""

import pytest
from django.urls import reverse

from collections_app.shared.actor import Actor
from contacts.models import StrategyVersion
from contacts.strategy import definition, drafting
from tests.browsers import arrived, keys_act, until, window
from tests.factories.cases import CreditorFactory
from tests.factories.staff import UserFactory, set_clock

pytestmark = pytest.mark.browser

QUIET = "!document.querySelector('.htmx-request')"
STEP = {"key": "call", "kind": "call", "from_dpd": 4}
# Whoever types never pauses: what waits for the end of a word waits until the field is left.
NEVER_PAUSES = """
    const wait = window.setTimeout;
    window.waits = 0;
    window.setTimeout = (act, ms, ...more) => ms === 500 ? -(++window.waits) : wait(act, ms, ...more);
"""


class Typist:
    """Somebody at a draft with one segment and one step."""

    def __init__(self, page, version):
        self.page, self.version, self.sent = page, version, 0
        self.change = reverse("contacts:strategy-change", args=[version.pk])
        page.on("request", self._count)

    def _count(self, request):
        self.sent += request.method == "POST" and request.url.endswith(self.change)

    def type(self, text, *keys):
        self.page.keyboard.type(text)
        for key in keys:
            self.page.keyboard.press(key)

    def settle(self, *conditions):
        until(self.page, QUIET, *conditions)

    def held(self):
        """Keep the changes that are sent from now on, until `release`."""
        routes, self.is_held = [], True
        self.page.route(f"**{self.change}", lambda each: routes.append(each) if self.is_held else each.continue_())
        return routes

    def release(self, routes):
        self.is_held = False
        for route in routes:
            route.continue_()

    @property
    def segment(self):
        return drafting.document_of(StrategyVersion.objects.get(pk=self.version.pk))["segment"][0]


@pytest.fixture
def typist(chromium, site, own_database, settings, at, request):
    set_clock(settings, at)
    admin, bank = UserFactory(admin=True), CreditorFactory()
    document = {"code": request.node.name[:40].replace("_", "-"), "name": "Typed",
                "segment": [{"key": "all", "name": "Everybody", "step": [STEP]}]}  # fmt: skip
    version = drafting.begin(definition.parse(document), creditors=[bank], actor=Actor.of(admin), at=at)
    page = window(chromium, site, admin, script=NEVER_PAUSES)
    page.goto(site.url + reverse("contacts:strategy-edit", args=[version.pk]) + "?node=all")
    keys_act(page)
    return Typist(page, version)


def test_a_choice_is_sent_when_it_is_typed_to_its_end(typist):
    page = typist.page
    page.click("#n-all__call")
    typist.settle("document.getElementById('f-kind') !== null")
    page.focus("#f-kind")
    typist.type("referral to legal")  # its first letter alone is the review
    assert (typist.sent, page.input_value("#f-kind")) == (0, "legal")
    typist.type("", "Tab")
    typist.settle("document.querySelector('#panel .field-error') !== null")
    assert (typist.sent, page.input_value("#f-setting_legal_measure")) == (1, "")
    assert typist.segment["step"] == [STEP]  # a measure is asked for, and nobody has said one


def test_a_line_is_typed_from_fact_to_comparison_to_both_numbers(typist):
    page = typist.page
    page.keyboard.press("c")
    typist.settle("document.activeElement.id === 'c-0-fact'")
    typist.type("days past")  # all of it is one fact from its first letter on
    assert page.evaluate("window.waits") == len("days past")  # and each letter is waited after
    typist.type("", "Tab")
    typist.settle("document.activeElement.id === 'c-0-op'")
    typist.type("between")
    assert page.input_value("#c-0-op") == "between"
    typist.type("", "Tab")
    typist.settle("document.activeElement.id === 'c-0-value'", "document.getElementById('c-0-second') !== null")
    sent = typist.sent
    typist.type("1", "Tab")
    assert (typist.sent, page.evaluate("document.activeElement.id")) == (sent, "c-0-second")
    typist.type("45", "Tab")
    typist.settle("document.getElementById('tree').innerText.includes('between 1 and 45')")
    assert typist.sent == sent + 1
    assert typist.segment["condition"] == {"fact": "dpd", "op": "between", "value": [1, 45]}


def test_one_of_two_numbers_is_sent_where_the_line_is_left(typist):
    typist.page.keyboard.press("c")
    typist.settle("document.activeElement.id === 'c-0-fact'")
    typist.type("days past", "Tab")
    typist.settle("document.activeElement.id === 'c-0-op'")
    typist.type("between", "Tab")
    typist.settle("document.getElementById('c-0-second') !== null")
    typist.page.focus("#c-0-value")
    typist.type("1")
    sent = typist.sent
    typist.page.focus("#f-name")
    typist.settle("document.getElementById('saved').innerText.includes('Not saved yet')")
    assert (typist.sent, typist.page.input_value("#c-0-value")) == (sent + 1, "1")


def test_a_letter_between_an_answer_and_its_settling_comes_behind_the_others(typist):
    page = typist.page
    routes = typist.held()
    page.click("#add-c")
    arrived(page, routes)
    page.focus("#f-name")
    page.keyboard.press("Control+a")
    typist.type("Typed meanwhil")
    page.evaluate("""() => document.addEventListener("htmx:afterSwap", (event) => {
        const field = document.getElementById("f-name");
        if (event.detail.target.id === "panel-box" && !field.dataset.late) {
            field.dataset.late = "1";
            field.setRangeText("e", field.selectionStart, field.selectionEnd, "end");
        }
    })""")
    typist.release(routes)
    typist.settle("document.getElementById('c-0-fact') !== null")
    assert page.input_value("#f-name") == "Typed meanwhile"


def with_a_wrong_day_on_its_way(typist):
    """Type into a call a last day that is before its first one and go on; return the requests that are held back."""
    typist.page.click("#n-all__call")
    typist.settle("document.getElementById('f-until_dpd') !== null")
    routes = typist.held()
    typist.page.focus("#f-until_dpd")
    typist.type("2", "Tab")
    arrived(typist.page, routes)
    return routes


def test_what_was_selected_to_be_typed_over_is_selected_in_the_panel_that_comes(typist):
    page, routes = typist.page, with_a_wrong_day_on_its_way(typist)
    page.focus("#f-from_dpd")
    page.keyboard.press("Control+a")
    typist.release(routes)
    typist.settle("document.querySelector('#panel .field-error') !== null")
    typist.type("9")
    assert page.input_value("#f-from_dpd") == "9"


def test_whoever_types_on_is_not_taken_to_what_is_wrong_elsewhere(typist):
    page, routes = typist.page, with_a_wrong_day_on_its_way(typist)
    typist.type("7")
    typist.release(routes)
    typist.settle("document.querySelector('#panel .field-error') !== null")
    typist.type("0")
    assert page.input_value("#f-repeat_every_days") == "70"
    assert page.input_value("#f-until_dpd") == "2"
