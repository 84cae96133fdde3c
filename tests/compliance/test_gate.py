"""The door: what is decided is stored, with what it needs to be read and computed again."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from collections_app.shared.actor import SYSTEM
from compliance import engine, gate, packs_loader, queries, reasons, trace
from compliance.facts import Facts, FirmPolicy, LocationClaim, Override, Question
from compliance.gate import GateUnavailable, Permit, Refusal
from compliance.models import AuditEvent, Decision, PackRelease
from tests.compliance.asking import LEARNED, calls

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)  # 12:00 in Shanghai
NIGHT = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)  # 22:30
QUESTION = Question(
    at=NOON, channel="phone", person_id=7, contact_point_id=3, point_kind="mobile", debts=(1,), content_class="call"
)
FACTS = Facts(
    jurisdictions=("CN",),
    product="credit_card",
    creditor_kind="bank_cba_member",
    locations=(LocationClaim(zone="Asia/Shanghai", at=LEARNED, person_id=7),),
)


def _decide(at: datetime = NOON, question: Question = QUESTION, facts: Facts = FACTS) -> Permit | Refusal:
    return gate.decide(question, facts, actor=SYSTEM, at=at, entrance="screen", creditor_id=1, case_id=2)


@pytest.mark.django_db
def test_a_permit_is_a_stored_decision_good_for_three_minutes() -> None:
    permit = _decide()
    assert isinstance(permit, Permit)
    decision = Decision.objects.get()
    assert (permit.decision_id, permit.person_id, permit.contact_point_id) == (decision.pk, 7, 3)
    assert (decision.verdict, decision.case_id, decision.creditor_id) == ("permit", 2, 1)
    assert permit.valid_until - permit.valid_from == timedelta(minutes=3)
    assert (decision.valid_from, decision.valid_until) == (permit.valid_from, permit.valid_until)
    assert permit.is_valid(NOON)
    assert not permit.is_valid(NOON + timedelta(minutes=3))


@pytest.mark.django_db
def test_a_permit_ends_with_the_window_that_it_was_given_in() -> None:
    permit = _decide(datetime(2026, 3, 10, 13, 58, 30, tzinfo=UTC))
    assert isinstance(permit, Permit)
    assert permit.valid_until == datetime(2026, 3, 10, 14, tzinfo=UTC)


@pytest.mark.django_db
def test_a_refusal_is_stored_with_its_rules_and_the_next_time() -> None:
    refusal = _decide(NIGHT)
    assert isinstance(refusal, Refusal)
    decision = Decision.objects.get()
    assert decision.failing == ["CN-TIME-CBA"] == list(refusal.failing)
    assert decision.next_permitted == datetime(2026, 3, 11, 0, tzinfo=UTC)
    assert (decision.valid_from, decision.valid_until) == (None, None)


def test_nobody_else_makes_a_permit() -> None:
    with pytest.raises(TypeError, match="nothing else"):
        Permit(
            decision_id=1, person_id=1, contact_point_id=None, channel="sms", purpose="collection", content_class="",
            automated=True, valid_from=NOON, valid_until=NIGHT, outcome=gate.preview(QUESTION, FACTS),
        )  # fmt: skip


@pytest.mark.django_db
def test_a_preview_stores_nothing() -> None:
    assert gate.preview(QUESTION, FACTS).permitted
    assert not gate.preview(replace(QUESTION, at=NIGHT), FACTS).permitted
    assert not Decision.objects.exists()
    assert not PackRelease.objects.exists()


@pytest.mark.django_db
def test_a_decision_computed_again_is_the_same() -> None:
    _decide()
    _decide(NIGHT)
    for decision in Decision.objects.order_by("pk"):
        assert gate.differences(decision, gate.recompute(decision)) == {}
    refused = Decision.objects.get(verdict="refuse")
    refused.facts["records"] = [{"kind": "consent_time", "at": "2026-01-01T00:00:00Z"}]
    assert "verdict" in gate.differences(refused, gate.recompute(refused))


@pytest.mark.django_db
def test_the_passes_are_kept_too() -> None:
    _decide(NIGHT)
    decision = Decision.objects.get()
    packs = gate.revived(decision.releases)
    passed = trace.passes(decision.findings, [packs[one] for one in decision.releases])
    outcome = gate.recompute(decision)
    assert sorted(passed) == sorted(result.rule for result in outcome.results if result.state == "pass")
    assert "CN-FREQ-ATT" in passed
    assert "CN-TIME-CBA" not in passed


@pytest.mark.django_db
def test_reasons_come_from_the_stored_release_in_the_readers_language() -> None:
    _decide(NIGHT)
    decision = Decision.objects.get()
    english, chinese = (reasons.of_decision(decision, language)[0] for language in ("en", "zh-hans"))
    assert english.sentence == (
        "It is 22:30 Beijing time; collection is allowed from 08:00 to 22:00 unless the debtor has consented"
    )
    assert chinese.sentence == "北京时间22:30；未经债务人同意，仅可在08:00至22:00催收"
    assert english.source.startswith("中国银行业协会")
    assert (english.strength, english.warning) == ("hard", False)
    assert english.next_at == decision.next_permitted


@pytest.mark.django_db
def test_releases_are_stored_once_and_never_change() -> None:
    _decide()
    _decide()
    assert sorted(PackRelease.objects.values_list("pack", flat=True)) == [
        "CN-CBA-2026", "CN-CC-2011", "CN-LAW", "POLICY",
    ]  # fmt: skip
    with pytest.raises(DatabaseError, match=r"only ever added|permission denied"), transaction.atomic():
        PackRelease.objects.update(version="0")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE compliance_decision SET verdict = 'permit'",
        "DELETE FROM compliance_decision",
        "UPDATE compliance_auditevent SET name = 'x'",
        "DELETE FROM compliance_auditevent",
        "TRUNCATE compliance_auditlink",
    ],
)
def test_proof_cannot_be_changed_by_sql(statement: str) -> None:
    _decide(NIGHT)
    with pytest.raises(DatabaseError, match=r"only ever added|permission denied"), transaction.atomic():
        connection.cursor().execute(statement)
    assert Decision.objects.get().verdict == "refuse"


@pytest.mark.django_db
def test_a_broken_engine_is_a_stored_refusal_and_an_audit_event(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(question: Any, facts: Facts) -> Any:
        raise packs_loader.PackError("X/contact.toml", "unreadable")

    monkeypatch.setattr(gate, "choose_packs", broken)
    refusal = _decide()
    assert isinstance(refusal, Refusal)
    assert refusal.failing == (engine.ENGINE_ERROR,)
    assert Decision.objects.get().verdict == "refuse"
    assert AuditEvent.objects.get().name == "gate.error"


@pytest.mark.django_db
def test_a_database_that_cannot_store_is_no_permit() -> None:
    with pytest.raises(GateUnavailable), transaction.atomic():
        _decide(question=replace(QUESTION, contact_point_id=2**63))  # no column holds it
    assert not Decision.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("unknown", [{"person_id": None}, {"person_id": "P1"}, {"contact_point_id": "D-M1"}])
def test_a_decision_is_about_a_known_person_and_point(unknown: dict) -> None:
    with pytest.raises(GateUnavailable):
        _decide(question=replace(QUESTION, **unknown))
    assert not Decision.objects.exists()


@pytest.mark.django_db
def test_a_set_aside_soft_rule_is_recorded_with_who_and_why() -> None:
    dials = calls([f"2026-03-10T0{hour}:00:00Z" for hour in range(6)], person_id=7, contact_point_id=3, debts=(1,))
    facts = replace(FACTS, contacts=dials)
    later = datetime(2026, 3, 10, 7, tzinfo=UTC)
    assert not _decide(later, facts=facts).permitted
    reasoned = replace(QUESTION, override=Override(supervisor_id=5, reason="the debtor asked for it by post"))
    assert _decide(later, reasoned, facts).permitted
    event = AuditEvent.objects.get(name="gate.soft_rule_overridden")
    assert event.details == {"rules": ["CN-FREQ-ATT"], "supervisor": 5, "reason": "the debtor asked for it by post"}


def test_the_packs_follow_place_product_and_creditor() -> None:
    def chosen(**given: Any) -> list[str]:
        *packs, policy = gate.choose_packs(QUESTION, replace(FACTS, **given))
        assert policy.id == "POLICY"
        return [pack.id for pack in packs]

    assert chosen() == ["CN-CBA-2026", "CN-CC-2011", "CN-LAW"]
    assert chosen(product="online_consumer_loan") == [
        "CN-AL-2025", "CN-CBA-2026", "CN-GBT-45251-2025", "CN-LAW", "CN-NIFA-2018", "CN-NIFA-2024",
    ]  # fmt: skip
    assert chosen(product="online_consumer_loan", creditor_kind="microloan_company") == [
        "CN-GBT-45251-2025", "CN-LAW", "CN-NIFA-2018", "CN-NIFA-2024",
    ]  # fmt: skip
    assert chosen(extra_packs=("CN-GBT-45251-2025",)) == ["CN-CBA-2026", "CN-CC-2011", "CN-GBT-45251-2025", "CN-LAW"]
    assert chosen(jurisdictions=("US-TX",), product="consumer_debt") == ["US-FED", "US-TCPA"]
    assert chosen(jurisdictions=("GB-EW",), product="consumer_debt") == ["GB-CONC", "GB-MORATORIUM"]
    assert chosen(jurisdictions=("IN",), product="personal_loan") == ["IN-RBC", "IN-RBI-2022"]
    assert chosen(jurisdictions=("IN",), product="microfinance_loan") == ["IN-RBC", "IN-RBI-MFI-2022"]
    assert "IN-RBI-2026-DRAFT" in chosen(jurisdictions=("IN",), extra_packs=("IN-RBI-2026-DRAFT",))
    assert chosen(script="zh-Hant") == ["CN-CBA-2026", "CN-CC-2011", "CN-LAW"]


@pytest.mark.parametrize(
    "given", [{"jurisdictions": ("FR",)}, {"jurisdictions": ("CN", "FR")}, {"extra_packs": ("XY-1",)}]
)
def test_a_place_or_pack_that_is_not_installed_is_refused(given: dict) -> None:
    assert [pack.id for pack in gate.choose_packs(QUESTION, replace(FACTS, **given))] == ["POLICY"]
    assert gate.preview(QUESTION, replace(FACTS, **given)).failing == (engine.FAILCLOSED,)


@pytest.mark.django_db
def test_a_count_is_its_list() -> None:
    both = replace(FACTS, firm_policy=FirmPolicy(opens="09:00", closes="20:00"))
    _decide()
    _decide(NIGHT)
    _decide(NIGHT, facts=both)
    since, until = NOON - timedelta(days=1), NOON + timedelta(days=1)
    counts = {count.rule: count.refused for count in queries.refused_by_rule(since=since, until=until)}
    assert counts == {"CN-TIME-CBA": 2, "POLICY-HOURS": 1}
    for rule, number in counts.items():
        assert queries.refused_by(rule, since=since, until=until).count() == number
    assert queries.refused_by_rule(since=until, until=until + timedelta(days=1)) == []
    assert queries.of_person(7).count() == 3
    assert queries.of_person(8).count() == 0


@pytest.mark.django_db
def test_a_stored_decision_with_a_week_of_calls_stays_small() -> None:
    week = calls([f"2026-03-0{day}T05:00:00Z" for day in range(3, 10)], person_id=7, contact_point_id=3, debts=(1,))
    _decide(facts=replace(FACTS, contacts=week, firm_policy=FirmPolicy(opens="08:00", closes="21:00")))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_column_size(decision.*) FROM compliance_decision AS decision")
        assert cursor.fetchone()[0] <= 1536


@pytest.mark.django_db
def test_the_commands_explain_and_replay() -> None:
    _decide()
    refusal = _decide(NIGHT)
    out = StringIO()
    call_command("explain_decision", refusal.decision_id, "--json", stdout=out)
    report = json.loads(out.getvalue())
    assert (report["same"], report["failing"], report["different"]) == (True, ["CN-TIME-CBA"], {})
    assert {rule["state"] for rule in report["rules"]} >= {"pass", "fail", "n/a"}
    out = StringIO()
    call_command("replay", "--date", "2026-03-10", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"date": "2026-03-10", "decisions": 2, "identical": 2, "different": []}
    with pytest.raises(CommandError) as left:
        call_command("explain_decision", refusal.decision_id + 1000)
    assert left.value.returncode == 2


def test_debts_of_several_products_are_bound_by_the_rules_of_each() -> None:
    talks = calls(
        [f"2026-03-10T09:{minute:02}:00+08:00" for minute in range(3)],
        outcome="conversation", contact_point_id=3, person_id=7, debts=(1,), point_kind="mobile",
    )  # fmt: skip

    def failing(**products: Any) -> tuple[str, ...]:
        return gate.preview(QUESTION, replace(FACTS, contacts=talks, **products)).failing

    assert failing(product="credit_card") == ()
    assert failing(product="online_consumer_loan") == ("CN-FREQ-EFF",)
    assert failing(product="credit_card", other_products=("online_consumer_loan",)) == ("CN-FREQ-EFF",)


@pytest.mark.django_db
def test_what_one_database_keeps_is_not_taken_for_kept_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    every = {("some other database", pack.hash) for pack in packs_loader.all_packs()}
    monkeypatch.setattr(gate, "_stored", every)
    _decide()
    assert gate.recompute(Decision.objects.get()).permitted
