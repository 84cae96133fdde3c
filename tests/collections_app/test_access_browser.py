"""Case page and queue for somebody with a keyboard alone, a screen reader, large letters, no liking for motion."""

import pytest
from django.urls import reverse

from tests.browsers import keys_act
from tests.collections_app.test_axe_browser import NOON, reader
from tests.factories.cases import CaseFactory, CreditorFactory, NoteFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock
from tests.factories.verifying import known

pytestmark = pytest.mark.browser
HALF = {"width": 683, "height": 384}  # 1366 x 768 at 200 %
REGION = """() => {
  const at = document.activeElement, part = at.closest("#verify, #outcomes, .only-promise, [name=next_action], " +
    "#contact-bar, .desk-queue, #facts, #action, #timeline");
  const box = at.getBoundingClientRect();
  return { region: part ? part.id || part.className.split(" ").pop() : "", name: at.name || "", type: at.type || "",
    tall: box.height, shown: box.bottom > 0 && box.top < innerHeight,
    ring: getComputedStyle(at).outlineStyle !== "none" || getComputedStyle(at).boxShadow !== "none" ||
      Boolean(at.matches("input[type=radio]")) };
}"""
CUT = """() => [...document.querySelectorAll("main *, header.top *")].filter(one => {
  if (!one.checkVisibility() || one.closest(".table-box, .visually-hidden, datalist, svg, [hidden]")) return false;
  const box = one.getBoundingClientRect(), own = getComputedStyle(one);
  if (!box.width || !box.height || own.position === "absolute" && own.clip !== "auto") return false;
  return box.right > innerWidth + 1 || box.left < -1 && box.right > 0;
}).map(one => one.tagName + "." + one.className + " " + (one.textContent || "").trim().slice(0, 40))"""
MOVING = """() => [...document.querySelectorAll("*")].filter(one => {
  const own = getComputedStyle(one);
  return own.animationName !== "none" || own.transitionDuration.split(",").some(part => parseFloat(part) > 0 &&
    own.transitionProperty !== "none" && one.offsetParent !== null);
}).map(one => one.tagName + "." + one.className)"""


@pytest.fixture
def desk(site, settings):
    """A collector with a case that may be called."""
    set_clock(settings, NOON)
    team = TeamFactory()
    user = UserFactory(team=team)
    bank = CreditorFactory(team=team)
    case = CaseFactory(creditor=bank, at=NOON, working=True, owner=user, dpd=47, balance="8420.37", score=90)
    CaseFactory(creditor=bank, at=NOON, score=10)
    known(case.person)
    NoteFactory(case=case, text="Wife answered; he is back after six.", written_at=NOON)
    return user, case


@pytest.fixture
def opened(chromium, site):
    """Return a function that opens a page as a user."""

    def go(user, path, language="en", **options):
        page = reader(chromium, site, user, language, "light", **options)
        page.goto(site.url + path)
        keys_act(page)
        return page

    return go


def at(case):
    return reverse("cases:case", args=[case.ref])


def in_call(page):
    page.locator("#contact-bar .channel-ok button").first.click()
    page.locator("#call-form").wait_for()
    keys_act(page)


def tabbed(page, most=160):
    """Press Tab from the beginning of the content to its end; return where it stopped."""
    page.locator("#main").focus()
    stops = []
    for _press in range(most):
        page.keyboard.press("Tab")
        if not page.evaluate("document.activeElement.closest('#main') !== null"):
            break
        stops.append(page.evaluate(REGION))
    return stops


def test_the_keyboard_goes_through_the_regions_in_the_order_of_a_conversation(desk, opened):
    user, case = desk
    page = opened(user, at(case))
    in_call(page)
    for key in ("e", "r", "v"):
        page.keyboard.press(key)
    page.locator("input[name=outcome][value=promise]").wait_for(state="attached")
    keys_act(page)
    page.locator("input[name=outcome][value=promise]").check(force=True)
    page.locator("#call-form summary", has_text="Next action").click()
    stops = tabbed(page)
    regions = [stop["region"] for stop in stops]
    names = [stop["name"] for stop in stops]
    assert regions.index("contact-bar") < regions.index("outcomes") < names.index("promise_amount")
    assert names.index("promise_amount") < names.index("promise_on") < names.index("note") < names.index("next_action")
    assert names.index("next_action") < regions.index("timeline")
    assert all(stop["ring"] for stop in stops)


def test_who_is_speaking_comes_before_how_the_call_ended(desk, opened):
    user, case = desk
    page = opened(user, at(case))
    in_call(page)
    regions = [stop["region"] for stop in tabbed(page)]
    assert regions.index("contact-bar") < regions.index("verify") < regions.index("outcomes")


def test_what_happens_is_said_in_a_live_region_that_was_there_before(desk, opened):
    user, case = desk
    page = opened(user, at(case))
    for name in ("messages", "toasts"):
        assert page.get_attribute(f"#{name}", "aria-live") == "polite", name
    page.evaluate("document.getElementById('toasts').dataset.mark = 'same'")
    page.evaluate("document.dispatchEvent(new CustomEvent('toast', {detail: {text: 'Saved.', tone: 'ok'}}))")
    assert page.locator("#toasts[data-mark=same]").inner_text() == "Saved."
    in_call(page)
    page.locator("#call-form button[value=stay]").click()
    page.locator("#call-form [role=alert], #call-form .field-error").first.wait_for()
    assert page.locator("#outcomes [role=alert]").inner_text() == "Say how the call ended."
    assert page.evaluate("document.activeElement.name") == "outcome"  # and the focus is where it is mended


@pytest.mark.parametrize("path", ["case", "queue"])
def test_nothing_moves_for_whoever_wants_less_motion(desk, opened, path):
    user, case = desk
    where = at(case) if path == "case" else reverse("cases:queue")
    assert opened(user, where).evaluate(MOVING) == []
    assert opened(user, where, reduced_motion="no-preference").evaluate(MOVING) != []


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_at_two_hundred_percent_nothing_is_cut_off(desk, opened, language):
    user, case = desk
    page = opened(user, reverse("cases:queue"), language, viewport=HALF)
    assert page.evaluate("document.documentElement.scrollWidth") <= HALF["width"]
    assert page.evaluate(CUT) == []
    page.goto(page.url.replace(reverse("cases:queue"), at(case)))
    assert page.evaluate("document.documentElement.scrollWidth") <= HALF["width"]
    assert page.evaluate(CUT) == []
    in_call(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= HALF["width"]
    assert page.evaluate(CUT) == []
    # What is too wide is seen by the same look.
    page.evaluate("document.querySelector('#action').style.width = '900px'")
    assert page.evaluate(CUT) != []
