"""The next case in a browser: there at once, true a moment later, never edited by a key that was meant for the last."""

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from cases import worklist
from cases.models import Case
from collections_app.shared.actor import Actor
from compliance.models import AuditEvent
from tests.browsers import keys_act, window
from tests.factories.cases import CaseFactory, CreditorFactory, NoteFactory, PersonFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.browser
NOON = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)  # 11:00 in Shanghai
CLAIMS = int(os.environ.get("CLAIMS", "12"))  # of each browser


@pytest.fixture
def team(site, settings):
    set_clock(settings, NOON)
    return TeamFactory()


@pytest.fixture
def names(team):
    """Four cases that are due, by name, the most urgent first."""
    bank = CreditorFactory(team=team)
    for score, name in ((90, "王小明"), (70, "李四"), (50, "张三"), (30, "赵六")):
        CaseFactory(creditor=bank, person=PersonFactory(name=name), at=NOON, score=score)
    return ["王小明", "李四", "张三", "赵六"]


@pytest.fixture
def open_page(chromium, site):
    """Return a function that opens the page of a collector."""
    return lambda user: window(chromium, site, user)


def name(page: Any) -> str:
    return page.locator("h1").inner_text()


def take_first(page: Any, site: Any) -> None:
    page.goto(site.url + reverse("cases:queue"))
    keys_act(page)
    with page.expect_navigation():
        page.keyboard.press("t")


def wait_for_the_next(page: Any) -> None:
    """Wait until the page after is kept in the browser."""
    page.evaluate(
        """() => new Promise((done) => {
            document.addEventListener("keptahead", () => done(true), { once: true });
            document.dispatchEvent(new Event("visibilitychange"));
        })"""
    )


def call_without_an_answer(page: Any) -> None:
    keys_act(page)
    with page.expect_navigation():
        page.keyboard.press("c")
    wait_for_the_next(page)
    keys_act(page)
    page.keyboard.press("1")
    assert page.locator("input[name=outcome]:checked").count() == 1


NOTICE_WHAT_IS_SHOWN_FIRST = """() => document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id === "main") window.first = event.target.innerText;
})"""


def test_after_saving_the_next_case_is_shown_from_what_was_fetched_and_then_made_true(site, names, team, open_page):
    user = UserFactory(team=team)
    page = open_page(user)
    take_first(page, site)
    assert name(page) == names[0]
    call_without_an_answer(page)
    kept = Case.objects.get(lease_by=user, lease_is_ahead=True)
    assert str(kept.person) == names[1]
    NoteFactory(case=kept, text="Paid at the counter.", written_at=NOON)  # since its page was fetched
    page.evaluate(NOTICE_WHAT_IS_SHOWN_FIRST)
    page.evaluate("window.stillHere = true")  # a page that is loaded anew forgets it
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("html[data-shown-true]")
    assert name(page) == names[1]
    # What was kept did not know of it: only the page that is true tells it.
    assert names[1] in page.evaluate("window.first")
    assert "Paid at the counter." not in page.evaluate("window.first")
    assert "Paid at the counter." in page.locator("#main").inner_text()
    assert page.url == f"{site.url}{reverse('cases:case', args=[kept.ref])}"
    assert page.evaluate("window.stillHere") is True
    kept.refresh_from_db()
    assert (kept.lease_by_id, kept.lease_is_ahead, kept.status) == (user.pk, False, "working")
    assert page.locator("input[name=version]").first.input_value() == str(kept.version)
    assert page.locator("#messages .note-ok").count() == 1
    # It works like any page: the next call is opened and saved from it, and the browser's way back leads back.
    call_without_an_answer(page)
    page.keyboard.press("Control+Enter")
    page.locator("h1", has_text=names[2]).wait_for()


