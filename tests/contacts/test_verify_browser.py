"""Confirming the person by keys in a real browser, and the page on a small screen, a tablet and a telephone."""

from typing import Any

import pytest
from django.urls import reverse

from cases.models import Address
from contacts.models import ContactAttempt, Verification
from tests.browsers import keys_act, window
from tests.contacts.conftest import TEN
from tests.factories.cases import (
    AccountFactory,
    CaseFactory,
    CreditorFactory,
    NoteFactory,
    PersonFactory,
    PromiseFactory,
)
from tests.factories.staff import TeamFactory, UserFactory, set_clock
from tests.factories.verifying import known

pytestmark = pytest.mark.browser
BANK = "Verschwiegene Kreditanstalt"


def at_work(language: str = "en", **person: Any) -> Any:
    team, _made = TeamFactory._meta.model.objects.get_or_create(code="north", defaults={"name": "North"})
    user = UserFactory(team=team, language=language)
    bank = CreditorFactory(team=team, name=BANK)
    case = CaseFactory(
        creditor=bank,
        at=TEN,
        working=True,
        dpd=47,
        balance="8420.37",
        score=99,
        owner=user,
        person=PersonFactory(**person),
    )
    AccountFactory(
        person=case.person, product=case.account.product, borrower=case.borrower, balance="310.00", created_at=TEN
    )
    known(case.person)
    NoteFactory(case=case, text="Wife answered; he is back after six.", written_at=TEN)
    PromiseFactory(case=case, broken=True, made_at=TEN)
    return user, case


@pytest.fixture
def open_page(chromium: Any, site: Any, settings: Any) -> Any:
    """Return a function that signs in at a case's page; complaints of the browser fail the test."""
    set_clock(settings, TEN)
    pages: list[Any] = []

    def go(user: Any, case: Any, width: int = 1366) -> Any:
        page = window(chromium, site, user, width=width)
        pages.append(page)
        page.goto(site.url + reverse("cases:case", args=[case.ref]))
        keys_act(page)
        return page

    yield go
    assert [said for page in pages for said in page.complaints] == []


def call(page: Any) -> None:
    with page.expect_navigation(wait_until="load"):
        page.keyboard.press("c")
    keys_act(page)


def test_two_ticks_and_one_key_confirm_and_the_amounts_come_without_a_new_page(open_page):
    user, case = at_work()
    page = open_page(user, case)
    call(page)
    assert BANK not in page.content()
    assert "8,420.37" not in page.content()
    page.fill("#id_note", "half a note")
    page.locator("#contact-bar h1").click()
    page.evaluate("window.same = true")
    for key in ("e", "r", "v"):
        page.keyboard.press(key)
    page.locator("#facts", has_text="8,730.37").wait_for()
    assert BANK in page.inner_text("#facts")
    assert page.input_value("#id_note") == "half a note"
    assert page.evaluate("window.same") is True
    assert Verification.objects.get(attempt__case=case).right == ["birth_date", "document_last4"]
    # The page that was fetched is one with scripts: what is typed is not asked about a second time.
    page.locator("[name=promise__said]").wait_for(state="detached")
    assert page.locator("#contact-bar", has_text="confirmed in this call").count() == 1
    # Escape leaves the note, so that a digit chooses an outcome; once more goes back to the same place in it.
    page.locator("#id_note").evaluate("note => { note.focus(); note.setSelectionRange(4, 4); }")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement === document.body") is True
    page.keyboard.press("Escape")
    page.keyboard.type("of ")
    assert page.input_value("#id_note") == "halfof  a note"


def test_what_the_person_says_is_typed_and_compared_with_full_width_digits(open_page):
    user, case = at_work()
    page = open_page(user, case)
    call(page)
    page.keyboard.press("q")
    page.keyboard.insert_text("１９８５年３月１２日")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.insert_text("0012")
    page.keyboard.press("Enter")
    page.locator("#verify", has_text="wrong, 2 more tries").wait_for()
    assert BANK not in page.content()
    assert page.evaluate("document.activeElement.name") == "said_document_last4"
    page.keyboard.insert_text("0011")
    page.keyboard.press("Enter")
    page.locator("#facts", has_text=BANK).wait_for()
    assert Verification.objects.get(attempt__case=case, result="confirmed").compared == ["birth_date", "document_last4"]


@pytest.mark.parametrize(("key", "result"), [("g", "wrong_party"), ("0", "wrong_number")])
def test_one_key_silences_a_strangers_number_and_the_next_case_is_there(open_page, key, result):
    user, case = at_work()
    _other, following = at_work()
    page = open_page(user, case)
    call(page)
    first = page.url
    following.owner = user
    following.save()
    with page.expect_navigation(wait_until="load"):
        page.keyboard.press(key)
    assert page.url != first
    assert Verification.objects.get(attempt__case=case).result == result
    assert ContactAttempt.objects.get(case=case).outcome == "wrong_number"
    assert Address.objects.get(pk=case.point.address_id).suppressed_reason == "stranger"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_regions_a_to_d_fit_a_small_screen_before_a_call_and_while_nobody_is_confirmed(open_page, language):
    user, case = at_work(language)
    page = open_page(user, case)
    for moment in ("before", "masked", "confirmed"):
        if moment == "masked":
            call(page)
        if moment == "confirmed":
            for key in ("e", "r", "v"):
                page.keyboard.press(key)
            page.locator("#facts", has_text=BANK).wait_for()
        for region in ("contact-bar", "facts", "action"):
            box = page.locator(f"#{region}").bounding_box()
            assert box["y"] + box["height"] <= 768, (moment, region, box)


@pytest.mark.parametrize("width", [768, 390])
def test_nothing_runs_out_of_a_tablet_or_a_telephone(open_page, width):
    user, case = at_work()
    page = open_page(user, case, width)
    for moment in ("before", "masked"):
        if moment == "masked":
            with page.expect_navigation(wait_until="load"):
                page.locator("#contact-bar button[data-key=c]").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, moment
