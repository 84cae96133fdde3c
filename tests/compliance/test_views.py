"""The officer's pages: which decisions there are, why each fell as it did, and that computing it again agrees."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from collections_app.shared import refs
from collections_app.shared.actor import SYSTEM
from compliance import gate
from compliance.models import AuditEvent, Decision
from tests.compliance.asking import call, known
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.contacts import DecisionFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(at, settings):
    """A case in Shanghai, where it is 23:00; the clock stands at `at`."""
    set_clock(settings, at)
    return CaseFactory(creditor=CreditorFactory(team=TeamFactory(code="north")))


def decide(case, at, *, channel="phone"):
    """Ask the real gate about calling the person of a case."""
    question = replace(
        call(at.isoformat()), person_id=case.person_id, contact_point_id=case.point.pk, channel=channel,
        debts=(case.account.pk,),
    )  # fmt: skip
    facts = known("CN", "Asia/Shanghai", creditor_kind="bank_cba_member", product="credit_card", dpd=12)
    gate.decide(question, facts, actor=SYSTEM, at=at, entrance="test", creditor_id=case.creditor_id, case_id=case.pk)
    return Decision.objects.order_by("-pk").first()


@pytest.fixture
def officer(client, case):
    user = UserFactory(compliance=True, time_zone="Europe/London")
    client.force_login(user)
    return user


def page_of(client, decision):
    return client.get(reverse("compliance:decision", args=[refs.encode("D", decision.pk)]))


def test_a_refused_call_shows_rule_sentence_source_strength_and_the_next_time_there(client, officer, case, at):
    decision = decide(case, at)
    assert decision.verdict == "refuse"
    page = page_of(client, decision)
    lines = page.context["findings"]
    failed = [line for line in lines if line.result == "failed"]
    assert [line.rule for line in failed] == decision.failing
    assert all(line.says and line.citation and line.strength for line in failed)
    assert lines[: len(failed)] == failed
    assert {line.result for line in lines} >= {"failed", "passed", "not_applicable"}
    assert page.context["decision"]["zone"] == "Asia/Shanghai"
    local = decision.next_permitted.astimezone(ZoneInfo("Asia/Shanghai"))
    assert f"{local:%Y-%m-%d %H:%M} UTC+8" in page.text
    assert case.person.name in page.text
    assert case.ref in page.text


def test_every_rule_of_the_releases_is_on_the_page(client, officer, case, at):
    decision = decide(case, at)
    packs = gate.revived(decision.releases)
    rules = {rule.id for pack in packs.values() for rule in pack.rules}
    assert {line.rule for line in page_of(client, decision).context["findings"]} == rules


def test_a_permitted_call_shows_its_rules_and_until_when_it_holds(client, officer, case, at):
    decision = decide(case, at - timedelta(hours=8))
    assert decision.verdict == "permit"
    page = page_of(client, decision)
    assert "The call was permitted. No rule in force forbade it." in page.text
    assert not [line for line in page.context["findings"] if line.result == "failed"]
    assert page.context["decision"]["valid_until"] == decision.valid_until


def test_computing_again_says_identical_and_a_changed_record_does_not(client, officer, case, at):
    decision = decide(case, at)
    url = reverse("compliance:recompute", args=[refs.encode("D", decision.pk)])
    assert client.post(url).context["reproduced"]["agrees"] is True
    kept = {"facts": decision.facts, "question": {**decision.question, "at": (at - timedelta(hours=8)).isoformat()}}
    copied = {
        field.attname: getattr(decision, field.attname)
        for field in Decision._meta.concrete_fields
        if field.attname not in ("id", "recorded_at")
    }
    other = Decision.objects.create(**copied | kept)
    page = client.post(reverse("compliance:recompute", args=[refs.encode("D", other.pk)]))
    assert page.context["reproduced"]["agrees"] is False
    assert "verdict" in page.context["reproduced"]["differs"]
    assert "a different answer" in page.text


def test_a_decision_whose_release_is_lost_says_so_and_breaks_nothing(client, officer, case, at):
    decision = DecisionFactory(
        refused=True, at=at, person_id=case.person_id, case_id=case.pk, creditor_id=case.creditor_id,
        releases=["0" * 64], findings={"fail": {"CN-HOURS": {}}},
    )  # fmt: skip
    assert page_of(client, decision).status_code == 200
    page = client.post(reverse("compliance:recompute", args=[refs.encode("D", decision.pk)]))
    assert page.context["reproduced"]["agrees"] is False
    assert client.get(reverse("compliance:decisions")).status_code == 200


def test_computing_again_is_a_post(client, officer, case, at):
    url = reverse("compliance:recompute", args=[refs.encode("D", decide(case, at).pk)])
    assert client.get(url).status_code == 405


@pytest.fixture
def some(case, at):
    """Two refusals and a permit of today, and a refusal of the day before yesterday."""
    return [
        decide(case, at),
        decide(case, at - timedelta(minutes=30), channel="sms"),
        decide(case, at - timedelta(hours=8)),
        decide(case, at - timedelta(days=2)),
    ]


def count(client, **query):
    return client.get(reverse("compliance:decisions"), query).context["page"].count


def test_the_filters_narrow_the_list_to_what_they_say(client, officer, some):
    rule = some[0].failing[0]
    assert count(client) == 4
    assert count(client, verdict="refuse") == 3
    assert count(client, verdict="permit") == 1
    assert count(client, verdict="refuse", day="today") == 2
    assert count(client, channel="sms") == 1
    assert count(client, rule=rule) == Decision.objects.filter(failing__contains=[rule]).count()
    assert count(client, **{"from": "2026-03-04"}) == 3
    assert count(client, to="2026-03-03") == 1
    said = client.get(reverse("compliance:decisions"), {"from": "4 march", "to": "2026-03-09", "verdict": "refuse"})
    assert said.url == f"{reverse('compliance:decisions')}?from=2026-03-04&to=2026-03-09&verdict=refuse"
    assert count(client, **{"from": "soonish"}) == 4  # a day that is none asks for nothing
    assert count(client, case=str(some[0].case_id)) == 4
    assert count(client, person="1") == 0


def test_a_filter_that_means_nothing_leaves_nothing(client, officer, some):
    assert count(client, verdict="maybe") == 0
    assert count(client, day="yesterday") == 0
    assert count(client, channel="pigeon") == 0


def test_refusals_by_rule_are_counted_over_the_rows_of_the_list(client, officer, some):
    page = client.get(reverse("compliance:decisions"), {"verdict": "refuse"})
    for group in page.context["by_rule"]:
        assert client.get(group["url"]).context["page"].count == group["count"]
    assert page.context["by_rule"]


def test_a_supervisor_sees_decisions_of_his_team_only(client, some, case):
    other = TeamFactory(code="south")
    for team, seen in ((case.team, 4), (other, 0), (None, 0)):
        client.force_login(UserFactory(supervisor=True, team=team))
        assert count(client) == seen
        assert page_of(client, some[0]).status_code == (200 if seen else 404)


def test_a_collector_sees_why_of_his_own_teams_case_and_no_list(client, some, case):
    client.force_login(UserFactory(team=case.team))
    assert client.get(reverse("compliance:decisions")).status_code == 403
    assert page_of(client, some[0]).status_code == 200
    client.force_login(UserFactory(team=TeamFactory(code="south")))
    assert page_of(client, some[0]).status_code == 404
    client.force_login(UserFactory(team=None))
    assert page_of(client, some[0]).status_code == 404


@pytest.mark.parametrize("ref", ["D-XXXXXX", "0", "C-7F3K9X", "999999999999999999999"])
def test_a_decision_that_is_none_is_not_found(client, officer, ref):
    assert client.get(reverse("compliance:decision", args=[ref])).status_code == 404


def test_the_pages_read_in_chinese(client, case, some, at):
    client.force_login(UserFactory(compliance=True, language="zh-hans"))
    client.cookies["django_language"] = "zh-hans"
    page = page_of(client, some[0])
    failed = [line for line in page.context["findings"] if line.result == "failed"]
    assert any("\u4e00" <= letter <= "\u9fff" for letter in failed[0].says)


def test_the_list_takes_the_same_queries_however_long_it_is(client, officer, case, at):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries():
        with CaptureQueriesContext(connection) as seen:
            client.get(reverse("compliance:decisions"), {"verdict": "refuse"})
        return len(seen)

    decide(case, at)
    before = queries()
    for minutes in range(1, 6):
        decide(case, at - timedelta(minutes=minutes))
    assert queries() == before


def test_the_export_holds_every_row_of_the_list(client, officer, some):
    answer = client.get(reverse("compliance:decisions"), {"verdict": "refuse", "as": "csv"})
    lines = b"".join(answer.streaming_content).decode().strip().splitlines()
    assert len(lines) == 1 + 3
    event = AuditEvent.objects.get(name="reveal.exported")
    assert (event.actor_id, event.details["rows"], event.details["filters"]) == (officer.pk, 3, {"verdict": "refuse"})
