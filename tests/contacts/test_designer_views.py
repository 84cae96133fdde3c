"""The designer without scripts: every act saves the whole draft or says why not, and nobody overwrites another."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from collections_app.shared.actor import Actor
from contacts.models import DraftEdit, StrategyVersion
from contacts.strategy import counts, definition, drafting
from tests.factories.cases import CaseFactory, CreditorFactory
from tests.factories.contacts import TemplateFactory
from tests.factories.staff import UserFactory, set_clock

pytestmark = pytest.mark.django_db

DOCUMENT = {
    "code": "cards",
    "name": "Cards",
    "segment": [
        {"key": "young", "name": "Young", "condition": {"fact": "dpd", "op": "at_most", "value": 30},
         "step": [{"key": "call", "kind": "call", "from_dpd": 4}]},
        {"key": "rest", "name": "Rest", "step": [{"key": "look", "kind": "review", "from_dpd": 60}]},
    ],
}  # fmt: skip


@pytest.fixture
def admin():
    return UserFactory(admin=True)


@pytest.fixture
def draft(settings, admin, at):
    set_clock(settings, at)
    bank = CreditorFactory()
    return drafting.begin(definition.parse(DOCUMENT), creditors=[bank], actor=Actor.of(admin), at=at)


@pytest.fixture
def desk(draft, admin):
    client = Client()
    client.force_login(admin)
    return Desk(client, draft)


class Desk:
    def __init__(self, client, version):
        self.client, self.version = client, version

    @property
    def document(self):
        return drafting.document_of(StrategyVersion.objects.get(pk=self.version.pk))

    def act(self, act, node="", **fields):
        data = {"act": act, "node": node, "was": drafting.token_of(self.document), **fields}
        return self.client.post(reverse("contacts:strategy-change", args=[self.version.pk]), data)

    def segment(self, **fields):
        base = {"name": "Young", "key": "young", "re_entry": "always", "c-mode": "all"}
        return self.act(fields.pop("act", "save"), "young", **(base | fields))


def test_a_condition_is_built_of_lines_and_a_group(desk):
    answer = desk.segment(**{
        "c-0-fact": "dpd", "c-0-op": "between", "c-0-value": "3", "c-0-second": "9",
        "c-1-mode": "none",
        "c-1-0-fact": "status", "c-1-0-op": "in", "c-1-0-value": ["new", "working"],
        "c-1-1-fact": "held", "c-1-1-op": "is", "c-1-1-value": "yes",
        "c-2-fact": "balance", "c-2-op": "at_least", "c-2-value": "500.00",
        "c-3-fact": "currency", "c-3-op": "in", "c-3-value": "CNY，USD",
    })  # fmt: skip
    assert answer.status_code == 302
    assert desk.document["segment"][0]["condition"] == {
        "all": [
            {"fact": "dpd", "op": "between", "value": [3, 9]},
            {"not": {"any": [
                {"fact": "status", "op": "in", "value": ["new", "working"]},
                {"fact": "held", "op": "is", "value": True},
            ]}},
            {"fact": "balance", "op": "at_least", "value": "500.00"},
            {"fact": "currency", "op": "in", "value": ["CNY", "USD"]},
        ]
    }  # fmt: skip
    page = desk.client.get(reverse("contacts:strategy-edit", args=[desk.version.pk]), {"node": "young"})
    assert 'name="c-1-1-fact"' in page.content.decode()


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("60,000", "60000"), ("６０，０００", "60000"), ("1.5万", "15000"), ("500.00", "500.00"),
        ("-1,200.50", "-1200.5"), ("60,00", None), ("NT$ 60,000", None), ("many", None),
    ],
)  # fmt: skip
def test_an_amount_is_taken_as_people_type_it_and_names_no_currency(desk, typed, value):
    answer = desk.segment(**{"c-0-fact": "balance", "c-0-op": "at_most", "c-0-value": typed})
    if value is None:
        (row,) = answer.context["panel"].builders[0].rows
        assert (answer.status_code, row.value, row.errors) == (422, typed, [f"“{typed}” is no amount"])
        assert desk.document == DOCUMENT
    else:
        assert desk.document["segment"][0]["condition"] == {"fact": "balance", "op": "at_most", "value": value}


def test_a_number_is_taken_in_full_width_digits_and_an_hour_as_people_say_it(desk):
    desk.segment(**{"c-0-fact": "dpd", "c-0-op": "at_most", "c-0-value": "４５"})
    assert desk.document["segment"][0]["condition"] == {"fact": "dpd", "op": "at_most", "value": 45}
    base = {"key": "call", "kind": "call", "from_dpd": "4", "severity": "1", "catch_up": "send_late",
            "trigger": "dpd", "c-mode": "all"}  # fmt: skip
    desk.act("save", "young/call", **base, until_dpd="１２", time_from="6pm", time_until="晚上8点")
    (step,) = desk.document["segment"][0]["step"]
    assert (step["until_dpd"], step["time_from"], step["time_until"]) == (12, "18:00", "20:00")
    page = desk.client.get(reverse("contacts:strategy-edit", args=[desk.version.pk]), {"node": "young/call"})
    assert 'type="number"' not in page.content.decode()  # a browser would not take them
    assert 'type="time"' not in page.content.decode()
    answer = desk.act("save", "young/call", **base, time_from="25:00")
    assert list(answer.context["panel"].form.errors) == ["time_from"]


def test_a_new_step_is_the_text_message_that_comes_next(desk):
    TemplateFactory(code="a-letter", name="A letter", channel="letter")
    TemplateFactory(code="agreed", name="Agreed", channel="sms", purpose="service_reminder")
    TemplateFactory(code="mild", name="Mild", channel="sms")
    TemplateFactory(code="firm", name="Firm", channel="sms")
    for _time in range(3):
        desk.act("add-step", "young")
    assert [step.get("template") for step in desk.document["segment"][0]["step"]] == [None, "mild", "firm", "mild"]


def test_a_finding_says_the_segment_and_the_step_that_it_is_about(desk):
    desk.act("add-step", "young/call")
    base = {"key": "late", "kind": "call", "from_dpd": "60", "severity": "1", "catch_up": "send_late",
            "trigger": "dpd", "name": "Late call", "c-mode": "all"}  # fmt: skip
    desk.act("save", "young/call-7", **base)
    page = desk.client.get(reverse("contacts:strategy-lints", args=[desk.version.pk]))
    places = {row["lint"].code: row["place"] for row in page.context["rows"]}
    assert places["unreachable-step"] == "Young › Late call"
    assert "Young › Late call" in page.content.decode()


def test_a_wrong_value_is_told_beside_its_line_and_nothing_is_saved(desk):
    answer = desk.segment(**{"c-0-fact": "dpd", "c-0-op": "at_least", "c-0-value": "soon"})
    assert answer.status_code == 422
    (row,) = answer.context["panel"].builders[0].rows
    assert (row.value, len(row.errors)) == ("soon", 1)
    assert desk.document == DOCUMENT
    assert not DraftEdit.objects.exists()


def test_a_line_without_its_value_waits_and_is_never_left_out(desk):
    fields = {"c-0-fact": "dpd", "c-0-op": "at_most", "c-0-value": "30", "c-1-fact": "balance"}
    answer = desk.segment(act="shape", **fields)
    assert answer.status_code == 422
    assert [row.fact for row in answer.context["panel"].builders[0].rows] == ["dpd", "balance"]
    assert desk.document == DOCUMENT


def test_what_is_written_and_is_no_condition_is_refused_where_it_stands(desk):
    answer = desk.segment(**{"c-raw": '{"all": "everybody"}'})
    assert len(answer.context["panel"].builders[0].errors) == 1
    assert desk.segment(**{"c-raw": "{"}).status_code == 422
    assert desk.document == DOCUMENT


def test_a_step_is_added_moved_copied_removed_and_brought_back(desk):
    TemplateFactory(code="hello")
    desk.act("add-step", "young/call")
    desk.act("up", "young/sms-7")
    desk.act("duplicate", "young/sms-7")
    assert [step["key"] for step in desk.document["segment"][0]["step"]] == ["sms-7", "sms-7-2", "call"]
    desk.act("remove", "young/sms-7")
    desk.act("undo")
    assert [step["key"] for step in desk.document["segment"][0]["step"]] == ["sms-7", "sms-7-2", "call"]
    desk.act("undo")
    desk.act("redo")
    assert [step["key"] for step in desk.document["segment"][0]["step"]] == ["sms-7", "sms-7-2", "call"]


def test_a_step_waits_for_another_and_for_an_event(desk):
    TemplateFactory(code="hello")
    base = {"key": "call", "kind": "call", "from_dpd": "0", "severity": "1", "catch_up": "send_late",
            "catch_up_days": "2", "after_days": "3", "within_days": "7", "after_outcome": "not_reached",
            "c-mode": "all"}  # fmt: skip
    desk.act("save", "young/call", **base, trigger="event", event="promise_broken", setting_call_about="the promise")
    (step,) = desk.document["segment"][0]["step"]
    assert (step["on"], step["settings"]) == (
        {"event": "promise_broken", "days": 3, "within": 7},
        {"about": "the promise"},
    )
    desk.act("add-step", "young/call")
    answer = desk.act("save", "young/call", **base, trigger="after", after_key="sms-3")
    assert answer.status_code == 302
    assert desk.document["segment"][0]["step"][0]["after"]["outcome"] == "not_reached"


def test_whoever_looked_at_another_draft_overwrites_nothing_and_keeps_what_he_typed(desk):
    seen = drafting.token_of(desk.document)
    desk.segment(name="Very young", **{"c-raw": "{}"})
    answer = desk.segment(name="Old", was=seen, **{"c-raw": "{}"})
    assert answer.status_code == 422
    assert "Somebody else has changed this draft" in answer.content.decode()
    assert answer.context["panel"].form["name"].value() == "Old"
    assert desk.document["segment"][0]["name"] == "Very young"


def test_who_may_only_read_changes_nothing(desk):
    reader = Client()
    reader.force_login(UserFactory(compliance=True))
    page = reader.get(reverse("contacts:strategy-edit", args=[desk.version.pk]))
    assert (page.status_code, 'id="node-form"' in page.content.decode()) == (200, False)
    answer = reader.post(reverse("contacts:strategy-change", args=[desk.version.pk]), {"act": "remove", "node": "rest"})
    assert answer.status_code == 403
    assert desk.document == DOCUMENT


def test_a_file_goes_out_and_comes_back_the_same_and_a_bad_one_names_every_path(desk):
    text = desk.client.get(reverse("contacts:strategy-export", args=[desk.version.pk])).content.decode()
    load = reverse("contacts:strategy-import")
    answer = desk.client.post(load, {"text": text, "creditors": [desk.version.creditors.get().pk]})
    made = StrategyVersion.objects.order_by("-pk").first()
    assert answer.url.endswith(f"/versions/{made.pk}/edit/")
    assert drafting.document_of(made) == DOCUMENT
    bad = json.loads(text)
    bad["segment"][0]["step"][0] |= {"catch_up": "never", "from_dpd": -1}
    answer = desk.client.post(load, {"text": json.dumps(bad)})
    found = [(path, place) for path, place, _message in answer.context["problems"]]
    assert found == [
        ("segment[0].step[0].from_dpd", "Young › call"),
        ("segment[0].step[0].catch_up", "Young › call"),
    ]
    answer = desk.client.post(load, {"text": text[:-20]})
    ((path, place, message),) = answer.context["problems"]
    assert (path, place) == ("text.json", "")
    assert message.startswith("this is no JSON: line ")


def test_a_file_without_creditors_is_for_those_of_the_version_before(desk):
    text = desk.client.get(reverse("contacts:strategy-export", args=[desk.version.pk])).content.decode()
    desk.client.post(reverse("contacts:strategy-import"), {"text": text})
    made = StrategyVersion.objects.order_by("-pk").first()
    assert (made.version, list(made.creditors.all())) == (2, list(desk.version.creditors.all()))


def test_the_next_version_is_a_copy_and_a_code_is_taken_once(desk):
    new = reverse("contacts:strategy-new")
    bank = desk.version.creditors.get().pk
    desk.client.post(new, {"begin": f"copy:{desk.version.pk}", "creditors": [bank]})
    made = StrategyVersion.objects.order_by("-pk").first()
    assert (made.version, made.based_on_id, drafting.document_of(made)) == (2, desk.version.pk, DOCUMENT)
    page = desk.client.get(new, {"copy": desk.version.pk})
    assert page.context["next"] == (desk.version.strategy, 3)
    assert 'name="code" value=""' in page.content.decode()
    assert desk.client.get(new, {"copy": "1' or 1"}).context["next"] is None
    answer = desk.client.post(new, {"begin": "blank", "name": "Cards", "creditors": [bank]})
    assert "cards" in str(answer.context["form"].errors["code"])


def test_numbers_are_those_of_the_first_segment_that_takes_a_case_and_of_the_next_day(draft, at):
    bank = draft.creditors.get()
    for days in (3, 20, 59, 90):
        CaseFactory(creditor=bank, at=at, dpd=days)
    CaseFactory(creditor=bank, at=at, cured=True)
    counted = counts.of_version(draft, at=at)
    assert counted.segments == {"young": 2, "rest": 2}
    # On the next day at the creditor's the first has 4 days past due, the third 60.
    assert counted.steps == {("young", "call"): 2, ("rest", "look"): 2}
    assert (counted.total, counted.nobody, counted.is_estimate) == (4, 0, False)
    sampled = counts.of_version(draft, at=at, most=2)
    assert (sampled.total, sampled.is_estimate or sampled.counted == 4) == (4, True)
    assert not draft.enrolments.exists()


def test_two_versions_are_compared_by_their_sentences(desk, admin, at):
    twin = drafting.begin(definition.parse(DOCUMENT), creditors=[], actor=Actor.of(admin), at=at, based_on=desk.version)
    page = desk.client.get(reverse("contacts:strategy-compare", args=[twin.pk]))
    assert page.context["comparison"].is_same
    other = Desk(desk.client, twin)
    other.act("duplicate", "young/call")
    other.act("remove", "rest/look")
    comparison = desk.client.get(reverse("contacts:strategy-compare", args=[twin.pk])).context["comparison"]
    assert comparison.numbers == {"added": 1, "removed": 1, "changed": 0, "moved": 0}


def focus_of(answer) -> str:
    return json.loads(answer["HX-Trigger"])["focusdesigner"]["on"]


def by_script(desk, act, **fields):
    data = {"act": act, "node": "young", "was": drafting.token_of(desk.document), "name": "Young", "key": "young",
            "re_entry": "always", "c-mode": "all", **fields}  # fmt: skip
    return desk.client.post(
        reverse("contacts:strategy-change", args=[desk.version.pk]), data, headers={"HX-Request": "true"}
    )


def test_whoever_adds_a_line_goes_on_in_it(desk):
    line = {"c-0-fact": "dpd", "c-0-op": "at_most", "c-0-value": "30"}
    assert focus_of(by_script(desk, "add:c", **line)) == "c-1-fact"
    assert focus_of(by_script(desk, "add:z", **line)) == "z-0-fact"
    assert focus_of(by_script(desk, "group:c", **line)) == "c-1-0-fact"
    group = {"c-0-mode": "any", "c-0-0-fact": "held", "c-0-0-op": "is", "c-0-0-value": "yes"}
    assert focus_of(by_script(desk, "add:c-0", **group)) == "c-0-1-fact"
    assert "focusdesigner" not in by_script(desk, "drop:c-0", **line).headers.get("HX-Trigger", "")


def test_words_are_no_number_when_a_line_gets_another_fact(desk):
    answer = by_script(desk, "shape", **{"c-0-fact": "balance", "c-0-op": "at_least", "c-0-value": "M1"})
    (row,) = answer.context["panel"].builders[0].rows
    assert (row.value, row.unit) == ("", "money, in the currency of the case")
    answer = by_script(desk, "shape", **{"c-0-fact": "balance", "c-0-op": "at_most", "c-0-value": "500.00"})
    assert answer.context["panel"].builders[0].rows[0].value == "500.00"


def test_a_step_that_follows_an_event_is_not_held_back_by_its_day_of_before(desk):
    base = {"key": "call", "kind": "call", "severity": "1", "catch_up": "send_late", "catch_up_days": "2",
            "after_days": "0", "within_days": "7", "c-mode": "all", "event": "promise_broken"}  # fmt: skip
    desk.act("save", "young/call", **base, trigger="event", from_dpd="4")
    assert "from_dpd" not in desk.document["segment"][0]["step"][0]
    desk.act("save", "young/call", **base, trigger="event", from_dpd="6")  # said of the event: it counts
    assert desk.document["segment"][0]["step"][0]["from_dpd"] == 6


def test_templates_lie_under_their_channels_and_the_step_above_is_the_first_to_wait_for(desk):
    TemplateFactory(code="hello", name="Hello")
    desk.act("add-step", "young/call")
    desk.act("add-step", "young/sms-7")
    page = desk.client.get(reverse("contacts:strategy-edit", args=[desk.version.pk]), {"node": "young/sms-10"})
    form = page.context["panel"].form
    assert [key for key, _words in form.fields["after_key"].choices] == ["sms-7", "call"]
    assert form.fields["template"].choices == [("text message", [("hello", "Hello")])]


# -- named conditions and sets, names in other languages, keys ---------------------------------------------------------

STRATEGY = {"name": "Cards"}
GOOD = {"n0-name": "good", "n0-was": "", "n0-called": "", "n0-0-fact": "dpd", "n0-0-op": "at_most", "n0-0-value": "30"}


def test_a_named_condition_is_built_of_lines_and_its_new_name_is_followed_everywhere(desk):
    assert desk.act("save", "", **STRATEGY, **GOOD).status_code == 302
    assert desk.document["named"] == {"good": {"fact": "dpd", "op": "at_most", "value": 30}}
    desk.segment(**{"c-0-fact": "named:good"})
    assert desk.document["segment"][0]["condition"] == {"named": "good"}
    twin = {"n1-name": "twin", "n1-was": "", "n1-0-fact": "named:good"}
    desk.act("save", "", **STRATEGY, **GOOD | {"n0-was": "good"}, **twin)
    renamed = GOOD | {"n0-name": "early", "n0-was": "good", "n0-called": "Early ones"}
    desk.act("save", "", **STRATEGY, **renamed, **twin | {"n1-was": "twin"})
    document = desk.document
    assert set(document["named"]) == {"early", "twin"}
    assert document["named"]["twin"] == document["segment"][0]["condition"] == {"named": "early"}
    assert document["translations"] == {"en": {"named": {"early": "Early ones"}}}
    page = desk.client.get(reverse("contacts:strategy-edit", args=[desk.version.pk]), {"node": "young"})
    assert page.context["sentence"] == "Young: “Early ones”"


def test_a_set_is_a_row_of_values_and_one_without_values_waits(desk):
    row = {"s-0-name": "south", "s-0-was": "", "s-0-values": "CN-GD，CN-GX、CN-HI"}
    assert desk.act("save", "", **STRATEGY, **row).status_code == 302
    assert desk.document["sets"] == {"south": ["CN-GD", "CN-GX", "CN-HI"]}
    added = desk.act("add:sets", "", **STRATEGY, **row | {"s-0-was": "south"})
    assert [(each.name, each.is_incomplete) for each in added.context["panel"].words.sets] == [
        ("south", False),
        ("set-1", True),
    ]
    empty = desk.act("save", "", **STRATEGY, **row | {"s-0-was": "south"}, **{"s-1-name": "set-1", "s-1-values": ""})
    assert empty.context["panel"].words.sets[1].errors == ["a list of 1 to 5000 words is needed"]
    twice = desk.act("save", "", **STRATEGY, **row, **{"s-1-name": "south", "s-1-values": "CN"})
    assert twice.context["panel"].words.sets[1].errors == ["“south” is there twice"]
    assert desk.document["sets"] == {"south": ["CN-GD", "CN-GX", "CN-HI"]}
    desk.act("drop:s-0", "", **STRATEGY, **row | {"s-0-was": "south"})
    assert "sets" not in desk.document


def test_a_condition_that_is_still_used_is_not_taken_away(desk):
    desk.act("save", "", **STRATEGY, **GOOD)
    desk.segment(**{"c-0-fact": "named:good"})
    refused = desk.act("drop:n0", "", **STRATEGY, **GOOD | {"n0-was": "good"})
    assert refused.status_code == 422
    assert "segment[0].condition" in refused.content.decode()
    assert list(desk.document["named"]) == ["good"]


def test_without_a_script_a_new_line_is_on_the_page_that_answers(desk):
    page = desk.act("add:named", "", **STRATEGY)
    assert page.status_code == 200
    assert 'name="n0-name"' in page.content.decode()
    line = desk.act("add:c", "young", name="Young", key="young", re_entry="always", dwell_days="0",
                    **{"c-0-fact": "dpd", "c-0-op": "at_most", "c-0-value": "30"})  # fmt: skip
    assert 'name="c-1-fact"' in line.content.decode()


def test_names_in_other_languages_are_kept_and_shown_to_whoever_reads_them(desk, admin):
    said = {"name_zh_hans": "信用卡", "reasoning_zh_hans": "多数人只是忘了。"}
    desk.act("save", "", **STRATEGY, **said)
    desk.segment(name_zh_hans="前期", **{"c-raw": "{}"})
    assert desk.document["translations"] == {"zh-hans": {"name": "信用卡", "reasoning": "多数人只是忘了。"}}
    assert desk.document["segment"][0]["translations"] == {"zh-hans": {"name": "前期"}}
    url = reverse("contacts:strategy-edit", args=[desk.version.pk])
    assert [row["label"] for row in desk.client.get(url).context["tree"]][:2] == ["Cards", "Young"]
    desk.client.cookies["django_language"] = "zh-hans"
    assert [row["label"] for row in desk.client.get(url).context["tree"]][:2] == ["信用卡", "前期"]
    desk.client.cookies["django_language"] = "en"
    desk.act("save", "", **STRATEGY, name_zh_hans="", reasoning_zh_hans="")
    assert "translations" not in desk.document


def test_the_key_of_a_new_step_follows_its_kind_and_day_until_somebody_has_typed_one(desk, at):
    TemplateFactory(code="hello")
    desk.act("add-step", "young/call")
    base = {"severity": "1", "catch_up": "send_late", "catch_up_days": "2", "after_days": "0", "within_days": "7",
            "trigger": "dpd", "c-mode": "all"}  # fmt: skip
    desk.act("save", "young/sms-7", **base, key="sms-7", kind="call", from_dpd="9")
    assert [step["key"] for step in desk.document["segment"][0]["step"]] == ["call", "call-9"]
    desk.act("save", "young/call-9", **base, key="mine", kind="call", from_dpd="9")
    desk.act("save", "young/mine", **base, key="mine", kind="visit", from_dpd="12")
    assert [step["key"] for step in desk.document["segment"][0]["step"]] == ["call", "mine"]


def test_the_key_of_a_step_that_stands_in_another_version_stays(desk, admin, at):
    TemplateFactory(code="hello")
    desk.act("add-step", "young/call")
    copied = drafting.begin(
        definition.parse(desk.document), creditors=[], actor=Actor.of(admin), at=at, based_on=desk.version
    )
    second = Desk(desk.client, copied)
    base = {"severity": "1", "catch_up": "send_late", "catch_up_days": "2", "after_days": "0", "within_days": "7",
            "trigger": "dpd", "c-mode": "all"}  # fmt: skip
    second.act("save", "young/sms-7", **base, key="sms-7", kind="call", from_dpd="9")
    assert [step["key"] for step in second.document["segment"][0]["step"]] == ["call", "sms-7"]
