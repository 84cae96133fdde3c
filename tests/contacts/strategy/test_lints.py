"""Each check finds its strategy, at its node; the shipped strategies are clean."""

import copy

import pytest

from collections_app.shared.actor import SYSTEM, Actor
from compliance.lists import titles
from compliance.words import titled
from contacts.models import Template, TemplateVersion
from contacts.strategy import definition, drafting, lints, ranges, shipped
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.contacts import TemplateFactory
from tests.factories.staff import UserFactory
from tests.factories.strategies import put_in_force

REVIEW = {"key": "look", "kind": "review", "from_dpd": 60}
EVERYBODY = {"key": "rest", "name": "Rest", "step": [{"key": "call", "kind": "call", "from_dpd": 4}, REVIEW]}


def dpd(op, value):
    return {"fact": "dpd", "op": op, "value": value}


def young(*steps, **more):
    return {"key": "young", "name": "Young", "condition": dpd("at_most", 30), "step": [*steps, REVIEW], **more}


def draft(*segments, at, creditors=None):
    document = {"code": "cards", "name": "Cards", "segment": copy.deepcopy(list(segments))}
    creditors = [CreditorFactory()] if creditors is None else creditors
    who = Actor.of(UserFactory(admin=True))
    return drafting.begin(definition.parse(document), creditors=creditors, actor=who, at=at)


def codes(version, at, *, with_book=False):
    return [(lint.code, str(lint.node)) for lint in lints.of_version(version, at=at, with_book=with_book)]


STRATEGIES = {
    "clean": ([EVERYBODY], []),
    "a segment below one that takes everybody": (
        [EVERYBODY, {**EVERYBODY, "key": "late", "condition": dpd("at_least", 90)}],
        [("unreachable-segment", "late")],
    ),
    "two segments of one condition": (
        [
            {**EVERYBODY, "key": "a", "condition": dpd("at_least", 9)},
            {**EVERYBODY, "key": "b", "condition": dpd("at_least", 9)},
        ],
        [("unreachable-segment", "b")],
    ),
    "numbers that contradict each other": (
        [{**EVERYBODY, "key": "odd", "condition": {"all": [dpd("at_least", 60), dpd("less_than", 30)]}}],
        [("never-true", "odd")],
    ),
    "ends by what it begins with": (
        [{**EVERYBODY, "condition": dpd("at_least", 1), "stop": dpd("at_least", 1)}],
        [("ends-at-once", "rest")],
    ),
    "days that the segment never sees": (
        [young({"key": "late", "kind": "call", "from_dpd": 45})],
        [("unreachable-step", "young/late"), ("unreachable-step", "young/look")],
    ),
    "a condition that is never true in the segment": (
        [{**EVERYBODY, "condition": dpd("at_least", 10), "step": [
            {"key": "call", "kind": "call", "from_dpd": 10, "condition": dpd("at_most", 9)}, REVIEW]}],
        [("unreachable-step", "rest/call")],
    ),
    "a step that waits for one that is never done": (
        [{**EVERYBODY, "condition": dpd("at_least", 10), "step": [
            {"key": "first", "kind": "call", "from_dpd": 1, "until_dpd": 5},
            {"key": "second", "kind": "visit", "after": {"step": "first", "days": 2}}, REVIEW]}],
        [("unreachable-step", "rest/first"), ("unreachable-step", "rest/second")],
    ),
    "nothing ends the path": (
        [{**EVERYBODY, "step": [{"key": "call", "kind": "call", "from_dpd": 4}]}],
        [("no-exit", "rest")],
    ),
    "again and again without an end": (
        [{**EVERYBODY, "step": [{"key": "call", "kind": "call", "from_dpd": 4, "repeat_every_days": 1}]}],
        [("no-exit", "rest"), ("repeats-without-end", "rest/call")],
    ),
    "no step in a segment": ([young(), {"key": "rest", "name": "Rest", "step": []}],
                             [("unreachable-step", "young/look"), ("no-steps-here", "rest")]),
    "no step at all": ([{"key": "rest", "name": "Rest", "step": []}], [("no-steps", "")]),
    "two severities on a day": (
        [{**EVERYBODY, "step": [{"key": "call", "kind": "call", "from_dpd": 4},
                                {"key": "visit", "kind": "visit", "from_dpd": 4, "severity": 2}, REVIEW]}],
        [("two-severities-in-a-day", "rest/visit")],
    ),
    "a severity that is over before its turn": (
        [{**EVERYBODY, "step": [{"key": "call", "kind": "call", "from_dpd": 4},
                                {"key": "visit", "kind": "visit", "from_dpd": 4, "until_dpd": 4, "severity": 2},
                                REVIEW]}],
        [("severity-never-climbed", "rest/visit")],
    ),
}  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("name", STRATEGIES)
def test_a_strategy_is_found_out(name, at):
    segments, expected = STRATEGIES[name]
    assert codes(draft(*segments, at=at), at) == expected


