"""Supervisors share out their own team's cases, administrators all; by pages, by a command, and in the morning."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from cases.distribution import automatic, previewing
from cases.models import Case, ConflictOfInterest, DistributionRules, DistributionRun, Workload
from collections_app.staff.models import Absence, WorkProfile
from compliance.models import AuditEvent
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock

# The rules as their form sends them, and the document that they make.
RULES = {
    "mode": "turns", "keep_while": "always", "absent_days": "7", "not_back_days": "30", "from_hour": "6",
    "minutes-call": "6", "minutes-callback": "6", "minutes-review": "10", "minutes-verify_payment": "5",
    "criterion-0-name": "skill", "criterion-0-is": "must",
}  # fmt: skip
TURNS = {
    "mode": "turns",
    "criteria": [{"name": "skill", "is": "must"}],
    "keep": {"while": "always", "absent_days": 7},
    "away": {"broken_promise": False, "complaint": False, "not_back_days": 30},
    "nightly": False,
    "from_hour": 6,
}


@pytest.fixture
def lead(client, floor, settings):
    set_clock(settings, floor.at)
    user = UserFactory(team=floor.team, supervisor=True)
    client.force_login(user)
    return user


@pytest.fixture
def boss(client, floor, settings):
    set_clock(settings, floor.at)
    user = UserFactory(admin=True)
    client.force_login(user)
    return user


def preview(client, floor, team=True):
    data = {"creditor": floor.bank.pk, **({"team": floor.team.pk} if team else {})}
    answer = client.post(reverse("cases:allocation-preview"), data)
    assert answer.status_code == 302, answer.content.decode()
    return answer.url, DistributionRun.objects.latest("pk")


def test_from_the_rules_to_the_preview_to_applied_to_undone(client, floor, lead):
    floor.cases(4)
    page = client.get(reverse("cases:allocation")).content.decode()
    assert "A case stays with its collector." in page
    url, run = preview(client, floor)
    page = client.get(url).content.decode()
    assert "Move 4 cases" in page
    assert "speaks Chinese, least loaded" in page
    case = Case.objects.earliest("pk")
    page = client.get(url, {"case": case.ref}).content.decode()
    assert f"{case.ref} goes to Li-Na: speaks Chinese, least loaded. It moves because: nobody had it." in page
    assert "There is no case of this number." in client.get(url, {"case": "C-1"}).content.decode()
    assert floor.held() == [0, 0, 0]
    page = client.post(reverse("cases:allocation-apply", args=[run.ref]), follow=True).content.decode()
    assert "4 cases moved." in page
    assert floor.held() == [2, 1, 1]
    page = client.post(reverse("cases:allocation-undo", args=[run.ref]), follow=True).content.decode()
    assert "4 cases moved back." in page
    assert floor.held() == [0, 0, 0]


def test_a_stale_preview_is_refused_on_the_page(client, floor, lead):
    floor.cases(1)
    _url, run = preview(client, floor)
    Absence.objects.create(user=floor.li, first_day=run.day, last_day=run.day)
    page = client.post(reverse("cases:allocation-apply", args=[run.ref]), follow=True).content.decode()
    assert "Preview it again." in page
    assert floor.held() == [0, 0, 0]


def test_a_supervisor_neither_sees_nor_moves_another_teams_cases(client, floor, lead):
    other = TeamFactory(code="south")
    bank = CreditorFactory(team=other)
    CaseFactory(creditor=bank, team=other, at=floor.at)
    theirs = previewing.ask(creditor=bank, team=other, actor=automatic.ALLOCATOR, at=floor.at)
    previewing.preview(run_id=theirs.pk, actor=automatic.ALLOCATOR, at=floor.at)
    everything = floor.preview()
    for run in (theirs, everything):
        assert client.get(reverse("cases:allocation-run", args=[run.ref])).status_code == 404
        assert client.post(reverse("cases:allocation-apply", args=[run.ref])).status_code == 404
    stranger = UserFactory(team=other)
    assert client.get(reverse("cases:allocation-person", args=[stranger.pk])).status_code == 404
    assert client.get(reverse("cases:allocation-rules", args=[bank.code])).status_code == 404
    answer = client.post(reverse("cases:allocation-preview"), {"creditor": floor.bank.pk})
    assert answer.status_code == 422  # not the whole book: only his team
    answer = client.post(reverse("cases:allocation-preview"), {"creditor": floor.bank.pk, "team": other.pk})
    assert answer.status_code == 422


def test_an_administrator_shares_out_the_whole_book(client, floor, boss):
    floor.cases(2)
    _url, run = preview(client, floor, team=False)
    client.post(reverse("cases:allocation-apply", args=[run.ref]))
    assert sum(floor.held()) == 2


def test_a_large_book_is_previewed_in_the_background(client, floor, lead, monkeypatch):
    monkeypatch.setattr(previewing, "SOON", 1)
    floor.cases(2)
    url, _run = preview(client, floor)
    assert "being worked out" in client.get(url).content.decode()
    assert automatic.work(at=floor.at) == 1
    assert "Move 2 cases" in client.get(url).content.decode()
    assert automatic.work(at=floor.at) == 0


def test_only_an_administrator_sets_rules_and_every_wrong_path_is_said(client, floor, lead):
    url = reverse("cases:allocation-rules", args=[floor.bank.code])
    assert client.get(url).status_code == 200
    assert client.post(url, {**RULES, "reason": "x"}).status_code == 403
    client.force_login(UserFactory(admin=True))
    wrong = json.dumps({"mode": "x", "keep": {"days": 0}})
    page = client.post(url, {"act": "json", "document": wrong, "reason": "x"}).content.decode()
    assert "mode: must be one of" in page
    assert "keep.days: must be a whole number" in page
    unreadable = client.post(url, {"act": "json", "document": "{", "reason": "x"}).content.decode()
    assert "Not readable in line 1" in unreadable
    lacking = client.post(url, {**RULES, "absent_days": "0", "reason": "x"})
    assert (lacking.status_code, list(lacking.context["sheet"].form.errors)) == (422, ["absent_days"])
    assert not DistributionRules.objects.exists()
    assert client.post(url, {**RULES, "reason": "as agreed"}).status_code == 302
    assert DistributionRules.objects.get().document == TURNS


def test_a_need_is_a_row_that_comes_and_goes_without_a_script_and_loses_nothing_that_was_typed(client, floor):
    client.force_login(UserFactory(admin=True))
    url = reverse("cases:allocation-rules", args=[floor.bank.code])
    sheet = client.post(url, {**RULES, "reason": "half a rea", "act": "add"}).context["sheet"]
    assert [need.prefix for need in sheet.needs] == ["need-0"]
    assert sheet.form["reason"].value() == "half a rea"
    assert not sheet.form.errors
    row = {"need-0-skill": "legal", "need-0-tier": "senior", "need-0-buckets": ["M6", "M7+"], "need-0-vulnerable": "no",
           "need-0-jurisdictions": "CN-SH，US", "need-0-balance_from": "50000"}  # fmt: skip
    sheet = client.post(url, {**RULES, **row, "act": "add"}).context["sheet"]
    assert [need.prefix for need in sheet.needs] == ["need-0", "need-1"]
    assert sheet.needs[0]["buckets"].value() == ["M6", "M7+"]
    refused = client.post(url, {**RULES, **row, "need-1-hardship": "yes", "reason": "x"})
    assert refused.context["sheet"].needs[1].errors["skill"] == ["needs a skill or a level"]
    sheet = client.post(url, {**RULES, **row, "need-1-hardship": "yes", "act": "drop:1"}).context["sheet"]
    assert [need.prefix for need in sheet.needs] == ["need-0"]
    assert client.post(url, {**RULES, **row, "reason": "x"}).status_code == 302
    when = {"buckets": ["M6", "M7+"], "jurisdictions": ["CN-SH", "US"], "vulnerable": False, "balance_from": "50000"}
    needs = [{"skill": "legal", "tier": "senior", "when": when}]
    assert DistributionRules.objects.get().document == TURNS | {"needs": needs}


def test_a_document_of_rules_becomes_fields_and_the_same_document_again(client, floor):
    client.force_login(UserFactory(admin=True))
    url = reverse("cases:allocation-rules", args=[floor.bank.code])
    document = {
        "mode": "balance",
        "criteria": [{"name": "tier", "is": "must"}],
        "keep": {"while": "balanced", "absent_days": 9, "days": 90},
        "away": {"broken_promise": True, "complaint": False, "not_back_days": 0},
        "nightly": True,
        "from_hour": 7,
        "teams": [floor.team.code],
        "minutes": {"call": 9},
        "needs": [{"skill": "visits", "when": {"products": ["mortgage"], "reasons": ["illness"], "hardship": True}}],
    }
    sheet = client.post(url, {"act": "json", "document": json.dumps(document), "reason": ""}).context["sheet"]
    fields = {name: sheet.form[name].value() for name in sheet.form.fields}
    fields |= {f"need-0-{name}": sheet.needs[0][name].value() for name in sheet.needs[0].fields}
    typed = {name: value for name, value in fields.items() if value is not None and value is not False}
    typed["reason"] = "x"
    assert client.post(url, typed).status_code == 302
    assert DistributionRules.objects.get().document == document


def test_what_somebody_can_take_on_is_changed_and_written_down(client, floor, lead):
    url = reverse("cases:allocation-person", args=[floor.li.pk])
    sent = {"what": "work", "tier": "senior", "takes_cases": "on", "max_cases": "120", "skills": ["legal"],
            "languages": ["zh", "en"]}  # fmt: skip
    assert client.post(url, sent).status_code == 302
    work = WorkProfile.objects.get(user=floor.li)
    assert (work.tier, work.max_cases, work.skills, work.languages) == ("senior", 120, ["legal"], ["zh", "en"])
    assert AuditEvent.objects.get(name="user.changed", subject_id=floor.li.pk).details["fields"] == [
        "languages", "max_cases", "skills", "tier",
    ]  # fmt: skip
    client.post(url, {"what": "away", "first_day": "2026-03-09", "last_day": "2026-03-08"})
    assert not Absence.objects.exists()
    client.post(url, {"what": "away", "first_day": "2026-03-09", "last_day": "2026-03-12"})
    row = Absence.objects.get(user=floor.li)
    client.post(url, {"what": "back", "absence": row.pk})
    assert not Absence.objects.exists()
    page = client.get(reverse("cases:allocation-people")).content.decode()
    assert "legal work" in page


def test_whoever_has_clearly_more_of_the_hard_cases_stands_out(client, floor, lead):
    floor.cases(25, owner=floor.li, dpd=120)
    floor.cases(25, owner=floor.wang, dpd=5)
    floor.apply(floor.preview())
    page = client.get(reverse("cases:allocation-fairness")).content.decode()
    assert "1 collector has clearly more of the hard cases" in page
    assert Workload.objects.get(user=floor.li).late == 25


def test_the_command_says_what_would_move_and_moves_it(floor, settings):
    set_clock(settings, floor.at)
    floor.cases(3)
    out = StringIO()
    call_command("allocate", "--creditor", "lantern", "--dry-run", "--json", stdout=out)
    report = json.loads(out.getvalue())
    assert (report["cases"], report["moved"], report["applied"]) == (3, 3, None)
    assert floor.held() == [0, 0, 0]
    out = StringIO()
    call_command("allocate", "--creditor", "lantern", "--json", stdout=out)
    assert json.loads(out.getvalue())["applied"] == 3
    assert floor.held() == [1, 1, 1]
    with pytest.raises(CommandError, match="There is no creditor nobody"):
        call_command("allocate", "--creditor", "nobody")


def test_in_the_morning_a_book_is_shared_out_once(floor):
    floor.rules(nightly=True, from_hour=0)
    floor.cases(2)
    morning = floor.at.replace(hour=17) - timedelta(days=0)  # one o'clock in Shanghai
    assert not automatic.due(at=morning + timedelta(hours=5))
    assert automatic.work(at=morning) == 1
    assert sum(floor.held()) == 2
    assert automatic.work(at=morning + timedelta(minutes=1)) == 0
    assert DistributionRun.objects.get(is_automatic=True).applied_at == morning
    # Negative control: rules that do not ask for it share nothing out by themselves.
    floor.rules(nightly=False)
    assert automatic.due(at=morning + timedelta(days=1)) == []


def test_a_conflict_of_interest_is_recorded_by_a_case(client, floor, boss):
    (case,) = floor.cases(1)
    url = reverse("admin:cases_conflictofinterest_add")
    client.post(url, {"user": floor.li.pk, "case": "C-000000", "reason": "cousin"})
    assert not ConflictOfInterest.objects.exists()
    client.post(url, {"user": floor.li.pk, "case": case.ref, "reason": "cousin"})
    assert ConflictOfInterest.objects.get().person == case.person
    assert Case.objects.get().owner is None
