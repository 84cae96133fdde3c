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
    document = json.dumps({"mode": "turns"})
    assert client.post(url, {"document": document, "reason": "x"}).status_code == 403
    client.force_login(UserFactory(admin=True))
    wrong = client.post(url, {"document": json.dumps({"mode": "x", "keep": {"days": 0}}), "reason": "x"})
    page = wrong.content.decode()
    assert "mode: must be one of" in page
    assert "keep.days: must be a whole number" in page
    unreadable = client.post(url, {"document": "{", "reason": "x"}).content.decode()
    assert "Not readable in line 1" in unreadable
    assert not DistributionRules.objects.exists()
    assert client.post(url, {"document": document, "reason": "as agreed"}).status_code == 302
    assert DistributionRules.objects.get().document == {"mode": "turns"}


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
