"""Rules are a document: read whole, refused with every path that is wrong, said in words, dated and never edited."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from cases.distribution import rule_book, words
from cases.distribution.rule_book import RulesRefused
from cases.distribution.rules import STANDARD, Features, RulesWrong, read
from cases.models import DistributionRules
from collections_app.shared.actor import SYSTEM
from tests.factories.cases import CreditorFactory

WHOLE = {
    "mode": "balance",
    "criteria": [{"name": "language", "is": "must"}, {"name": "tier", "is": "prefer"}],
    "needs": [
        {"skill": "legal", "tier": "senior", "when": {"buckets": ["M6", "M7+"], "balance_from": "50000.00"}},
        {"skill": "business", "when": {"business": True, "jurisdictions": ["CN"]}},
    ],
    "keep": {"while": "balanced", "days": 90, "absent_days": 5},
    "away": {"broken_promise": True, "complaint": True, "not_back_days": 14},
    "minutes": {"call": 8},
    "nightly": True,
    "from_hour": 7,
}


def test_a_whole_document_is_read():
    rules = read(WHOLE)
    assert (rules.mode, rules.keep, rules.days, rules.absent_days) == ("balance", "balanced", 90, 5)
    assert rules.criteria == (("language", "must"), ("tier", "prefer"))
    assert rules.minutes == {"call": 8, "callback": 6, "review": 10, "verify_payment": 5}
    assert (rules.broken_promise, rules.complaint, rules.not_back_days) == (True, True, 14)
    assert (rules.nightly, rules.from_hour) == (True, 7)


def test_needs_hold_for_the_cases_they_describe():
    rules = read(WHOLE)
    old = Features(bucket="M7+", jurisdiction="CN-SH", balance=Decimal("50000.00"))
    assert rules.needed(old) == ({"legal"}, 1)
    assert rules.needed(Features(bucket="M7+", balance=Decimal("49999.99"))) == (set(), 0)
    assert rules.needed(Features(bucket="M1", jurisdiction="CN", business=True)) == ({"business"}, 0)
    assert rules.needed(Features(bucket="M1", jurisdiction="CNX", business=True)) == (set(), 0)


def test_nothing_set_is_the_standard():
    assert read({}) == STANDARD


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"mod": "cases"}, "mod"),
        ({"mode": "fair"}, "mode"),
        ({"criteria": [{"name": "skill", "is": "may"}]}, "criteria[0].is"),
        ({"criteria": [{"name": "skill", "is": "must"}, {"name": "skill", "is": "prefer"}]}, "criteria"),
        ({"needs": [{"when": {}}]}, "needs[0]"),
        ({"needs": [{"skill": "magic"}]}, "needs[0].skill"),
        ({"needs": [{"skill": "legal", "when": {"buckets": ["M1", "M9"]}}]}, "needs[0].when.buckets[1]"),
        ({"needs": [{"skill": "legal", "when": {"balance_from": 50000.0}}]}, "needs[0].when.balance_from"),
        ({"needs": [{"skill": "legal", "when": {"colour": "red"}}]}, "needs[0].when.colour"),
        ({"keep": {"days": 0}}, "keep.days"),
        ({"keep": {"days": True}}, "keep.days"),
        ({"away": {"broken_promise": "yes"}}, "away.broken_promise"),
        ({"minutes": {"call": 9999}}, "minutes.call"),
        ({"teams": ["nowhere"]}, "teams[0]"),
        ({"from_hour": 24}, "from_hour"),
        ([], "document"),
    ],
)
def test_what_is_wrong_is_said_with_its_path(document, path):
    with pytest.raises(RulesWrong) as wrong:
        read(document, teams=["north"])
    assert [each.path for each in wrong.value.wrongs] == [path]


def test_everything_that_is_wrong_is_said_at_once():
    with pytest.raises(RulesWrong) as wrong:
        read({"mode": "x", "nightly": 1, "keep": {"while": "never", "y": 1}})
    assert [each.path for each in wrong.value.wrongs] == ["mode", "keep.y", "nightly"]


def test_rules_read_as_sentences():
    assert words.sentences(read(WHOLE))[:5] == [
        "A case stays with its collector unless those who can do the same differ by more than one case; then the least "
        "urgent move.",
        "After 90 days with one collector it changes hands.",
        "Somebody away for 5 days or more gives his cases up; away for less, he gets no new ones.",
        "After a broken promise or a complaint somebody else takes the case over, and it does not come back for 14 "
        "days.",
        "Bucket M6, M7+ · balance from 50,000.00: needs the skill “legal work”, at least senior.",
    ]
    assert words.chosen("skill:legal,language:zh,load") == "knows legal work, speaks Chinese, least loaded"


@pytest.mark.django_db
def test_a_version_is_in_force_from_its_instant_and_never_edited(at):
    bank = CreditorFactory()
    first = rule_book.set_rules(creditor=bank, document={"mode": "turns"}, reason="a", actor=SYSTEM, at=at)
    later = at + timedelta(days=1)
    second = rule_book.set_rules(creditor=bank, document={}, reason="b", in_force_from=later, actor=SYSTEM, at=at)
    assert rule_book.in_force(creditor_id=bank.pk, at=at) == first
    assert rule_book.in_force(creditor_id=bank.pk, at=later) == second
    with pytest.raises(DatabaseError, match="only grows"), transaction.atomic():
        DistributionRules.objects.filter(pk=first.pk).update(reason="c")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"reason": " "}, "no-reason"),
        ({"document": {"mode": "x"}}, "wrong"),
        ({"document": {"teams": ["nowhere"]}}, "wrong"),
        ({"in_force_from": -1}, "in-the-past"),
    ],
)
def test_rules_that_cannot_be_are_refused_and_nothing_is_kept(at, fields, code):
    given = {"document": {}, "reason": "as agreed", **fields}
    if "in_force_from" in given:
        given["in_force_from"] = at - timedelta(seconds=1)
    with pytest.raises(RulesRefused) as refused:
        rule_book.set_rules(creditor=CreditorFactory(), actor=SYSTEM, at=at, **given)
    assert refused.value.code == code
    assert not DistributionRules.objects.exists()
