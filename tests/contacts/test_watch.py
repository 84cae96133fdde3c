"""Watch: every number opens its rows, nothing of another team is counted, and every part says when it is empty."""

from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse

from collections_app.shared.actor import SYSTEM, Actor
from compliance import check_runs
from compliance.facts import Override
from compliance.models import CheckRun, Decision
from contacts import calls
from contacts.calls import CallRefused
from tests.factories.cases import CaseFactory, ConsentFactory, CreditorFactory, HoldFactory
from tests.factories.staff import TeamFactory, UserFactory, set_clock

pytestmark = pytest.mark.django_db
TEN = datetime(2026, 3, 4, 2, tzinfo=UTC)  # 10:00 in Shanghai


@pytest.fixture
def case(at, settings):
    set_clock(settings, at)
    creditor = CreditorFactory(team=TeamFactory(code="north"), policy={"caps": [{"channels": ["phone"], "limit": 3}]})
    return CaseFactory(creditor=creditor, at=TEN - timedelta(days=20))


@pytest.fixture
def officer(client, case):
    user = UserFactory(compliance=True, time_zone="Asia/Shanghai")
    client.force_login(user)
    return user


def watch(client):
    return client.get(reverse("contacts:watch"))


def dial(case, at, actor=None, **given):
    actor = actor or Actor.of(UserFactory(team=case.team))
    attempt = calls.open_call(case_id=case.pk, contact_point_id=case.point.pk, actor=actor, at=at, **given)
    return calls.log_call(attempt_id=attempt.pk, outcome="no_answer", actor=actor, at=at)


def refuse(case, at):
    with pytest.raises(CallRefused):
        dial(case, at)


def test_refusals_are_counted_by_day_and_rule_and_open_their_rows(client, officer, case, at):
    refuse(case, TEN - timedelta(days=1, hours=6))  # 04:00 of the day before
    refuse(case, TEN - timedelta(hours=5))
    refuse(case, TEN - timedelta(hours=4))
    page = watch(client)
    found = page.context["refusals"]
    assert [(one.day, one.number) for one in found.days if one.number] == [
        (date(2026, 3, 3), 1), (date(2026, 3, 4), 2),
    ]  # fmt: skip
    (rule,) = page.context["rules"]
    assert (rule["rule"], rule["today"], rule["week"], rule["total"]) == ("CN-TIME-CBA", 2, 3, 3)
    assert client.get(rule["url"]).context["page"].count == 3
    bar = next(bar for bar in page.context["bars"] if bar["day"] == date(2026, 3, 4))
    assert client.get(bar["url"]).context["page"].count == 2


def test_who_has_one_contact_left_is_named_with_the_limit(client, officer, case, at):
    dial(case, TEN)
    assert watch(client).context["near"] == []
    dial(case, TEN + timedelta(hours=1))
    (near,) = watch(client).context["near"]
    assert (near["ref"], near["limit"].rule, near["limit"].left) == (case.ref, "POLICY-CAP", 1)
    dial(case, TEN + timedelta(hours=2))
    (full,) = watch(client).context["near"]
    assert full["limit"].is_full
    assert watch(client).context["looked_at"] == 1


def test_consents_that_end_and_holds_to_review_are_listed(client, officer, case, at):
    ConsentFactory(
        person=case.person, kind="consent_time", given_at=TEN - timedelta(days=9), expires_at=at + timedelta(days=9)
    )
    ConsentFactory(
        person=case.person,
        kind="consent_more_calls",
        given_at=TEN - timedelta(days=9),
        expires_at=at + timedelta(days=19),
    )
    HoldFactory(case=case, kind="hardship", review_on=date(2026, 3, 1))
    HoldFactory(case=case, kind="fraud", review_on=date(2026, 3, 30))
    page = watch(client)
    assert [row["what"] for row in page.context["consents"]["rows"]] == ["contact at other times"]
    assert page.context["holds"]["late"] == 1
    assert [(row["what"], row["is_late"]) for row in page.context["holds"]["rows"]] == [("hardship", True)]
    assert page.context["holds"]["rows"][0]["url"] == reverse("cases:case", args=[case.ref])


