"""The pages of scripts: the panel of a call, ticks, the question about what is not ticked, the record, and versions."""

import re

import pytest
from django.urls import reverse

from collections_app.shared.actor import Actor
from contacts import calls
from contacts.models import CallDisclosures, ContactAttempt, DisclosureTick, Script, ScriptVersion
from contacts.scripts import editing, saying
from tests.contacts.scripts.calling import NOON, called, confirm
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.staff import UserFactory, set_clock

pytestmark = pytest.mark.django_db
BODY = "say: It is about your account with {{ creditor_name }}.\n[unable]\nask: What can you pay?"


@pytest.fixture
def case(team):
    bank = CreditorFactory(team=team, name="Bank of Rivers")
    return CaseFactory(creditor=bank, at=NOON, working=True, dpd=47, balance="8420.00")


@pytest.fixture
def desk(client, collector, settings):
    set_clock(settings, NOON)
    client.force_login(collector)
    return client


@pytest.fixture
def editor(make_user):
    return make_user("admin", username="editor")


def shown(client, case):
    return client.get(reverse("cases:case", args=[case.ref]))


def tick(client, case, attempt, rule, *, said="1", **more):
    data = {"attempt": attempt.pk, "rule": rule, "said": said}
    return client.post(reverse("contacts:call-said", args=[case.ref]), data, **more)


def log(client, case, attempt, **typed):
    case.refresh_from_db()
    data = {"version": case.version, "attempt": attempt.pk, "outcome": "talked", "then": "stay"} | typed
    return client.post(reverse("contacts:log-call", args=[case.ref]), data)


# -- Beside a call -------------------------------------------------------------------------------------------------


def test_without_a_call_there_is_no_script(desk, case):
    page = shown(desk, case)
    assert page.context["panel"] is None
    assert 'id="script"' not in page.content.decode()


def test_until_the_person_is_confirmed_the_script_names_neither_creditor_nor_amount(desk, case, collector):
    attempt = called(case, by=collector)
    before = shown(desk, case)
    assert before.context["panel"]["script"].stage == "opening"
    assert "Bank of Rivers" not in before.content.decode()
    assert "8,420" not in before.content.decode()
    confirm(attempt, by=collector)
    after = shown(desk, case)
    assert after.context["panel"]["script"].stage == "talk"
    assert "我代表Bank of Rivers与您联系。" in after.content.decode()


def test_the_panel_shows_why_it_is_this_script_and_the_source_of_each_disclosure(desk, case, collector):
    called(
        case,
        by=collector,
    )
    body = shown(desk, case).content.decode()
    assert "because: jurisdiction: mainland China" in body
    assert "商业银行信用卡业务监督管理办法 art. 68" in body


def test_the_keys_of_the_panel_are_keys_of_nothing_else_on_the_page(desk, case, collector):
    attempt = called(case, by=collector)
    for step in (lambda: None, lambda: confirm(attempt, by=collector)):
        step()
        page = shown(desk, case)
        # While the menu of stops is open its own letters come first.
        body = re.sub(r"<details[^>]*data-quick.*?</details>", "", page.content.decode(), flags=re.S)
        panel = page.context["panel"]
        keys = ["x", "c", *(branch.key for branch in panel["script"].branches)]
        assert len(keys) > 4
        for key in keys:
            assert body.count(f'data-key="{key}"') == 1, key


def test_a_tick_is_kept_and_shown_with_htmx_and_as_a_plain_form(desk, case, collector):
    attempt = called(case, by=collector)
    part = tick(desk, case, attempt, "CN-REC", headers={"HX-Request": "true"}).content.decode()
    assert part.startswith('<div class="script-said"')
    assert (part.count('aria-pressed="true"'), part.count('aria-pressed="false"')) == (1, 1)
    plain = tick(desk, case, attempt, "CN-REC", said="0")
    assert (plain.status_code, plain.url) == (302, reverse("cases:case", args=[case.ref]))
    assert list(DisclosureTick.objects.order_by("pk").values_list("rule", "is_said")) == [
        ("CN-REC", True), ("CN-REC", False),
    ]  # fmt: skip


