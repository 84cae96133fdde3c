"""Twenty cases without a mouse: from the first of the queue to the page that says that it is done, keys alone."""

import json
from typing import Any

import pytest
from django.urls import reverse

from cases.models import Case, Instruction, Promise
from contacts.models import ContactAttempt
from tests.browsers import keys_act, until, window
from tests.factories.cases import CaseFactory, CreditorFactory, PersonFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock
from tests.factories.verifying import known
from tests.flows.test_browser_line import NOON

pytestmark = pytest.mark.browser
CASES = 20
# What is not "nobody answered", by the place in the queue: the keys after `c`, and how often each is pressed in turn.
CONFIRM = ("x", "x", "e", "r", "v")
PROMISE, STOP, STRANGER = 4, 9, 14


class Keyboard:
    """Keys pressed at a page, counted by case; nothing else ever touches it."""

    def __init__(self, page: Any) -> None:
        self.page, self.pressed = page, [0] * CASES

    def press(self, number: int, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed[number] += 1

    def name(self) -> str:
        return str(self.page.locator("h1").inner_text())

    def leave(self, number: int, *keys: str) -> None:
        """Press keys, the last of which leads to the next case or to the end, and wait until that page listens."""
        before = self.name()
        self.press(number, *keys)
        until(
            self.page,
            f"(document.querySelector('h1') || {{}}).innerText !== {json.dumps(before)}",
            "document.documentElement.dataset.shownAhead !== location.pathname"
            " || document.documentElement.dataset.shownTrue === location.pathname",
        )
        keys_act(self.page)

    def call(self, number: int) -> None:
        with self.page.expect_navigation(wait_until="load"):
            self.press(number, "c")
        keys_act(self.page)

    def confirm(self, number: int) -> None:
        self.press(number, *CONFIRM)
        self.page.locator("#action .tone-ok", has_text="The person is confirmed.").wait_for()
        keys_act(self.page)


def test_twenty_cases_are_worked_without_a_mouse(chromium, site, settings):
    set_clock(settings, NOON)
    team = TeamFactory()
    user, bank = UserFactory(team=team), CreditorFactory(team=team)
    for number in range(CASES):
        case = CaseFactory(
            creditor=bank, person=PersonFactory(name=f"Person {number:02}"), at=NOON, balance="2000.00",
            score=90 - number, accounts=number == PROMISE,
        )  # fmt: skip
        known(case.person)
    page = window(chromium, site, user)
    keyboard = Keyboard(page)
    page.goto(site.url + reverse("cases:queue"))
    keys_act(page)
    page.keyboard.press("t")
    until(page, "location.pathname.startsWith('/cases/')")
    keys_act(page)
    for number in range(CASES):
        assert keyboard.name() == f"Person {number:02}"
        keyboard.call(number)
        if number == STRANGER:
            keyboard.leave(number, "0")
            continue
        if number == PROMISE:
            keyboard.confirm(number)
            keyboard.leave(number, "2", "5", "0", "0", "Tab", "f", "Control+Enter")
        elif number == STOP:
            keyboard.confirm(number)
            keyboard.press(number, "h", "s")
            page.locator("#contact-bar .channel-ok").first.wait_for(state="detached")
            keyboard.leave(number, "4", "Control+Enter")
        else:
            keyboard.leave(number, "1", "Control+Enter")
    assert page.url.endswith(reverse("cases:queue"))
    assert "Your queue is done" in page.inner_text("main")
    assert page.complaints == []
    usual = [pressed for number, pressed in enumerate(keyboard.pressed) if number not in (PROMISE, STOP, STRANGER)]
    assert usual == [3] * (CASES - 3)  # dialled by hand: with a telephone system the outcome is chosen by itself
    assert (keyboard.pressed[PROMISE], keyboard.pressed[STOP], keyboard.pressed[STRANGER]) == (13, 10, 2)
    outcomes = list(ContactAttempt.objects.filter(case__creditor=bank).values_list("outcome", flat=True))
    assert (len(outcomes), outcomes.count("no_answer"), outcomes.count("wrong_number")) == (CASES, CASES - 3, 1)
    assert [str(promise.amount) for promise in Promise.objects.filter(case__creditor=bank)] == ["500.00"]
    stopped = Case.objects.get(creditor=bank, person__name=f"Person {STOP:02}")
    assert list(Instruction.objects.values_list("kind", flat=True).filter(person=stopped.person)) == ["cease_request"]
    assert not Case.objects.filter(creditor=bank, lease_by=user).exists()
