"""The dashboard in a real browser: widgets load themselves, the policy refuses nothing, a number opens its rows."""

import pytest
from django.urls import reverse

from collections_app.dashboards import registry, views  # noqa: F401  (views registers the widgets)
from tests.browsers import window
from tests.collections_app.test_dashboards import fill
from tests.factories.staff import TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.browser


@pytest.fixture
def supervisor(own_database, settings, at):
    set_clock(settings, at)
    team, _made = TeamFactory._meta.model.objects.get_or_create(code="north", defaults={"name": "North"})
    if not team.creditors.exists():
        fill(team, at)
    return UserFactory(supervisor=True, team=team)


def test_every_widget_arrives_and_the_policy_refuses_nothing(chromium, site, supervisor):
    page = window(chromium, site, supervisor)
    page.goto(site.url + reverse("dashboards:supervisor"))
    page.wait_for_selector(".chart canvas")
    for name in registry.WIDGETS:
        page.wait_for_selector(f"#widget-{name} section")
    assert page.complaints == []
    number = page.query_selector("#widget-waiting a.stat .stat-value").inner_text()
    page.click("#widget-waiting a.stat")
    page.wait_for_selector("table[data-list]")
    assert len(page.query_selector_all("table[data-list] tbody tr")) == int(number)


def test_without_scripts_every_widget_is_a_link_to_its_page(chromium, site, supervisor):
    page = window(chromium, site, supervisor, java_script_enabled=False)
    page.goto(site.url + reverse("dashboards:supervisor"))
    page.click("#widget-needs a")
    assert page.query_selector("#widget-needs a.stat") is not None
