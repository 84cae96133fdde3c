"""Every page can be read and worked by everybody: axe-core finds nothing, in both languages, light and dark.

The rules are those of WCAG 2.0 to 2.2, levels A and AA. Every route that answers with a whole page is opened by a role
that may open it, on rows of that reader's own team; a new route is walked by itself.
"""

import re
from decimal import Decimal
from types import SimpleNamespace

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.conf import settings as conf
from django.test import Client
from django.urls import reverse

from cases import payments
from collections_app.shared import refs
from collections_app.shared.actor import SYSTEM
from collections_app.staff.models import User
from contacts.models import Rehearsal
from tests.architecture.test_access import NOW, ROUTES, World
from tests.browsers import keys_act, window
from tests.collections_app.rows_of_pages import further_addresses
from tests.factories.cases import CaseFactory, NoteFactory
from tests.factories.staff import UserFactory, set_clock
from tests.factories.verifying import known

pytestmark = pytest.mark.browser
NOON = NOW.replace(hour=4)  # 12:00 in Shanghai
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ORDER = ("supervisor", "admin", "compliance", "collector")
BY_COLLECTORS = ("cases:case", "cases:queue", "home", "preferences")
WAYS = (("en", "light"), ("zh-hans", "dark"), ("en", "dark"), ("zh-hans", "light"))
OF_A_PAYMENT = ("cases:payment", "cases:reverse-payment", "cases:credit")
# What answers with a file, or with a part of a page that another page shows: no page of its own, and no row here.
NO_PAGES = {
    "cases:evidence", "contacts:call-live", "contacts:inbox-file", "contacts:plan-agreement-file",
    "contacts:visit-file",
}  # fmt: skip
ASK = """async rules => {
  const found = await axe.run(document, {
    runOnly: { type: "tag", values: rules }, resultTypes: ["violations"], elementRef: false });
  return found.violations.flatMap(one => one.nodes.map(node => one.id + " at " + node.target.join(" ") + ": " +
    node.html.slice(0, 160) + " | " + node.any.concat(node.all, node.none).map(said => said.message).join("; ")));
}"""


@pytest.fixture(scope="module")
def world(own_database):
    """A team's case with all that can hang on it, one that may be called, and somebody of each role who sees them."""
    world = World()
    world.people = {
        "collector": world.colleague,
        "supervisor": UserFactory(team=world.case.team, supervisor=True),
        "admin": UserFactory(admin=True),
        "compliance": UserFactory(compliance=True),
    }
    world.free = CaseFactory(
        creditor=world.case.creditor, at=NOON, working=True, dpd=47, balance="8420.37", owner=world.colleague
    )
    known(world.free.person)
    NoteFactory(case=world.free, text="Wife answered; he is back after six.", written_at=NOON)
    world.paid = payments.record(
        creditor=world.free.creditor, source="api", external_ref="AXE-1", amount=Decimal("100.00"), currency="CNY",
        received_at=NOON, account_id=world.free.account.pk, actor=SYSTEM, at=NOON,
    ).payment  # fmt: skip
    return world


@pytest.fixture(scope="module")
def walked(world):
    """Return what every route answers: whole = [(route, role, address)] and absent = the routes without a row here."""
    clients, whole, absent, addresses = {}, [], set(), own_addresses(world)
    for role, user in world.people.items():
        clients[role] = Client()
        clients[role].force_login(user)
    for name in ROUTES:
        if name == "logout":
            continue
        role = "collector" if name in BY_COLLECTORS else next(one for one in ORDER if one in ROUTES[name])
        url = addresses.get(name) or world.url(name)
        answer = clients[role].get(url)
        if answer.status_code == 200 and not answer.streaming and is_page(answer):
            whole.append((name, role, url))
        elif answer.status_code == 404:
            absent.add(name)
    return SimpleNamespace(whole=whole, absent=absent)


def own_addresses(world):
    """Return the addresses of pages that ask for more than a row of the case."""
    paid = refs.encode("P", world.paid.pk)
    rehearsal = Rehearsal.objects.filter(version=world.strategy).get()
    return {
        "cases:reveal": f"{reverse('cases:reveal', args=[world.case.ref])}?what=point-{world.case.point.pk}",
        **{name: reverse(name, args=[world.free.ref, paid]) for name in OF_A_PAYMENT},
        "contacts:rehearsal": reverse("contacts:rehearsal", args=[rehearsal.pk]),
        "contacts:my-day-rows": reverse("contacts:my-day-rows", args=["calls"]),
        "dashboards:rows": reverse("dashboards:rows", args=["cases"]),
        "compliance:pack": f"{reverse('compliance:pack', args=['CN-CBA-2026'])}?examples=1",
        **further_addresses(world, at=NOON),
    }


def is_page(answer):
    return answer["Content-Type"].startswith("text/html") and b"<!doctype html" in answer.content[:200].lower()


