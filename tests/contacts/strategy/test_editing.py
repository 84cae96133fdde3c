"""Edits of a strategy as a document: what was there stays, and every key leads to what it led to."""

import copy

import pytest

from contacts.strategy import editing
from contacts.strategy.condition_lines import Group, Lines, condition_of, lines_of
from contacts.strategy.editing import Node

DOCUMENT = {
    "code": "cards",
    "name": "Cards",
    "segment": [
        {"key": "young", "name": "Young", "condition": {"fact": "dpd", "op": "at_most", "value": 30}, "step": [
            {"key": "sms", "kind": "message", "template": "reminder", "from_dpd": 1},
            {"key": "call", "kind": "call", "after": {"step": "sms", "days": 3}},
            {"key": "look", "kind": "review", "from_dpd": 30, "counts_as": ["sms", "old"]},
        ]},
        {"key": "rest", "name": "Rest", "condition": {}, "step": [{"key": "look", "kind": "review", "from_dpd": 30}]},
    ],
}  # fmt: skip
LEAF = {"fact": "dpd", "op": "at_least", "value": 3}
OTHER = {"fact": "held", "op": "is", "value": True}


@pytest.fixture(autouse=True)
def _the_document_that_is_edited_is_never_changed():
    before = copy.deepcopy(DOCUMENT)
    yield
    assert before == DOCUMENT


def keys(document, segment=None):
    tables = document["segment"] if segment is None else editing.get(document, Node(segment))["step"]
    return [table["key"] for table in tables]


def test_a_node_is_read_from_its_text_and_written_back():
    assert [str(Node.read(text)) for text in ("", "young", "young/sms")] == ["", "young", "young/sms"]
    assert [Node.read(text).kind for text in ("", "young", "young/sms")] == ["strategy", "segment", "step"]


def test_a_segment_that_says_no_key_is_called_by_its_place():
    document = {"segment": [{"key": "a"}, {"name": "B"}]}
    assert [segment["key"] for segment in editing.with_keys(document)["segment"]] == ["a", "s2"]


def test_the_nodes_are_those_of_the_tree_from_top_to_bottom():
    assert [str(node) for node in editing.nodes(DOCUMENT)] == [
        "", "young", "young/sms", "young/call", "young/look", "rest", "rest/look",
    ]  # fmt: skip


def test_a_path_of_an_error_leads_to_its_node_and_back():
    node, rest = editing.node_at(DOCUMENT, "segment[0].step[1].condition.all[0].op")
    assert (str(node), rest) == ("young/call", "condition.all[0].op")
    assert editing.path_of(DOCUMENT, node) == "segment[0].step[1]"
    assert editing.node_at(DOCUMENT, "segment[1].name") == (Node("rest"), "name")
    assert editing.node_at(DOCUMENT, "code") == (Node(), "code")


def test_a_change_sets_values_and_takes_out_none():
    edited, node = editing.change(DOCUMENT, Node("young", "sms"), {"from_dpd": 2, "template": None})
    assert editing.get(edited, node) == {"key": "sms", "kind": "message", "from_dpd": 2}


def test_a_renamed_step_is_followed_by_whatever_refers_to_it_in_its_segment():
    edited, node = editing.change(DOCUMENT, Node("young", "sms"), {"key": "sms-1"})
    assert str(node) == "young/sms-1"
    assert editing.get(edited, Node("young", "call"))["after"] == {"step": "sms-1", "days": 3}
    assert editing.get(edited, Node("young", "look"))["counts_as"] == ["sms-1", "old"]


def test_a_new_step_comes_below_the_chosen_one_under_a_free_key():
    edited, node = editing.add_step(DOCUMENT, Node("young", "sms"), {"kind": "call", "from_dpd": 5})
    assert (str(node), keys(edited, "young")) == ("young/call-2", ["sms", "call-2", "call", "look"])
    edited, node = editing.add_step(DOCUMENT, Node("young"), {"kind": "visit", "from_dpd": 60})
    assert keys(edited, "young") == ["sms", "call", "look", "visit"]


