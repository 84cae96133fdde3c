"""Acts by keys: outcomes and what follows from them, stops from inside a note, and one key that takes it all back."""

from datetime import timedelta

import pytest
from django.urls import reverse

from cases.models import Case, Note, Promise, Undo
from contacts import dispatch
from contacts.dispatch import carriers
from contacts.models import ContactAttempt, PlannedContact
from contacts.scripts import saying
from tests.browsers import keys_act, window
from tests.contacts.conftest import SECRET, TOKEN, Running
from tests.factories.cases import CaseFactory, CreditorFactory, PersonFactory
from tests.factories.contacts import PlannedContactFactory, StepFactory, TemplateFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock
from tests.factories.verifying import confirmed, known
from tests.flows.test_browser_line import NOON, Hands

pytestmark = pytest.mark.browser
WORDING = {"en": "{{ salutation }}, {{ amount_due }} is past due at {{ creditor_name }}."}


@pytest.fixture
def desk(site, chromium, settings):
    """A collector at the page of a case that owes 2,000.00, with another behind it; 4 March 2026 is a Wednesday."""
    set_clock(settings, NOON)
    team = TeamFactory()
    collector = UserFactory(team=team)
    creditor = CreditorFactory(team=team)
    case = CaseFactory(creditor=creditor, person=PersonFactory(name="王小明"), at=NOON, balance="2000.00", score=90)
    known(case.person)
    following = CaseFactory(creditor=creditor, person=PersonFactory(name="李四"), at=NOON, score=10)
    hands = Hands(window(chromium, site, collector), site.url)
    hands.case, hands.following, hands.collector = case, following, collector
    return hands


@pytest.fixture
def carrier(settings):
    """A running carrier that the product sends its text messages to."""
    running = Running()
    settings.SMS_PROVIDER_URL, settings.SMS_PROVIDER_TOKEN = f"{running.url}/sms", TOKEN
    settings.WEBHOOK_SECRET, settings.PROVIDER_TIMEOUT_S = SECRET, 2
    carriers.forget()
    yield running
    running.close()
    carriers.forget()


def open_case(desk, case=None):
    desk.page.goto(f"{desk.url}{reverse('cases:case', args=[(case or desk.case).ref])}")
    keys_act(desk.page)


def begin_call(desk):
    """Dial, confirm the person and say what must be said, so that the call may end in every way."""
    open_case(desk)
    desk.go("c")
    attempt = ContactAttempt.objects.get(case=desk.case)
    confirmed(attempt)
    for line in saying.missing(attempt, at=NOON):
        saying.tick(attempt_id=attempt.pk, rule=line.rule, by=desk.collector, at=NOON)
    open_case(desk)
    desk.pressed = 0


def test_a_promise_for_friday_and_the_next_case_take_seven_keys(desk):
    begin_call(desk)
    desk.go("2", "5", "0", "0", "Tab", "f", "Control+Enter")
    assert desk.pressed == 7
    promise = Promise.objects.get(case=desk.case)
    assert (str(promise.amount), f"{promise.due_on}") == ("500.00", "2026-03-06")
    assert desk.page.locator("h1").inner_text() == "李四"
    assert desk.complaints == []


def test_one_key_takes_the_promise_back_and_the_call_is_as_it_was_typed(desk):
    begin_call(desk)
    desk.go("2", "5", "0", "0", "Tab", "f", "Control+Enter")
    desk.pressed = 0
    desk.go("u")
    assert desk.pressed == 1
    assert desk.page.locator("h1").inner_text() == "王小明"
    assert Promise.objects.get(case=desk.case).status == "cancelled"
    assert desk.page.locator("#id_promise_amount").input_value() == "500"
    assert desk.page.locator("#undo-bar").count() == 0
    taken = Case.objects.filter(pk=desk.following.pk, lease_by__isnull=False)
    assert not taken.filter(lease_is_ahead=False).exists()  # it may be kept ahead of her again
    desk.go("Control+Enter")
    assert Promise.objects.filter(case=desk.case, status="open").count() == 1
    assert desk.complaints == []


def test_the_bar_is_gone_by_itself_when_its_time_is_over(desk):
    begin_call(desk)
    desk.go("1", "Control+Enter")
    assert desk.page.locator("#undo-bar").count() == 1
    desk.page.locator("#undo-bar").wait_for(state="detached", timeout=6000)
    assert Undo.objects.get(case=desk.case).undone_at is None