@pytest.mark.django_db
def test_a_strategy_for_no_creditor_treats_nobody(at):
    assert codes(draft(EVERYBODY, at=at, creditors=[]), at) == [("no-creditor", "")]


@pytest.mark.django_db
def test_cases_that_no_segment_takes_are_counted_and_named(at):
    bank = CreditorFactory()
    case, other = (CaseFactory(creditor=bank, at=at, dpd=days) for days in (50, 12))
    version = draft({**EVERYBODY, "condition": dpd("at_most", 30), "step": [REVIEW | {"from_dpd": 20}]}, at=at,
                    creditors=[bank])  # fmt: skip
    (lint,) = lints.of_version(version, at=at)
    assert (lint.code, lint.severity, lint.cases) == ("taken-by-nobody", "warning", (case.pk,))
    assert other.pk not in lint.cases


@pytest.mark.django_db
def test_a_segment_whose_cases_an_earlier_one_takes_is_told(at):
    bank = CreditorFactory()
    CaseFactory.create_batch(10, creditor=bank, at=at, dpd=50)
    CaseFactory(creditor=bank, at=at, dpd=20)
    wide, narrow = ({**EVERYBODY, "key": f"from-{days}", "condition": dpd("at_least", days)} for days in (1, 40))
    assert codes(draft(wide, narrow, EVERYBODY, at=at, creditors=[bank]), at, with_book=True) == [
        ("taken-by-earlier", "from-40")
    ]
    assert codes(draft(narrow, wide, EVERYBODY, at=at, creditors=[bank]), at, with_book=True) == []


@pytest.mark.django_db
def test_a_condition_that_is_unknown_for_most_is_told(at):
    bank = CreditorFactory()
    CaseFactory.create_batch(12, creditor=bank, at=at)
    willing = {**EVERYBODY, "key": "willing", "condition": {"fact": "willingness", "op": "is", "value": "high"}}
    assert codes(draft(willing, EVERYBODY, at=at, creditors=[bank]), at, with_book=True) == [
        ("much-unknown", "willing")
    ]


@pytest.mark.django_db
def test_a_message_without_an_approved_wording_is_an_error(at):
    TemplateFactory(code="mute", versions=False)
    TemplateFactory(code="spoken")
    segment = {**EVERYBODY, "step": [
        {"key": "a", "kind": "message", "template": "mute", "from_dpd": 1},
        {"key": "b", "kind": "message", "template": "spoken", "from_dpd": 2}, REVIEW]}  # fmt: skip
    assert codes(draft(segment, at=at), at, with_book=True) == [("no-wording", "rest/a")]


@pytest.mark.django_db
def test_a_language_of_the_borrowers_that_a_template_lacks_is_told(at):
    bank = CreditorFactory()
    CaseFactory(creditor=bank, at=at, person__language="fr", person__jurisdiction="", person__time_zone="")
    TemplateFactory(code="t")
    segment = {**EVERYBODY, "step": [{"key": "a", "kind": "message", "template": "t", "from_dpd": 1}, REVIEW]}
    version = draft(segment, at=at, creditors=[bank])
    assert ("language-missing", "rest/a") in codes(version, at, with_book=True)
    sentences = [lint.sentence for lint in lints.of_version(version, at=at) if lint.code == "language-missing"]
    assert sentences == ["“Reminder” has no wording in French; these borrowers read it in English."]
    template = Template.objects.get(code="t")
    TemplateVersion.objects.create(
        template=template, language="fr", version=1, body="…", status="approved", approved_at=at, created_at=at
    )
    assert ("language-missing", "rest/a") not in codes(version, at, with_book=True)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "code", sorted(path.stem for path in shipped.FOLDER.glob("*.toml") if path != shipped.TEMPLATES)
)
def test_a_shipped_strategy_is_clean(code, at):
    shipped.ship_templates(author=UserFactory(admin=True), approver=UserFactory(admin=True), at=at)
    found = shipped.read_strategy(code)
    version = drafting.begin(found, creditors=[CreditorFactory()], actor=Actor.of(UserFactory(admin=True)), at=at)
    assert codes(version, at, with_book=True) == []


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({}, (0, float("inf"))),
        (dpd("between", [3, 9]), (3, 9)),
        ({"all": [dpd("more_than", 3), dpd("less_than", 9)]}, (4, 8)),
        ({"any": [dpd("is", 3), dpd("at_least", 9)]}, (3, float("inf"))),
        ({"not": dpd("at_least", 9)}, (0, 8)),
        ({"not": dpd("between", [3, 9])}, (0, float("inf"))),
        ({"fact": "bucket", "op": "in", "value": ["M1", "M2"]}, (1, 60)),
        ({"fact": "bucket", "op": "not_in", "value": ["M0", "M1"]}, (31, float("inf"))),
        ({"named": "old"}, (90, float("inf"))),
        ({"fact": "held", "op": "is", "value": True}, (0, float("inf"))),
    ],
)
def test_the_days_that_a_condition_leaves_are_read_from_it(condition, expected):
    assert ranges.of_fact(condition, "dpd", named={"old": dpd("at_least", 90)}) == expected


