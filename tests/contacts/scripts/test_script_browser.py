"""A call by keyboard: what must be said is ticked by one key each, branches open by one key, the outcome follows."""

import pytest
from django.urls import reverse

from contacts.models import CallDisclosures, DisclosureTick
from tests.browsers import arrived, keys_act, until, window
from tests.contacts.scripts.calling import NOON, called
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.browser


def opened(chromium, site, user, case, *, width=1366):
    page = window(chromium, site, user, width=width)
    page.goto(site.url + reverse("cases:case", args=[case.ref]))
    keys_act(page)
    return page


def test_disclosures_are_ticked_by_key_and_what_is_missing_is_asked_about(chromium, site, own_database, settings):
    set_clock(settings, NOON)
    team, _made = TeamFactory._meta.model.objects.get_or_create(code="north", defaults={"name": "North"})
    user, bank = UserFactory(team=team), CreditorFactory(team=team)
    case = CaseFactory(creditor=bank, at=NOON, working=True, dpd=47)
    called(case, by=user, confirmed=True)
    page = opened(chromium, site, user, case)
    assert page.locator("[data-branch=main]").is_visible()
    assert not page.locator("[data-branch=unable]").is_visible()
    page.keyboard.press("u")
    assert page.locator("[data-branch=unable]").is_visible()
    assert not page.locator("[data-branch=main]").is_visible()
    page.keyboard.press("x")
    page.wait_for_selector("#said-CN-REC[aria-pressed=true]")
    assert page.locator("[data-branch=unable]").is_visible()  # a tick changes nothing else
    page.keyboard.press("4")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".script-gaps")
    assert "CN-ID" in page.inner_text(".script-gaps")
    assert page.is_checked("input[name=outcome][value=talked]")
    page.keyboard.press("x")
    page.wait_for_selector("#said-CN-ID[aria-pressed=true]")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    kept = CallDisclosures.objects.get()
    assert (kept.ticked, kept.unticked, kept.unsaid) == (["CN-REC", "CN-ID"], [], [])
    assert list(DisclosureTick.objects.order_by("pk").values_list("rule", flat=True)) == ["CN-REC", "CN-ID"]
    assert page.complaints == []


def test_a_tick_that_is_given_while_another_is_on_its_way_is_not_lost(chromium, site, own_database, settings):
    set_clock(settings, NOON)
    team, _made = TeamFactory._meta.model.objects.get_or_create(code="north", defaults={"name": "North"})
    user = UserFactory(team=team)
    case = CaseFactory(creditor=CreditorFactory(team=team), at=NOON, working=True, dpd=47)
    attempt = called(case, by=user, confirmed=True)
    page = opened(chromium, site, user, case)
    held = []
    page.route("**/said/", lambda route: held.append(route) if not held else route.continue_())
    page.keyboard.press("x")
    page.keyboard.press("x")
    arrived(page, held)
    until(page, "document.querySelector('#script-said form.htmx-request') !== null")
    held[0].continue_()
    page.wait_for_selector("#said-CN-ID[aria-pressed=true]")
    ticked = DisclosureTick.objects.filter(attempt=attempt).order_by("pk")
    assert list(ticked.values_list("rule", flat=True)) == ["CN-REC", "CN-ID"]
    assert page.complaints == []


@pytest.mark.parametrize("width", [1366, 390])
def test_the_script_pushes_no_outcome_off_the_screen_and_is_not_wider_than_it(
    chromium, site, own_database, settings, width
):
    set_clock(settings, NOON)
    team, _made = TeamFactory._meta.model.objects.get_or_create(code="north", defaults={"name": "North"})
    user, bank = UserFactory(team=team), CreditorFactory(team=team)
    case = CaseFactory(creditor=bank, at=NOON, working=True, dpd=47)
    called(case, by=user, confirmed=True)
    page = opened(chromium, site, user, case, width=width)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    boxes = {name: page.locator(name).bounding_box() for name in ("#outcomes", "#script", "#action")}
    if width == 1366:
        assert boxes["#outcomes"]["y"] + boxes["#outcomes"]["height"] <= 768
        assert boxes["#script"]["y"] + boxes["#script"]["height"] <= 768
        assert boxes["#script"]["y"] == boxes["#action"]["y"]
    else:
        assert boxes["#script"]["y"] > boxes["#action"]["y"]
    assert page.complaints == []