def test_a_strategy_itself_has_no_steps():
    with pytest.raises(editing.NotThere):
        editing.add_step(DOCUMENT, Node(), {"kind": "call"})


def test_a_new_segment_comes_above_the_one_that_takes_everybody():
    edited, node = editing.add_segment(DOCUMENT, {"name": "Hardship"})
    assert (str(node), keys(edited)) == ("hardship", ["young", "hardship", "rest"])
    edited, _node = editing.add_segment(edited, {"name": "Hardship"}, after=Node("young", "sms"))
    assert keys(edited) == ["young", "hardship-2", "hardship", "rest"]


def test_a_segment_below_one_that_takes_only_some_comes_last():
    without = editing.remove(DOCUMENT, Node("rest"))[0]
    assert keys(editing.add_segment(without, {"name": "大额"})[0]) == ["young", "segment"]


def test_a_removed_node_leaves_its_neighbour_or_its_parent():
    edited, node = editing.remove(DOCUMENT, Node("young", "look"))
    assert (str(node), keys(edited, "young")) == ("young/call", ["sms", "call"])
    assert str(editing.remove(DOCUMENT, Node("young"))[1]) == "rest"
    assert str(editing.remove(DOCUMENT, Node("rest", "look"))[1]) == "rest"
    with pytest.raises(editing.NotThere):
        editing.remove(DOCUMENT, Node())


def test_a_node_moves_among_its_like_and_stops_at_the_edge():
    edited, node = editing.move(DOCUMENT, Node("young", "look"), -1)
    assert keys(edited, "young") == ["sms", "look", "call"]
    assert keys(editing.move(edited, node, -9)[0], "young") == ["look", "sms", "call"]
    assert keys(editing.move(DOCUMENT, Node("rest"), 1)[0]) == ["young", "rest"]
    assert keys(editing.move(DOCUMENT, Node("rest"), -1)[0]) == ["rest", "young"]


def test_a_copy_stands_below_its_original_and_a_copied_path_keeps_its_keys():
    edited, node = editing.duplicate(DOCUMENT, Node("young"))
    assert (str(node), keys(edited)) == ("young-2", ["young", "young-2", "rest"])
    assert keys(edited, "young-2") == ["sms", "call", "look"]
    edited, node = editing.duplicate(DOCUMENT, Node("young", "sms"))
    assert (str(node), keys(edited, "young")) == ("young/sms-2", ["sms", "sms-2", "call", "look"])


def test_what_is_not_there_is_said():
    for node in (Node("nobody"), Node("young", "nothing")):
        with pytest.raises(editing.NotThere):
            editing.change(DOCUMENT, node, {"name": "x"})


@pytest.mark.parametrize(
    "condition",
    [
        {},
        LEAF,
        {"named": "good"},
        {"not": LEAF},
        {"all": [LEAF, OTHER]},
        {"any": [LEAF, {"named": "good"}]},
        {"not": {"any": [LEAF, OTHER]}},
        {"all": [LEAF, {"any": [LEAF, OTHER]}, {"not": OTHER}, {"not": {"any": [LEAF, OTHER]}}]},
    ],
)
def test_a_condition_one_level_deep_becomes_lines_and_is_the_same_again(condition):
    assert condition_of(lines_of(condition)) == condition


@pytest.mark.parametrize(
    "condition",
    [
        {"all": [{"any": [LEAF, {"all": [LEAF, OTHER]}]}]},
        {"not": {"all": [LEAF, OTHER]}},
        {"not": {"not": LEAF}},
        {"sometimes": [LEAF]},
        "always",
    ],
)
def test_a_deeper_condition_has_no_lines(condition):
    assert lines_of(condition) is None


def test_empty_groups_say_nothing():
    assert condition_of(Lines("all", (Group("any"), LEAF))) == LEAF
    assert condition_of(Lines("any", (Group("none"),))) == {}