def test_a_soft_rule_set_aside_is_shown_with_reason_and_supervisor(client, officer, at, settings):
    set_clock(settings, at)
    plain = CaseFactory(creditor=CreditorFactory(team=TeamFactory(code="south")), at=TEN - timedelta(days=20))
    boss = UserFactory(supervisor=True, team=plain.team)
    for minutes in range(6):
        dial(plain, TEN + timedelta(minutes=minutes))
    refuse(plain, TEN + timedelta(minutes=10))
    dial(plain, TEN + timedelta(minutes=20), override=Override(supervisor_id=boss.pk, reason="he asked for it"))
    (row,) = watch(client).context["overrides"]
    assert (row["reason"], row["supervisor"]) == ("he asked for it", str(boss))
    listed = client.get(watch(client).context["overrides_url"])
    assert listed.context["page"].count == 1


def test_a_reported_contact_that_broke_a_rule_is_shown(client, officer, case, at):
    calls.report_past_call(
        case_id=case.pk, happened_at=TEN - timedelta(hours=6), outcome="no_answer", contact_point_id=case.point.pk,
        actor=SYSTEM, at=at,
    )  # fmt: skip
    calls.report_past_call(
        case_id=case.pk, happened_at=TEN, outcome="no_answer", contact_point_id=case.point.pk, actor=SYSTEM, at=at
    )
    page = watch(client)
    assert page.context["reported"]["count"] == 1
    assert client.get(page.context["reported_url"]).context["page"].count == 1


def test_proofs_are_shown_the_latest_of_each(client, officer, at):
    for hours, leaked in ((30, 2), (6, 0)):
        check_runs.record(
            name="drill", ok=not leaked, figures={"attempts": 612, "leaked": leaked}, actor=SYSTEM,
            at=at - timedelta(hours=hours),
        )  # fmt: skip
    (drill,) = watch(client).context["checks"]
    assert (drill["ok"], drill["figures"]) == (True, [("leaked", "0"), ("tried", "612")])
    assert CheckRun.objects.count() == 2


def test_a_replay_of_a_day_is_written_down(client, officer, case, at):
    refuse(case, TEN - timedelta(hours=5))
    call_command("replay", date="2026-03-03", stdout=StringIO())
    (replay,) = watch(client).context["checks"]
    assert replay["ok"] is True
    assert dict(replay["figures"])["identical"] == "1"


def test_a_proof_that_was_written_down_stays(at):
    from django.db import DatabaseError, transaction

    row = check_runs.record(name="replay", ok=False, figures={}, actor=SYSTEM, at=at)
    with pytest.raises(DatabaseError), transaction.atomic():
        CheckRun.objects.filter(pk=row.pk).update(ok=True)
    with pytest.raises(DatabaseError), transaction.atomic():
        CheckRun.objects.filter(pk=row.pk).delete()


def test_every_part_says_when_there_is_nothing(client, officer, case):
    page = watch(client)
    for sentence in (
        "Nothing was refused in these days.",
        "Nobody is near a limit.",
        "No hold is due for review.",
        "No consent ends in these days.",
        "Nobody went on past a soft rule.",
        "No reported contact broke a rule.",
        "No check has been run yet",
    ):
        assert sentence in page.text


def test_a_supervisor_watches_his_own_team_only(client, case, at):
    refuse(case, TEN - timedelta(hours=5))
    dial(case, TEN)
    dial(case, TEN + timedelta(hours=1))
    HoldFactory(case=case, kind="hardship", review_on=date(2026, 3, 1))
    assert Decision.objects.count() == 3
    for team, seen in ((case.team, 1), (TeamFactory(code="south"), 0), (None, 0)):
        client.force_login(UserFactory(supervisor=True, team=team))
        page = watch(client)
        assert page.context["refusals"].total == seen
        assert len(page.context["near"]) == seen
        assert page.context["holds"]["count"] == seen
        assert (case.person.name in page.text) is bool(seen)
