"""A settlement by the keyboard alone: from the page of the case to the offer, and through the inbox in three keys."""

from datetime import timedelta

import pytest
from django.urls import reverse

from cases.models import Approval, Settlement
from tests.browsers import keys_act, window
from tests.factories import NOW
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(own_database, settings, site, chromium):
    """Open pages as somebody: desk(user, address)."""
    set_clock(settings, NOW)

    def open_page(user, address):
        page = window(chromium, site, user)
        page.goto(site.url + address)
        keys_act(page)
        return page

    return open_page


def test_an_offer_is_typed_signed_and_the_next_item_comes_by_itself(desk):
    team = TeamFactory()
    bank = CreditorFactory(team=team)
    collector = UserFactory(team=team)
    bosses = [UserFactory(team=team, supervisor=True) for _ in range(2)]
    cases = [CaseFactory(creditor=bank, at=NOW - timedelta(days=1), working=True) for _ in range(2)]
    pages = []
    for case in cases:
        pages.append(page := desk(collector, reverse("cases:case", args=[case.ref])))
        page.keyboard.press("o")
        page.wait_for_selector("#preview")
        assert page.evaluate("document.activeElement.name") == "pays"
        page.keyboard.type("70%")
        page.wait_for_selector("#preview >> text=350.00")
        assert not Settlement.objects.filter(case=case).exists()
        page.locator("[name=reason]").focus()
        page.keyboard.type("ill")
        page.keyboard.press("Control+Enter")
        page.wait_for_selector("text=Put before those who sign.")
    first, second = Approval.objects.order_by("pk")

    pages.append(page := desk(bosses[0], reverse("cases:approvals")))
    assert page.evaluate("document.documentElement.scrollHeight <= window.innerHeight")  # all facts on one screen
    page.keyboard.press("j")
    page.wait_for_url(f"**item={second.ref}")
    keys_act(page)
    page.keyboard.press("j")
    page.wait_for_url(f"**item={first.ref}")
    keys_act(page)
    page.keyboard.press("a")
    page.wait_for_url(f"**item={second.ref}")
    keys_act(page)
    page.keyboard.press("r")
    page.keyboard.type("too much")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Nothing waits for your signature")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status, second.ended_reason) == ("pending", "refused", "too much")

    pages.append(page := desk(bosses[1], reverse("cases:approvals")))
    page.keyboard.press("a")
    page.wait_for_selector("text=Nothing waits for your signature")
    assert [row.status for row in Settlement.objects.order_by("pk")] == ["offered", "refused"]
    assert [page.complaints for page in pages] == [[]] * 4
