"""The stylesheet that pages load: a part of the vendored one, with every rule that a page can use."""

from collections_app.stylesheet import FOLDER, Words, needed, selectors

WHOLE = (FOLDER / "tabler.min.css").read_text()


def test_no_rule_that_a_page_can_use_is_missing():
    used = selectors((FOLDER / "tabler.used.css").read_text())
    missing = selectors(needed(WHOLE, Words.of_pages())) - used
    assert sorted(missing) == [], "write it anew: python -m collections_app.stylesheet"
    assert {".btn", ".form-control", ".card"} <= used
    assert used < selectors(WHOLE)


def test_a_class_that_a_page_begins_to_use_would_be_missed():
    used = selectors((FOLDER / "tabler.used.css").read_text())
    planted = Words(frozenset({"btn", "btn-ghost-facebook"}), ())
    assert ".btn-ghost-facebook" in selectors(needed(WHOLE, planted)) - used


def test_rules_are_taken_apart_and_put_together_as_they_were():
    text = (
        '@charset "UTF-8";:root{--a:1}.a,.b:not(.z),.c>.a{color:red}'
        '@media (min-width:9px){.c{x:url("}")}.a{y:0}}@keyframes k{to{z:0}}'
    )
    words = Words(frozenset({"a"}), ("b",))
    kept = ":root{--a:1}.a,.b:not(.z){color:red}@media (min-width:9px){.a{y:0}}@keyframes k{to{z:0}}"
    assert needed(text, words) == kept
