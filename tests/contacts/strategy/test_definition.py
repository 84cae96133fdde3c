"""Strategies as documents: read, refused with every problem's path, stored, read back, published by two people."""

import copy

import pytest
from django.db import transaction

from cases.models import Creditor
from collections_app.shared.actor import SYSTEM
from compliance.models import AuditEvent
from contacts import rendering
from contacts.models import Segment, StrategyVersion, Template, TemplateVersion
from contacts.strategy import definition, shipped
from contacts.strategy.definition import DefinitionError, parse
from tests.factories.cases import CreditorFactory
from tests.factories.contacts import TemplateFactory

DOCUMENT = {
    "code": "two-texts",
    "name": "Two texts",
    "segment": [
        {
            "name": "all",
            "step": [
                {"key": "one", "kind": "message", "template": "t-one", "from_dpd": 1, "until_dpd": 2},
                {"key": "call", "kind": "call", "from_dpd": 4, "repeat_every_days": 1, "severity": 2},
            ],
        }
    ],
}


def changed(path: list, value) -> dict:
    document = copy.deepcopy(DOCUMENT)
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return document


STEP = ["segment", 0, "step", 0]


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (changed(["code"], "no spaces"), "code"),
        (changed(["name"], ""), "name"),
        (changed(["colour"], "red"), "colour"),
        (changed(["segment"], []), "segment"),
        (changed(["segment", 0, "condition"], {"fact": "dpd", "op": "is", "value": -1}), "segment[0].condition.value"),
        (changed([*STEP, "kind"], "shout"), "segment[0].step[0].kind"),
        (changed([*STEP, "template"], None), "segment[0].step[0].template"),
        (changed(["segment", 0, "step", 1, "template"], "t-one"), "segment[0].step[1].template"),
        (changed([*STEP, "from_dpd"], "1"), "segment[0].step[0].from_dpd"),
        (changed([*STEP, "until_dpd"], 0), "segment[0].step[0].until_dpd"),
        (changed([*STEP, "repeat_every_days"], 0), "segment[0].step[0].repeat_every_days"),
        (changed([*STEP, "severity"], 0), "segment[0].step[0].severity"),
        (changed([*STEP, "wait"], 1), "segment[0].step[0].wait"),
        (changed(["segment", 0, "step", 1, "key"], "one"), "segment[0].step[1].key"),
        (changed(["segment", 0, "step", 1, "catch_up"], "skip"), "segment[0].step[1].catch_up"),
    ],
)
def test_a_problem_names_its_path(document, path):
    with pytest.raises(DefinitionError) as error:
        parse(document)
    assert [where for where, _ in error.value.problems] == [path]


def test_all_problems_are_told_at_once():
    document = changed([*STEP, "severity"], 0) | {"name": ""}
    with pytest.raises(DefinitionError) as error:
        parse(document)
    assert len(error.value.problems) == 2


@pytest.fixture
def stored(db, at) -> StrategyVersion:
    TemplateFactory(code="t-one")
    return definition.store(parse(DOCUMENT), creditors=[CreditorFactory()], actor=SYSTEM, at=at)


def test_a_stored_strategy_reads_back_as_it_was(stored):
    assert definition.of_version(stored) == parse(DOCUMENT)
    assert (stored.version, stored.status) == (1, "draft")


def test_storing_the_same_again_makes_nothing_and_a_change_makes_the_next_version(stored, at):
    assert definition.store(parse(DOCUMENT), creditors=[], actor=SYSTEM, at=at).pk == stored.pk
    other = definition.store(parse(changed([*STEP, "until_dpd"], 3)), creditors=[], actor=SYSTEM, at=at)
    assert (other.version, StrategyVersion.objects.count()) == (2, 2)


@pytest.mark.django_db
def test_a_template_that_is_not_there_is_refused(at):
    with pytest.raises(DefinitionError) as error, transaction.atomic():
        definition.store(parse(DOCUMENT), creditors=[], actor=SYSTEM, at=at)
    assert error.value.problems == [("segment[0].step[0].template", "there is no template “t-one”")]
    assert not Segment.objects.exists()


# -- what is shipped ---------------------------------------------------------------------------------------------------


REMINDS_OF = {
    "promise-reminder": "promise_amount",
    "plan-reminder": "instalment_amount",
    "plan-missed-1": "instalment_amount",
}


def test_the_shipped_strategy_has_the_agreed_steps():
    paths = shipped.read_strategy().segments
    assert [(step.key, step.kind, step.from_dpd) for step in paths[1].steps] == [
        ("sms-1", "message", 1),
        ("sms-3", "message", 3),
        ("email-7", "message", 7),
        ("call", "call", 4),
        ("promise-reminder", "message", 1),
        ("plan-reminder", "message", 1),
        ("notice-30", "message", 30),
        ("review-60", "review", 60),
    ]


def test_every_shipped_wording_renders_in_both_languages_and_offers_a_way_out():
    for template in shipped.read_templates():
        written = [(wording["language"], wording.get("jurisdiction", "")) for wording in template["version"]]
        sealed = [("en", "CN"), ("zh-hans", "CN")] if template["channel"] == "letter" else []
        assert written == [("en", ""), ("zh-hans", ""), *sealed, ("en", "US"), ("zh-hans", "US")]
        for wording in template["version"]:
            text = rendering.render(
                wording["body"],
                values=rendering.samples(),
                subject=wording.get("subject", ""),
                channel=template["channel"],
            )
            assert "{{" not in text.body
            names = rendering.check_body(
                wording["body"], subject=wording.get("subject", ""), channel=template["channel"]
            )
            amount = REMINDS_OF.get(template["code"], "amount_due")
            assert {"creditor_name", "creditor_phone", amount} <= names
            assert ("opt_out" in names) == (template["channel"] != "letter")


def test_shipping_twice_changes_nothing(supervisor, collector, at):
    creditor = CreditorFactory()
    first = shipped.ship(creditors=[creditor], author=supervisor, approver=collector, at=at)
    events = AuditEvent.objects.count()
    again = shipped.ship(creditors=[creditor], author=supervisor, approver=collector, at=at)
    assert (first.pk, again.status) == (again.pk, "published")
    assert (Template.objects.count(), TemplateVersion.objects.count(), AuditEvent.objects.count()) == (10, 42, events)
    assert list(again.creditors.all()) == [creditor] == list(Creditor.objects.all())


def test_nobody_approves_what_he_wrote(supervisor, at):
    with pytest.raises(ValueError, match="second person"):
        shipped.ship(creditors=[], author=supervisor, approver=supervisor, at=at)
