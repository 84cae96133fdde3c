"""Keys of one's own: no two are the same, none belongs to the browser, none saves by a single letter; reset at once."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse

from collections_app.staff import keys

TEMPLATES = sorted((Path(settings.BASE_DIR) / "templates").rglob("*.html"))
TAGS = re.compile(r"<(?P<tag>\w+)[^>]*?data-key=\"(?P<key>[^\"]+)\"[^>]*>")


def test_every_key_of_every_page_can_be_changed():
    listed = keys.given()
    written = {
        match["key"]
        for path in TEMPLATES
        for match in TAGS.finditer(path.read_text(encoding="utf-8"))
        if "{" not in match["key"] and "Alt" not in match["key"] and match["key"] != "Del"
    }
    assert written <= set(listed)
    assert {"mod+k", "?", "j", "k", "1", "9", "mod+enter", "mod+shift+h"} <= set(listed)
    assert all(listed.values())


def test_what_a_key_does_is_said_in_the_language_of_the_reader():
    from django.utils.translation import override

    with override("zh-hans"):
        assert "搜索" in keys.given()["/"]
    assert "Search" in keys.given()["/"]


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("$", "-"),
        ("$", "ö"),
        ("$", "Ł".lower()),
        ("$", "mod+b"),
        ("$", "mod+shift+u"),
        ("mod+enter", "mod+b"),
        ("?", "ß"),
    ],
)
def test_a_free_key_may_be_chosen(given, value):
    assert keys.wrong({given: value}) == {}


@pytest.mark.parametrize(
    ("given", "value", "because"),
    [
        ("$", "/", "/ is taken already"), ("$", "j", "j is taken already"), ("$", "mod+k", "Ctrl+k is taken already"),
        ("$", "mod+t", "belongs to the browser"), ("$", "mod+w", "belongs to the browser"),
        ("$", "mod+shift+t", "belongs to the browser"), ("$", "mod+c", "belongs to the browser"),
        ("mod+enter", ";", "stays with Ctrl"), ("mod+k", ";", "stays with Ctrl"),
        ("$", "ab", "One letter"), ("$", " ", "One letter"), ("$", "alt+a", "One letter"),
        ("$", "mod+", "Ctrl, perhaps"), ("$", "mod+alt+a", "Ctrl, perhaps"), ("$", "\u0301", "One letter"),
    ],
)  # fmt: skip
def test_a_key_that_is_taken_reserved_or_dangerous_is_refused_with_the_reason(given, value, because):
    assert because in keys.wrong({given: value})[given]


def test_two_keys_may_change_places():
    assert keys.wrong({"p": "x", "x": "p"}) == {}
    assert set(keys.wrong({"p": "x"})) == {"p"}
    assert set(keys.wrong({"p": ";", "x": ";"})) == {"p", "x"}


def test_no_single_key_does_what_cannot_be_taken_back():
    """A button that stops or removes asks first, has no key, or can be undone; a summary only opens the question."""
    undone = {
        "designer_acts.html": "a step of a draft; undo brings it back",
        "quick_acts.html": "a stop or a hold; a withdrawal takes it back",
        "script_gaps.html": "an answer; what was saved with it can be taken back for seconds",
    }
    found = {
        path.name
        for path in TEMPLATES
        for match in TAGS.finditer(path.read_text(encoding="utf-8"))
        if match["tag"] == "button" and "btn-stop" in match[0] and "+" not in match["key"]
    }
    assert found <= set(undone)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Ctrl+Enter", "mod+enter"),
        ("⌘+b", "mod+b"),
        ("cmd+shift+H", "mod+shift+h"),
        (" X ", "x"),
        ("ｘ", "x"),
        ("+", "+"),
    ],
)
def test_keys_are_read_as_people_write_them(typed, name):
    assert keys.read(typed) == name


@pytest.mark.parametrize("stored", [None, [], "x", {"p": 1}, {"p": ""}, {"p": "p"}])
def test_what_is_stored_otherwise_is_left_out(collector, stored):
    collector.keys = stored
    assert keys.own(collector) == {}


def test_the_page_keeps_refuses_and_resets(client, collector):
    client.force_login(collector)
    page = reverse("keys")
    assert client.post(page, {"key-$": "-"}).status_code == 302
    collector.refresh_from_db()
    assert collector.keys == {"$": "-"}
    assert "data-keys='{&quot;$&quot;: &quot;-&quot;}'" in client.get(page).content.decode()
    refused = client.post(page, {"key-$": "j", "key-p": ";"})
    assert refused.status_code == 422
    assert "j is taken already" in refused.content.decode()
    collector.refresh_from_db()
    assert collector.keys == {"$": "-"}
    client.post(page, {"reset": "1"})
    collector.refresh_from_db()
    assert collector.keys == {}
    assert "data-keys" not in client.get(page).content.decode().partition("<main")[0]


def test_the_keys_of_one_are_not_those_of_another(client, collector, supervisor):
    keys.change(user=collector, chosen={"$": "-"})
    client.force_login(supervisor)
    assert "data-keys=" not in client.get(reverse("keys")).content.decode()