def test_what_is_asked_to_be_so_and_not_so_is_never_true():
    held = {"fact": "held", "op": "is", "value": True}
    assert not ranges.can_be_true({"all": [held, {**held, "value": False}]})
    assert ranges.can_be_true({"any": [held, {**held, "value": False}]})


@pytest.mark.django_db
@pytest.mark.parametrize(("code", "words"), [("a-first", "comes first"), ("z-last", "comes after")])
def test_another_strategy_of_the_creditor_is_named_with_which_of_the_two_takes_a_case(code, words, at):
    bank = CreditorFactory()
    version = draft(EVERYBODY, at=at, creditors=[bank])
    document = {"code": code, "name": "Other", "segment": [copy.deepcopy(EVERYBODY)]}
    other = definition.store(definition.parse(document), creditors=[bank], actor=SYSTEM, at=at)
    assert codes(version, at, with_book=True) == []  # a draft takes nothing
    put_in_force(other, at=at)
    (lint,) = lints.of_version(version, at=at)
    assert (lint.code, lint.severity) == ("shared-creditor", "warning")
    assert words in lint.sentence
    version.creditors.set([CreditorFactory()])
    assert codes(version, at, with_book=True) == []


CALL_NOW = {**EVERYBODY, "step": [{"key": "call", "kind": "call", "from_dpd": 4}, REVIEW]}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("acting_as", "places", "found"),
    [
        ("agency", ["VN"], ("forbidden-everywhere", "error")),  # agencies do not collect in Vietnam: VN-SERVICE
        ("agency", ["VN", "GB"], ("forbidden-somewhere", "warning")),
        ("agency", ["GB"], None),
        ("creditor", ["VN"], None),
    ],
)
def test_a_rule_that_never_permits_a_step_is_an_error_where_it_is_everywhere_and_else_a_warning(
    acting_as, places, found, at
):
    bank = CreditorFactory(acting_as=acting_as, kind="unspecified")
    zones = {"VN": "Asia/Ho_Chi_Minh", "GB": "Europe/London"}
    for place in places:
        CaseFactory(
            creditor=bank, at=at, dpd=5, person__jurisdiction=place, person__time_zone=zones[place],
            person__language="en",
        )  # fmt: skip
    seen = [
        lint for lint in lints.of_version(draft(CALL_NOW, at=at, creditors=[bank]), at=at) if "forbidden" in lint.code
    ]
    if found is None:
        assert seen == []
        return
    (lint,) = seen
    assert (lint.code, lint.severity, str(lint.node)) == (*found, "rest/call")
    assert titled(titles()["VN-SERVICE"], "VN-SERVICE") in lint.sentence
    assert ("Vietnam" in lint.sentence) is (found[0] == "forbidden-somewhere")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("place", "body", "is_found"),
    [("CN", "请还款。", True), ("CN", "【{{ creditor_name }}】请还款。", False), ("GB", "请还款。", False)],
)
def test_a_clause_that_is_asked_for_where_the_borrowers_live_is_an_error_where_it_lacks(place, body, is_found, at):
    bank = CreditorFactory()
    zone = {"CN": "Asia/Shanghai", "GB": "Europe/London"}[place]
    CaseFactory(
        creditor=bank, at=at, dpd=5, person__jurisdiction=place, person__time_zone=zone, person__language="zh-hans"
    )
    template = TemplateFactory(code="t", versions=False)
    TemplateVersion.objects.create(
        template=template, language="zh-hans", version=1, body=body, status="approved", approved_at=at, created_at=at
    )
    segment = {**EVERYBODY, "step": [{"key": "a", "kind": "message", "template": "t", "from_dpd": 1}, REVIEW]}
    found = [lint for lint in lints.of_version(draft(segment, at=at, creditors=[bank]), at=at)
             if lint.code == "clause-missing"]  # fmt: skip
    assert [(lint.severity, str(lint.node)) for lint in found] == ([("error", "rest/a")] if is_found else [])


@pytest.mark.django_db
def test_what_everybody_has_or_somebody_takes_is_not_told(at):
    bank = CreditorFactory()
    CaseFactory.create_batch(12, creditor=bank, at=at, dpd=20, willingness="high")
    willing = {**EVERYBODY, "key": "willing", "condition": {"fact": "willingness", "op": "is", "value": "high"}}
    assert codes(draft(willing, EVERYBODY, at=at, creditors=[bank]), at, with_book=True) == []  # known, and all taken


@pytest.mark.django_db
def test_a_strategy_for_a_creditor_and_steps_that_can_come_are_not_told(at):
    fits = [young({"key": "soon", "kind": "call", "from_dpd": 5}, {"key": "then", "kind": "visit", "from_dpd": 25}),
            EVERYBODY]  # fmt: skip
    fits[0]["step"] = fits[0]["step"][:2]
    assert codes(draft(*fits, at=at), at) == []
