"""A break by one key, and an abusive call by one key with what was typed in it, in a real browser."""

from typing import Any

import pytest
from django.urls import reverse

from collections_app.shared.actor import Actor
from collections_app.staff.models import Break
from contacts import calls
from contacts.models import AbuseMark
from tests.browsers import keys_act, window
from tests.contacts.conftest import TEN
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(chromium: Any, site: Any, settings: Any) -> Any:
    """Return a collector's page, and a function that opens an address on it."""
    set_clock(settings, TEN)
    user = UserFactory(team=TeamFactory(code="north"))
    page = window(chromium, site, user)

    def go(name: str, *arguments: Any) -> None:
        page.goto(site.url + reverse(name, args=arguments))
        keys_act(page)

    return user, page, go


def press(page: Any, key: str) -> None:
    with page.expect_navigation(wait_until="load"):
        page.keyboard.press(key)
    keys_act(page)


def _ticked(page: Any) -> list[bool]:
    return [box.is_checked() for box in page.locator("#verify [name=right]").all()]


def test_one_key_begins_a_break_and_one_ends_it(desk):
    user, page, go = desk
    go("contacts:my-day")
    press(page, "b")
    assert Break.objects.get(user=user).ended_at is None
    assert page.get_by_text("You are on a break.").is_visible()
    press(page, "b")
    assert Break.objects.get(user=user).ended_at is not None
    assert page.get_by_text("You are on a break.").count() == 0


def test_one_key_marks_the_call_and_what_was_typed_stays(desk):
    user, page, go = desk
    case = CaseFactory(creditor=CreditorFactory(team=user.team), at=TEN, working=True)
    attempt = calls.open_call(case_id=case.pk, contact_point_id=case.point.pk, actor=Actor.of(user), at=TEN)
    go("cases:case", case.ref)
    page.fill("#call-form [name=note]", "He shouts!")
    assert AbuseMark.objects.count() == 0  # a key inside a text is a letter of it
    page.locator("#call-form [name=note]").blur()
    page.keyboard.press("r")
    assert _ticked(page) == [False, True]
    press(page, "!")
    assert AbuseMark.objects.get().attempt == attempt
    assert page.input_value("#call-form [name=note]") == "He shouts!"
    assert _ticked(page) == [False, True]
    assert page.get_by_text("You did nothing wrong").is_visible()
    assert page.locator("[data-key=z][value=after_abuse]").count() == 0  # first the call is recorded
    page.keyboard.press("1")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_load_state("load")
    page.locator("[data-key=z][value=after_abuse]").wait_for()
    keys_act(page)
    press(page, "z")
    assert Break.objects.get(user=user).kind == "after_abuse"
