"""The whole line in a browser: sign in, next case, a refused channel, a call, a promise, its payment, cured, counted.

By keys alone, as a collector works; and nothing on the way that the content security policy or the console minds.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.request import Request, urlopen

import pytest
from django.urls import reverse

from cases import clients, instructions
from cases.models import Case, Promise
from collections_app.shared.actor import SYSTEM
from contacts.models import ContactAttempt
from tests.browsers import keys_act, window
from tests.factories.cases import AccountFactory, CaseFactory, CreditorFactory, PersonFactory, ProductFactory
from tests.factories.staff import PASSWORD, TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.browser
NOON = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)  # 11:00 in Shanghai
NUMBER = "6222000012345678"


@dataclass
class Line:
    """What the story is about."""

    collector: str
    supervisor: str
    bank: str
    case: Case
    following: Case
    token: str


@dataclass
class Hands:
    """A collector at the keyboard: counts what is pressed, and keeps what the browser complains about."""

    page: Any
    url: str
    pressed: int = 0

    @property
    def complaints(self) -> list[str]:
        return self.page.complaints

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
            self.pressed += 1

    def go(self, *keys: str) -> None:
        """Press keys, the last of which leads to another page, and wait until that page listens."""
        with self.page.expect_navigation(wait_until="load"):
            self.press(*keys)
        keys_act(self.page)

    def sign_in(self, name: str) -> None:
        self.page.goto(f"{self.url}{reverse('login')}")
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.go("Enter")


@pytest.fixture
def line(site, settings):
    """A bank's case that may be called and may not be texted, one more behind it, and a client that posts payments."""
    set_clock(settings, NOON)
    team = TeamFactory()
    collector, supervisor = UserFactory(team=team), UserFactory(team=team, supervisor=True)
    bank = CreditorFactory(team=team)
    product = ProductFactory(creditor=bank)
    case = CaseFactory(
        creditor=bank, person=PersonFactory(name="王小明"), at=NOON, score=90, balance="500.00", accounts=False
    )
    AccountFactory(
        person=case.person, product=product, borrower=case.borrower, number=NUMBER, on=NOON.date(), created_at=NOON
    )
    yesterday = NOON - timedelta(days=1)
    instructions.give(person_id=case.person_id, kind="opt_out", channel="sms", actor=SYSTEM, at=yesterday)
    following = CaseFactory(creditor=bank, person=PersonFactory(name="李四"), at=NOON, score=10)
    _client, token = clients.create(
        name=bank.code, scopes=["payments:write"], creditors=[bank], actor=SYSTEM, at=yesterday
    )
    return Line(collector.username, supervisor.username, bank.code, case, following, token)


@pytest.fixture
def hands(chromium, site):
    return Hands(window(chromium, site), site.url)


def pay(site, line: Line, amount: str) -> dict[str, Any]:
    """Post a payment as the bank's own system does."""
    body = {
        "creditor": line.bank,
        "reference": "REF-1",
        "account": NUMBER,
        "amount": amount,
        "currency": "CNY",
        "received_at": NOON.isoformat(),
    }
    headers = {"Authorization": f"Bearer {line.token}", "Idempotency-Key": "k-1", "Content-Type": "application/json"}
    with urlopen(Request(f"{site.url}/api/v1/payments", json.dumps(body).encode(), headers), timeout=10) as answer:
        assert answer.status == 201
        return json.load(answer)


def confirm(hands: Hands) -> None:
    """Confirm the person by two answers that were heard: three keys, and what is owed shows at once."""
    hands.press("e", "r", "v")
    hands.page.locator("#action .tone-ok", has_text="The person is confirmed.").wait_for()
    keys_act(hands.page)


def figure(hands: Hands, label: str) -> int:
    """Return the number under this label on the dashboard."""
    found = hands.page.locator(".stat", has=hands.page.locator(".stat-label", has_text=label)).first
    return int(found.locator(".stat-value").inner_text())


def open_dashboard(hands: Hands) -> None:
    hands.page.goto(f"{hands.url}{reverse('dashboards:supervisor')}")
    hands.page.locator(".stat-label", has_text="Kept today").wait_for()