def test_nobody_ticks_in_the_call_of_another(client, desk, case, collector, team):
    attempt = called(case, by=collector)
    client.force_login(UserFactory(team=team))
    assert tick(client, case, attempt, "CN-REC").status_code == 404
    client.force_login(collector)
    assert tick(client, case, attempt, "US-F-DISCLOSE").status_code == 302
    assert tick(client, case, attempt, "CN-REC", headers={"HX-Request": "true"}).status_code == 200
    assert DisclosureTick.objects.count() == 1


def test_a_missing_disclosure_is_named_and_asked_about_and_nothing_is_saved(desk, case, collector):
    attempt = called(case, by=collector, confirmed=True)
    tick(desk, case, attempt, "CN-REC")
    page = log(desk, case, attempt)
    assert page.status_code == 200
    assert [one.line.rule for one in page.context["panel"]["unanswered"]] == ["CN-ID"]
    body = page.content.decode()
    assert 'name="unsaid" value="said"' in body
    assert 'name="unsaid" value="not-said"' in body
    attempt.refresh_from_db()
    assert attempt.status == "cleared"
    assert not CallDisclosures.objects.exists()


@pytest.mark.parametrize(("answer", "column"), [("said", "unticked"), ("not-said", "unsaid")])
def test_the_answer_saves_the_call(desk, case, collector, answer, column):
    attempt = called(case, by=collector, confirmed=True)
    assert log(desk, case, attempt, unsaid=answer).status_code == 302
    attempt.refresh_from_db()
    assert attempt.outcome == "conversation"
    assert getattr(CallDisclosures.objects.get(), column) == ["CN-REC", "CN-ID"]


def test_everything_ticked_or_nobody_reached_asks_nothing(desk, case, collector):
    attempt = called(case, by=collector, confirmed=True)
    for rule in ("CN-REC", "CN-ID"):
        tick(desk, case, attempt, rule)
    assert log(desk, case, attempt).status_code == 302
    assert CallDisclosures.objects.get().ticked == ["CN-REC", "CN-ID"]
    second = called(CaseFactory(creditor=case.creditor, at=NOON, working=True), by=collector)
    assert log(desk, second.case, second, outcome="no-answer").status_code == 302
    assert CallDisclosures.objects.count() == 1


def test_the_record_of_a_call_shows_what_was_ticked_by_whom_and_what_was_not_said(desk, case, collector, client):
    attempt = called(case, by=collector, confirmed=True)
    address = reverse("contacts:call-record", args=[case.ref, attempt.ref])
    assert "Nothing is kept of this call" in desk.get(address).content.decode()
    saying.tick(attempt_id=attempt.pk, rule="CN-REC", by=collector, at=NOON)
    saying.close(attempt_id=attempt.pk, outcome="conversation", answer="not-said", by=collector, at=NOON)
    calls.log_call(attempt_id=attempt.pk, outcome="no_answer", actor=Actor.of(collector), at=NOON)
    page = desk.get(address)
    assert [(one["rule"], one["state"]) for one in page.context["lines"]] == [("CN-REC", "ticked"), ("CN-ID", "unsaid")]
    assert "cn-talk-card" in page.content.decode()
    assert desk.get(reverse("contacts:call-record", args=[case.ref, "A-000000"])).status_code == 404
    other = CaseFactory(creditor=case.creditor, at=NOON)
    assert desk.get(reverse("contacts:call-record", args=[other.ref, attempt.ref])).status_code == 404
    client.force_login(UserFactory())
    assert client.get(address).status_code == 404


def test_the_history_leads_to_the_record_of_a_call_that_reached_the_person(desk, case, collector):
    attempt = called(case, by=collector, confirmed=True)
    log(desk, case, attempt, unsaid="said")
    address = reverse("contacts:call-record", args=[case.ref, attempt.ref])
    assert address in shown(desk, case).content.decode()
    silent = called(CaseFactory(creditor=case.creditor, at=NOON, working=True), by=collector)
    log(desk, silent.case, silent, outcome="no-answer")
    assert "/said/" not in shown(desk, silent.case).content.decode()


# -- Versions ------------------------------------------------------------------------------------------------------


