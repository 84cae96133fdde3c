"""A plan with what can be afforded, by the keyboard alone, from the page of the case to the agreement that waits."""

from datetime import timedelta

import pytest
from django.urls import reverse

from cases.models import Plan
from tests.browsers import keys_act, window
from tests.cases.plans.conftest import AT
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.browser
ABORTED = ("htmx:sendAbort", "htmx:afterRequest")  # what htmx says of a preview that the saving of the form overtook


@pytest.fixture
def page(own_database, settings, site, chromium):
    """The case page of a collector who holds the case."""
    set_clock(settings, AT)
    team = TeamFactory()
    user = UserFactory(team=team)
    case = CaseFactory(creditor=CreditorFactory(team=team), at=AT - timedelta(days=1), working=True, balance="6000.00")
    page = window(chromium, site, user)
    page.case = case
    page.goto(site.url + reverse("cases:case", args=[case.ref]))
    keys_act(page)
    return page


def test_a_plan_is_made_in_a_few_keys_and_its_schedule_appears_while_it_is_typed(page):
    page.keyboard.press("l")
    page.wait_for_selector("#plan-form")
    assert page.evaluate("document.activeElement.name") == "left"
    page.keyboard.type("1500")
    page.keyboard.press("Tab")
    page.keyboard.type("1000")
    page.wait_for_selector("#plan-preview tbody tr:nth-child(6)")
    assert "Within the" in page.inner_text("#plan-preview")
    assert not Plan.objects.exists()
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("text=It was signed")
    plan = Plan.objects.get()
    assert (plan.status, plan.instalments.count()) == ("approved", 6)
    assert [text for text in page.complaints if not text.startswith(ABORTED)] == []