def test_from_the_queue_to_a_cured_case_and_a_dashboard_that_moved(site, line, hands, chromium):
    page = hands.page

    # The supervisor looks at the numbers before.
    supervisor = Hands(window(chromium, site), site.url)
    supervisor.sign_in(line.supervisor)
    open_dashboard(supervisor)
    before = figure(supervisor, "Kept today")

    # Sign in, land in the queue, take the next case: the most urgent one.
    hands.sign_in(line.collector)
    assert page.url == f"{site.url}{reverse('cases:queue')}"
    hands.go("t")
    assert page.url == f"{site.url}{reverse('cases:case', args=[line.case.ref])}"
    assert page.locator("h1").inner_text() == "王小明"

    # Nothing that is needed lies below the fold.
    for region in ("contact-bar", "facts", "action"):
        box = page.locator(f"#{region}").bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 768, region

    # The text message is refused, with its reason in place of a button; the call is offered.
    refused = page.locator("li.channel-wide", has_text="Text message")
    assert refused.locator("button").count() == 0
    assert len(refused.locator(".why").inner_text()) > 20

    # Call, and record the promise: the whole call in at most eight keys.
    hands.go("c")
    assert ContactAttempt.objects.get().status == "cleared"
    assert page.locator(".dial").inner_text().startswith("+86199")
    hands.pressed = 0
    confirm(hands)
    assert hands.pressed == 3
    hands.pressed = 0
    for said in range(page.locator(".said-chip").count()):  # what had to be said is ticked as it is said
        hands.press("x")
        page.locator(".said-chip[aria-pressed=true]").nth(said).wait_for()
    hands.go("2", "5", "0", "0", "Control+Enter")  # choosing a promise leads straight to its amount
    assert hands.pressed <= 8
    assert page.url == f"{site.url}{reverse('cases:case', args=[line.following.ref])}"
    promise = Promise.objects.get()
    assert (str(promise.amount), promise.status, promise.case) == ("500.00", "open", line.case)

    # The payment arrives by the API; the promise is kept and the case cured.
    assert pay(site, line, "500.00")["status"] == "allocated"
    page.goto(f"{site.url}{reverse('cases:case', args=[line.case.ref])}")
    assert page.locator("#contact-bar .pill", has_text="cured").count() == 1
    assert page.locator("#facts .pill", has_text="kept").count() == 1
    told = page.locator("#timeline").inner_text()
    for words in ("Payment CNY", "Promise kept", "Arrears cleared, case cured", "spoke with the borrower"):
        assert words in told
    assert page.locator("#contact-bar button").count() == 0

    # The dashboard has moved.
    open_dashboard(supervisor)
    assert figure(supervisor, "Kept today") == before + 1
    assert hands.complaints == supervisor.complaints == []


def test_no_answer_is_two_keys_and_the_next_case_is_there(site, line, hands):
    hands.sign_in(line.collector)
    hands.go("t")
    first = hands.page.url
    hands.go("c")
    hands.pressed = 0
    hands.go("1", "Control+Enter")
    assert hands.pressed == 2
    assert hands.page.url != first
    assert ContactAttempt.objects.order_by("-pk").first().outcome == "no_answer"
    assert hands.complaints == []


def test_a_stop_is_two_keys_and_closes_every_channel(site, line, hands):
    hands.sign_in(line.collector)
    hands.page.goto(f"{site.url}{reverse('cases:case', args=[line.following.ref])}")
    keys_act(hands.page)
    assert hands.page.locator("#contact-bar .channel-ok").count() > 0
    hands.pressed = 0
    hands.press("h", "Enter")
    hands.page.locator("#contact-bar .channel-ok").first.wait_for(state="detached")
    assert hands.pressed == 2
    assert hands.page.locator("#contact-bar .channel-ok").count() == 0
    assert line.following.person.instructions.get().kind == "cease_request"
    assert hands.complaints == []


def test_a_vulnerable_person_is_held_in_two_keys(site, line, hands):
    hands.sign_in(line.collector)
    hands.page.goto(f"{site.url}{reverse('cases:case', args=[line.following.ref])}")
    keys_act(hands.page)
    hands.press("v")  # does nothing while the panel is closed
    keys_act(hands.page)
    assert not line.following.person.holds.exists()
    hands.pressed = 0
    hands.press("h", "v")
    hands.page.locator("#contact-bar .channel-ok").first.wait_for(state="detached")
    assert hands.pressed == 2
    assert [hold.kind for hold in line.following.person.holds.all()] == ["vulnerable"]
    assert hands.page.locator("#contact-bar .channel-ok").count() == 0
    assert hands.complaints == []


def test_the_line_works_without_scripts(site, line, chromium):
    page = window(chromium, site, java_script_enabled=False)
    page.goto(f"{site.url}{reverse('login')}")
    page.fill("#id_username", line.collector)
    page.fill("#id_password", PASSWORD)
    page.click("main button[type=submit]")
    page.goto(f"{site.url}{reverse('cases:case', args=[line.case.ref])}")
    page.click("#contact-bar .channel-ok button")
    page.wait_for_load_state()
    assert page.locator("input[value=promise]").count() == 0  # nobody is confirmed
    for box in page.locator("#verify input[type=checkbox]").all():
        box.check()
    page.click("#verify button[value=confirmed]")
    page.check("input[value=promise]", force=True)
    page.click("button[value=stay]")
    page.locator("#action", has_text="How much is promised?").wait_for()
    page.fill("#id_promise_amount", "100")
    page.click("button[value=stay]")
    page.click("button[name=unsaid][value=said]")
    page.locator("#facts", has_text="100.00").wait_for()