def test_every_shipped_script_is_in_the_list_and_opens(client, supervisor):
    client.force_login(supervisor)
    body = client.get(reverse("contacts:scripts")).content.decode()
    for key in ("opening", "cn-talk-card-hardship", "us-nyc-talk"):
        assert reverse("contacts:script", args=[key]) in body
        assert client.get(reverse("contacts:script", args=[key])).status_code == 200
    assert client.get(reverse("contacts:script", args=["nothing-so"])).status_code == 404


def test_an_admin_writes_a_draft_and_another_person_puts_it_in_force(client, editor, make_user):
    client.force_login(editor)
    address = reverse("contacts:write-script", args=["talk"])
    page = client.get(address + "?language=en")
    assert "It is about your account" in page.content.decode()
    answer = client.post(address, {"language": "en", "body": BODY, "reason": ["illness"]})
    draft = ScriptVersion.objects.get()
    assert answer.url == reverse("contacts:script-version", args=[draft.pk])
    assert (draft.body, draft.conditions, draft.written_by) == (BODY, {"reason": ["illness"]}, editor)
    decide = reverse("contacts:decide-script", args=[draft.pk])
    client.post(decide, {"verb": "approve"})
    draft.refresh_from_db()
    assert draft.status == "draft"  # his own
    client.force_login(make_user("compliance", username="second"))
    body = client.get(answer.url).content.decode()
    assert "<del>" in body  # beside what ships
    client.post(decide, {"verb": "approve"})
    draft.refresh_from_db()
    assert draft.status == "approved"
    client.post(decide, {"verb": "retire", "reason": "too short"})
    draft.refresh_from_db()
    assert (draft.status, draft.reason) == ("retired", "too short")


def test_what_may_not_be_said_comes_back_with_what_was_typed(client, editor):
    client.force_login(editor)
    typed = "say: You will be arrested, {{ borrower_name }}."
    page = client.post(reverse("contacts:write-script", args=["talk"]), {"language": "en", "body": typed})
    assert "in line 1 may not be said" in page.content.decode()
    assert page.context["form"]["body"].value() == typed
    assert not ScriptVersion.objects.exists()


def test_the_preview_shows_a_real_case_and_keeps_nothing(client, editor, case):
    client.force_login(editor)
    address = reverse("contacts:preview-script", args=["talk"])
    data = {"language": "en", "body": BODY, "case": case.ref, "reason": ["illness"]}
    body = client.post(address, data).content.decode()
    assert "It is about your account with Bank of Rivers." in body
    assert "CN-ID" in body
    assert "another one would be read" in body  # its reason is not known
    assert "another one would be read" not in client.post(address, data | {"reason": []}).content.decode()
    assert not Script.objects.exists()


def test_a_preview_of_a_case_of_nobodys_business_shows_samples(client, editor):
    client.force_login(editor)
    data = {"language": "en", "body": BODY, "case": "C-000000"}
    body = client.post(reverse("contacts:preview-script", args=["talk"]), data).content.decode()
    assert "You see no case with this reference" in body
    assert "Example Bank" in body


def test_a_new_script_gets_a_key_of_its_own(client, editor):
    client.force_login(editor)
    address = reverse("contacts:new-script")
    for key in ("talk", "new", "versions"):
        client.post(address, {"name": "Mine", "key": key, "stage": "talk"})
    assert not Script.objects.exists()
    answer = client.post(address, {"name": "Mine", "key": "mine", "stage": "opening"})
    assert answer.url == reverse("contacts:write-script", args=["mine"])
    assert client.get(answer.url).status_code == 200


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_page_is_there_in_both_languages(client, editor, language, case):
    draft = editing.write(key="talk", language="zh-hans", body="say: 您好。", when={}, by=editor, at=NOON)
    editor.language = language
    editor.save()
    client.force_login(editor)
    for name, arguments in (
        ("scripts", []), ("new-script", []), ("script", ["talk"]), ("write-script", ["talk"]),
        ("script-version", [draft.pk]),
    ):  # fmt: skip
        address = reverse(f"contacts:{name}", args=arguments)
        assert client.get(address).status_code == 200, name
    assert client.get(address + f"?case={case.ref}&against=0").status_code == 200
    assert not ContactAttempt.objects.exists()