def test_an_outcome_brings_its_note_and_next_action_and_gives_way_to_another(desk):
    begin_call(desk)
    page = desk.page
    desk.press("1")
    assert page.locator("#id_note").input_value() == "No answer. "
    assert page.locator("#id_next_action").input_value() == "call"
    assert page.locator(".follow:visible").inner_text() == "call · 03-05 09:30"
    desk.press("5")
    assert page.locator("#id_note").input_value() == "Refuses to pay: "
    assert page.locator("#id_next_action").input_value() == "review"
    desk.press("n")
    page.keyboard.type("wants a statement")
    desk.go("Control+Enter")
    assert Note.objects.get(case=desk.case).text == "Refuses to pay: wants a statement"
    assert desk.complaints == []


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("s", "cease_request"),
        ("d", "dispute"),
        ("r", "hardship"),
        ("v", "vulnerable"),
        ("c", "complaint"),
        ("l", "represented"),
    ],
)
def test_from_inside_a_note_two_keys_are_enough_and_nothing_typed_is_lost(desk, key, kind):
    begin_call(desk)
    page = desk.page
    desk.press("4", "n")
    page.keyboard.type("he says that")
    note = page.locator("#id_note").input_value()
    desk.pressed = 0
    desk.press("Control+Shift+H", key)
    page.locator("#contact-bar .channel-ok").first.wait_for(state="detached", timeout=3000)
    assert desk.pressed == 2
    person = desk.case.person
    done = [*person.instructions.values_list("kind", flat=True), *person.holds.values_list("kind", flat=True)]
    assert done == [kind]
    assert page.locator("#id_note").input_value() == note
    assert page.locator("input[value=talked]").is_checked()
    page.keyboard.type(" and more")
    assert page.locator("#id_note").input_value() == f"{note} and more"
    assert page.locator("#undo-bar").count() == 1
    assert page.locator("input[value=promise]").count() == (0 if kind == "represented" else 1)
    assert desk.complaints == []


def test_a_stop_by_two_keys_lets_nothing_leave_that_waits(desk, carrier):
    step = StepFactory(template=TemplateFactory(channel="sms", versions=WORDING))
    planned = PlannedContactFactory(case=desk.case, step=step, at=NOON)
    open_case(desk)
    desk.pressed = 0
    desk.press("h", "s")
    desk.page.locator("#contact-bar .channel-ok").first.wait_for(state="detached", timeout=3000)
    assert desk.pressed == 2
    assert "sent" not in dispatch.run(channel="sms", now=lambda: NOON + timedelta(minutes=5))
    assert carrier.messages() == []
    assert PlannedContact.objects.get(pk=planned.pk).status in ("withheld", "cancelled")


def test_the_same_message_leaves_where_nobody_pressed_them(desk, carrier):
    step = StepFactory(template=TemplateFactory(channel="sms", versions=WORDING))
    PlannedContactFactory(case=desk.case, step=step, at=NOON)
    assert dispatch.run(channel="sms", now=lambda: NOON + timedelta(minutes=5)) == {"sent": 1}
    assert len(carrier.messages()) == 1


def test_the_plan_is_one_key_away_and_the_call_stands_as_it_was(desk):
    begin_call(desk)
    page = desk.page
    desk.press("4", "n")
    page.keyboard.type("wants to pay monthly")
    desk.go("Tab", "l")  # a letter acts outside the field
    assert page.url.endswith(reverse("cases:plan", args=[desk.case.ref]))
    open_case(desk)
    assert page.locator("#id_note").input_value() == "Nothing agreed. wants to pay monthly"
    assert page.locator("input[value=talked]").is_checked()
    assert desk.complaints == []


def test_a_callback_says_both_clocks_and_what_the_gate_says_before_it_is_saved(desk):
    begin_call(desk)
    page = desk.page
    desk.press("3")
    page.keyboard.type("fri 14:30")
    page.locator(".reads", has_text="a call is permitted then").wait_for()
    assert "Fri 2026-03-06 14:30–15:30" in page.locator(".only-callback > .reads").inner_text()
    page.locator("#id_callback_at").fill("fri 23:30")
    page.locator(".reads", has_text="not permitted then").wait_for()
    page.locator("#id_callback_at").fill("fri 14:30")
    desk.go("Control+Enter")
    callback = desk.case.callbacks.get()
    assert (f"{callback.starts_at:%m-%d %H:%M}", callback.owner) == ("03-06 06:30", desk.collector)
    assert page.get_by_text("As things stand the agreed call is permitted.").count() == 1
    assert desk.complaints == []


def test_undoing_works_without_scripts(desk, chromium, site):
    begin_call(desk)
    page = window(chromium, site, desk.collector, java_script_enabled=False)
    page.goto(f"{site.url}{reverse('cases:case', args=[desk.case.ref])}")
    page.check("input[value=no-answer]", force=True)
    page.click("button[value=stay]")
    page.click("#undo-bar button")
    assert "Undone:" in page.inner_text("#messages")
    assert ContactAttempt.objects.get(case=desk.case).status == "in_progress"