def reader(chromium, site, user, language, theme, **options):
    """Return an open page of this user in this language and theme; of nobody for user=None."""
    if user:
        User.objects.filter(pk=user.pk).update(language=language)
    cookies = {conf.LANGUAGE_COOKIE_NAME: language, "theme": theme}
    return window(chromium, site, user, cookies=cookies, **options)


def violations(page):
    """Return what axe-core has against the page that is shown; its window runs AXE_SCRIPT before each page."""
    return page.evaluate(ASK, RULES)


@pytest.fixture
def noon(own_database, settings):
    set_clock(settings, NOON)


@pytest.mark.parametrize(("language", "theme"), WAYS[:2])
def test_no_page_breaks_a_rule(world, walked, site, noon, chromium, language, theme):
    wrong = []
    for role, user in world.people.items():
        page = reader(chromium, site, user, language, theme, script=AXE_SCRIPT)
        for name, _role, url in walked.whole:
            if _role != role:
                continue
            asked = f"?language={language}" if name == "cases:receipt" else ""  # else it is in the person's language
            page.goto(site.url + url + asked, wait_until="load")
            assert page.get_attribute("html", "lang") == language, name
            assert page.get_attribute("html", "data-bs-theme") == theme, name
            wrong += [f"{name} ({role}, {language}, {theme}): {one}" for one in violations(page)]
        page.close()
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize(("language", "theme"), WAYS)
def test_no_state_of_the_case_page_and_the_queue_breaks_a_rule(world, site, noon, chromium, language, theme):
    page = reader(chromium, site, world.colleague, language, theme, script=AXE_SCRIPT)
    wrong = []

    def look(state):
        wrong.extend(f"{state} ({language}, {theme}): {one}" for one in violations(page))

    def choose(outcome):
        radio = page.locator(f"input[name=outcome][value={outcome}]")
        radio.evaluate("one => one.click()")
        assert radio.is_checked()

    page.goto(site.url + reverse("cases:queue"))
    look("queue")
    page.goto(site.url + reverse("cases:case", args=[world.free.ref]))
    keys_act(page)
    look("before a call")
    if (language, theme) not in WAYS[:2]:
        page.close()
        assert wrong == [], "\n".join(wrong)
        return
    page.locator("summary[data-key=p]").click()
    page.locator("#promise_amount").wait_for(state="visible")
    look("promise without a call")
    page.keyboard.press("Escape")
    page.locator("[data-quick] summary").click()
    look("stop or hold")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.wait_for_selector("#palette[open]")
    look("palette")
    page.keyboard.press("Escape")
    page.locator("#contact-bar .channel-ok button").first.click()
    page.wait_for_selector("#call-form")
    look("in a call, nobody confirmed")
    for box in page.locator("#verify input[type=checkbox]").all():
        box.check()
    page.locator("#verify button[value=confirmed]").click()
    page.locator("input[name=outcome][value=promise]").wait_for(state="attached")
    choose("promise")
    look("in a call, a promise")
    choose("callback")
    look("in a call, a callback")
    page.locator("#call-form button[value=stay]").click()
    page.wait_for_selector("#call-form [aria-invalid=true]")
    look("in a call, refused")
    with page.expect_navigation():
        page.locator("form[action$='cancel/'] button").click()
    assert page.locator("#call-form").count() == 0  # the call is given back: the next language begins as this one did
    page.close()
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize(("language", "theme"), WAYS[:2])
def test_signing_in_and_what_is_not_there_break_no_rule(site, noon, chromium, language, theme):
    page = reader(chromium, site, None, language, theme, script=AXE_SCRIPT)
    page.goto(site.url + reverse("login"))
    wrong = violations(page)
    page.locator("main button[type=submit]").click()
    wrong += violations(page)
    page.goto(f"{site.url}/nothing/is/here/")
    wrong += violations(page)
    page.close()
    assert wrong == [], "\n".join(wrong)


def test_a_page_that_breaks_rules_is_reported(site, noon, chromium):
    page = reader(chromium, site, None, "en", "light", script=AXE_SCRIPT)
    page.goto(site.url + reverse("login"))
    page.evaluate(
        """() => document.querySelector("main").insertAdjacentHTML("beforeend",
        '<img src="/static/collections_app/favicon.svg"><p id="pale">pale</p><input>') ||
        (document.getElementById("pale").style.color = "#ccc")"""
    )
    assert sorted({re.split(" at ", one)[0] for one in violations(page)}) == ["color-contrast", "image-alt", "label"]
    page.close()


def test_no_page_is_left_out_unsaid(walked):
    """A page that falls out of the walk is noticed: whatever answers with nothing here is no page at all."""
    assert walked.absent == NO_PAGES
    assert len(walked.whole) >= 125
