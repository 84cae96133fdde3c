"""What is not known is refused, and so is whatever goes wrong."""

from dataclasses import replace

import pytest

from compliance import engine, packs_loader
from compliance.engine import ENGINE_ERROR, FAILCLOSED
from compliance.facts import Facts, FirmPolicy, LocationClaim, Question, Record
from compliance.predicates.registry import PREDICATES
from tests.compliance.asking import LEARNED, ask, at, call, calls, known

GOOD = call("2026-03-10T10:00:00+08:00")
SHANGHAI = known("CN", "Asia/Shanghai")
CBA = "CN-CBA-2026"


def test_the_same_question_on_known_ground_is_permitted() -> None:
    assert ask(GOOD, SHANGHAI, CBA).permitted


@pytest.mark.parametrize(
    ("facts", "missing"),
    [
        (replace(SHANGHAI, jurisdictions=()), "jurisdiction"),
        (replace(SHANGHAI, jurisdictions=("XX",)), "jurisdiction"),
        (replace(SHANGHAI, jurisdictions=("CN", "XX")), "jurisdiction"),
        (replace(SHANGHAI, locations=()), "zone"),
        (replace(SHANGHAI, locations=(LocationClaim(zone="Asia/Atlantis", at=LEARNED),)), "zone Asia/Atlantis"),
        (replace(SHANGHAI, locations=(LocationClaim(zone="", at=LEARNED),)), "zone "),
        (replace(SHANGHAI, locations=(LocationClaim(zone="../etc/passwd", at=LEARNED),)), "zone ../etc/passwd"),
    ],
)
def test_unknown_ground_is_refused_and_named(facts: Facts, missing: str) -> None:
    outcome = ask(GOOD, facts, CBA)
    assert outcome.failing == (FAILCLOSED,)
    assert outcome.next_permitted is None
    result = outcome.result(FAILCLOSED)
    assert result is not None
    assert result.finding.values["missing"] == missing


def test_history_in_words_that_nobody_knows_is_refused() -> None:
    """A hold under an unknown name would be read over by every rule."""
    strange = replace(SHANGHAI, records=(Record(kind="do_not_disturb", at=LEARNED),))
    assert ask(GOOD, strange, CBA).failing == (FAILCLOSED,)
    odd = replace(SHANGHAI, contacts=calls(["2026-03-09T10:00:00Z"], outcome="hm"))
    assert ask(GOOD, odd, CBA).failing == (FAILCLOSED,)


@pytest.mark.parametrize(
    "wrong",
    [{"channel": None}, {"channel": "pigeon"}, {"party": "friend"}, {"purpose": "chat"}, {"actor_kind": "robot"},
     {"direction": "sideways"}, {"kind": "rumour"}],
)  # fmt: skip
def test_a_word_that_nobody_knows_is_refused(wrong: dict) -> None:
    assert ask(replace(GOOD, **wrong), SHANGHAI, CBA).failing == (FAILCLOSED,)


def test_without_any_pack_of_law_nothing_is_permitted() -> None:
    assert engine.evaluate(GOOD, SHANGHAI, []).failing == (FAILCLOSED,)
    assert ask(GOOD, SHANGHAI, "POLICY").failing == (FAILCLOSED,)


def test_a_rule_that_breaks_is_a_refusal_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = replace(PREDICATES["true_identity"], function=lambda question, facts: 1 // 0)
    monkeypatch.setitem(PREDICATES, "true_identity", broken)
    engine._compile.cache_clear()
    try:
        outcome = ask(GOOD, SHANGHAI, CBA)
    finally:
        engine._compile.cache_clear()
    assert outcome.failing == (ENGINE_ERROR,)
    assert outcome.next_permitted is None
    assert outcome.results[0].finding.values["error"] == "ZeroDivisionError"


def test_a_worded_rule_without_the_firms_number_is_refused() -> None:
    outcome = ask(call("2026-05-12T10:00:00+01:00"), known("GB", "Europe/London"), "GB-CONC")
    assert outcome.failing == ("GB-CONC-TIMES", FAILCLOSED)


def test_an_exception_never_opens_a_rule_of_another_pack() -> None:
    """One reply is allowed by the American rule; the firm's own wish-keeping is another pack, and still refuses."""
    stop = Record(kind="opt_out", at=at("2026-06-01T14:00:00Z"), channel="sms")
    asked = calls(["2026-06-10T13:00:00Z"], channel="sms", direction="inbound", outcome="received")
    question = call("2026-06-10T09:05:00-04:00", channel="sms", actor_kind="agency", in_reply=True, opt_out_notice=True)
    facts = known("US", "America/New_York", records=(stop,), contacts=asked)
    reply = ask(question, facts, "US-FED")
    assert reply.permitted
    assert reply.result("US-F-MEDIUM").state == "lifted"
    assert reply.result("US-F-MEDIUM").because == "US-F-RESPOND-ONCE"
    second = ask(replace(question, in_reply=None), facts, "US-FED")
    assert second.failing == ("US-F-MEDIUM",)
    firm = replace(facts, firm_policy=FirmPolicy(opens="10:00", closes="20:00", enabled=()))
    assert ask(question, firm, "US-FED").failing == ("POLICY-HOURS",)


def test_adding_a_pack_can_only_restrict() -> None:
    night = call("2026-03-10T22:30:00+08:00")
    assert ask(night, SHANGHAI, "CN-CC-2011").permitted
    assert not ask(night, SHANGHAI, "CN-CC-2011", CBA).permitted
    assert not ask(night, SHANGHAI, CBA, "CN-CC-2011").permitted


def test_every_rule_of_every_pack_leaves_a_finding() -> None:
    outcome = ask(GOOD, SHANGHAI, CBA, "CN-CC-2011", "CN-LAW")
    packs = [packs_loader.get(pack) for pack in (CBA, "CN-CC-2011", "CN-LAW", "POLICY")]
    assert sorted(outcome.evaluated) == sorted(rule.id for pack in packs for rule in pack.rules)


def test_only_the_exception_of_the_rule_is_lifted_and_the_rest_still_refuses() -> None:
    cease = Record(kind="cease_request", at=at("2026-05-01T12:00:00Z"), form="written", debts=("D1",))
    facts = known("US", "America/New_York", records=(cease,))
    remedy = call("2026-05-06T22:00:00-04:00", actor_kind="agency", channel="email", purpose="notify_remedy")
    assert ask(remedy, facts, "US-FED").failing == ("US-F-HOURS",)
    assert ask(replace(remedy, purpose="collection"), facts, "US-FED").failing == ("US-F-HOURS", "US-F-CEASE")


def test_a_step_that_nobody_has_named_is_refused() -> None:
    step = Question(at=GOOD.at, kind="action", action="view_case")
    assert ask(step, SHANGHAI, CBA).permitted
    for action, missing in (("veiw_case", "action veiw_case"), (None, "action")):
        outcome = ask(replace(step, action=action), SHANGHAI, CBA)
        assert outcome.failing == (FAILCLOSED,)
        result = outcome.result(FAILCLOSED)
        assert result is not None
        assert result.finding.values["missing"] == missing
