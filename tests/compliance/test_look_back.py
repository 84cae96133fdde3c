"""Every rule that looks at past contacts says over how long, or is known to need only what is never forgotten."""

import ast
from datetime import timedelta
from pathlib import Path

from compliance import look_back, packs_loader, predicates
from compliance.predicates.registry import PREDICATES
from compliance.releases.in_force import Edition

# Why a predicate that looks at past contacts is not measured: each needs only what `contacts.facts.sql` always finds.
WITHOUT_A_WINDOW = {
    "asked_once": "contacts with third persons are never forgotten",
    "bound_here": "a suit that was threatened is never forgotten",
    "confirms_stop_in_time": "minutes",
    "firm_caps": "the caps of the firm are measured where they are read",
    "furnishing_permitted": "about an action, whose contacts are not read here",
    "ground_is_known": "only whether the words are known",
    "guarantee_period_open": "without the call of long ago it refuses",
    "licence_not_ended": "whoever was not dialled within the window is not lost either, and that refuses",
    "limitation_open": "about an action",
    "lost_debtor": "what happened since he was last reached, and without it refuses; refusals are never forgotten",
    "malicious_overdraft": "about an action",
    "not_counted": "names what the counts left out",
    "not_soon_after": "one day, and it only warns",
    "notice_in_time": "warns",
    "notice_waited": "notices, and those that came back, are never forgotten",
    "often_today": "one day, and it only warns",
    "other_means_failed": "the last contacts at every address are read",
    "own_address_used": "the last inbound contact at every address is read",
    "party_allowed": "contacts with third persons are never forgotten",
    "purpose_is": "what may be said once is never forgotten",
    "right_person_unthreatened": "contacts with third persons are never forgotten",
    "single_reply": "the last inbound contact at every address is read",
    "third_person_may_refuse": "contacts with third persons are never forgotten",
    "third_person_not_pressed": "contacts with third persons are never forgotten",
    "tried_before": "warns",
    "unrelated_left_alone": "contacts with third persons are never forgotten",
    "visit_in_order": "without the visit of long ago it refuses",
    "within_months_of": "about an action",
    "work_contact_limited": "the last ten contacts at a place of work are read",
    "written_notice_waited": "notices, and those that came back, are never forgotten",
}


def _that_look_at_contacts() -> set[str]:
    """Return the predicates that read the past contacts, themselves or through what they call."""
    functions: dict[str, list[ast.FunctionDef]] = {}
    for path in sorted(Path(predicates.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                functions.setdefault(node.name, []).append(node)

    def mentions(name: str, wanted: set[str]) -> bool:
        nodes = [node for function in functions[name] for node in ast.walk(function)]
        return any(
            (isinstance(node, ast.Attribute) and node.attr == "contacts")
            or (isinstance(node, ast.Name) and node.id in wanted)
            for node in nodes
        )

    found: set[str] = set()
    while more := {name for name in functions if name not in found and mentions(name, found)}:
        found |= more
    return found & set(PREDICATES)


def test_every_rule_that_looks_back_is_accounted_for() -> None:
    looking = _that_look_at_contacts()
    assert {"count_limit", "single_reply", "lost_debtor"} <= looking
    unaccounted = looking - set(look_back.MEASURED_BY) - set(WITHOUT_A_WINDOW)
    assert not unaccounted, "name the parameter that measures it in compliance/look_back.py, or say here why none does"


def test_the_window_holds_every_count_of_every_pack() -> None:
    packs = packs_loader.all_packs()
    edition = Edition(packs, packs, {pack.id: pack for pack in packs})
    longest = look_back.of_edition(edition)
    assert timedelta(days=40) <= longest <= timedelta(days=120)
    spans = [
        int(window.partition(":")[2])
        for pack in packs
        for rule in pack.rules
        for version in rule.versions
        for window in version.params.get("windows", ())
        if window.startswith("dates:")
    ]
    assert longest > timedelta(days=max(spans))