def test_a_key_meant_for_the_last_case_does_not_reach_the_one_that_is_shown(site, names, team, open_page):
    user = UserFactory(team=team)
    page = open_page(user)
    take_first(page, site)
    call_without_an_answer(page)
    # At once: within the time in which the eye is still at the last case.
    page.evaluate(
        """() => document.addEventListener("htmx:afterSettle", (event) => {
            if (event.target.id !== "main") return;
            document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "c", bubbles: true, cancelable: true }));
            document.querySelector("#action textarea").focus();
            window.pressed = true;
        })"""
    )
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("html[data-shown-ahead]")
    keys_act(page)
    assert page.evaluate("window.pressed") is True
    assert page.locator(".dial").count() == 0
    assert name(page) == names[1]
    page.wait_for_selector("html[data-shown-true]")
    assert page.evaluate("document.activeElement.matches('#action textarea')")  # who is in a field stays there
    page.keyboard.press("Escape")
    with page.expect_navigation():
        page.keyboard.press("c")  # a moment later the same key calls
    assert page.locator(".dial").count() == 1


def test_where_nothing_was_fetched_the_server_leads_to_the_next_case(site, names, team, open_page):
    page = open_page(UserFactory(team=team))
    page.route("**/queue/ahead/", lambda route: route.abort())
    take_first(page, site)
    keys_act(page)
    with page.expect_navigation():
        page.keyboard.press("c")
    keys_act(page)
    page.keyboard.press("1")
    with page.expect_navigation(wait_until="load"):
        page.keyboard.press("Control+Enter")
    assert name(page) == names[1]
    assert page.evaluate("document.documentElement.dataset.shownAhead") is None


def test_a_takeover_is_said_at_once_and_what_was_typed_stays(site, names, team, open_page):
    user, colleague = UserFactory(team=team), UserFactory(team=team)
    page = open_page(user)
    take_first(page, site)
    keys_act(page)
    page.keyboard.press("n")
    page.keyboard.type("He says that he pays on Friday")
    case = Case.objects.get(lease_by=user, lease_is_ahead=False)
    worklist.take_over(case_id=case.pk, user=colleague, reason="on-my-line", actor=Actor.of(colleague), at=NOON)
    page.evaluate("document.dispatchEvent(new Event('lookholder'))")
    page.locator("[data-lost]").wait_for()
    assert str(colleague) in page.locator("[data-lost]").inner_text()
    assert page.locator("textarea[name=text]").input_value() == "He says that he pays on Friday"
    with page.expect_navigation():
        page.get_by_role("button", name="Save note").click()
    assert AuditEvent.objects.filter(person_id=case.person_id, actor_id=user.pk, name__startswith="note").exists()


CLAIM = """async ({ claims, take, tomorrow }) => {
    const got = [], token = document.querySelector("input[name=csrfmiddlewaretoken]").value;
    const post = (url, values) => fetch(url, {
        method: "POST", headers: { "X-CSRFToken": token }, body: new URLSearchParams(values),
    });
    for (let number = 0; number < claims; number += 1) {
        const page = await post(take, {});
        const path = new URL(page.url).pathname, version = /name="version" value="(\\d+)"/.exec(await page.text());
        if (!version) break;
        got.push(path);
        const saved = await post(path + "next-action/", { version: version[1], action: "call", due_at: tomorrow });
        if (!saved.ok) throw new Error(`${path}: ${saved.status}`);
        await post(path + "release/", {});
    }
    return got;
}"""


def test_two_browsers_at_one_queue_never_get_the_same_case(site, team, chromium):
    bank = CreditorFactory(team=team)
    for _each in range(2 * CLAIMS):
        CaseFactory(creditor=bank, at=NOON, accounts=False)
    tomorrow = (NOON + timedelta(days=1)).strftime("%Y-%m-%d 11:00")
    pages = [window(chromium, site, UserFactory(team=team)) for _each in range(2)]
    for page in pages:
        page.goto(site.url + reverse("cases:queue"))
    values = {"claims": CLAIMS, "take": reverse("cases:take-next"), "tomorrow": tomorrow}
    for page in pages:  # both begin, then both are waited for
        page.evaluate(f"(values) => {{ window.work = ({CLAIM})(values); }}", values)
    got = [page.evaluate("() => window.work") for page in pages]
    everything = [path for each in got for path in each]
    assert [len(each) for each in got] == [CLAIMS, CLAIMS]
    assert len(set(everything)) == len(everything) == 2 * CLAIMS
