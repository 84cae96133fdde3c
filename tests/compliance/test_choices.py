"""Whom a pack binds is proved by examples of its scope, and a scope that nothing proves is found."""

from dataclasses import replace
from pathlib import Path

import pytest

from compliance import choices, gate, packs_loader
from compliance.facts import Facts
from compliance.packs_loader import Condition, PackError
from compliance.releases.in_force import Edition

CARDS = packs_loader.get("CN-CC-2011")
SAYS = """
[[binds]]
says = "Cards of banks"
products = ["credit_card"]
creditor_kinds = ["bank_cba_member", "bank", "unspecified"]

[[binds]]
says = "Loans are no cards"
bound = false
products = ["personal_loan"]
creditor_kinds = ["bank"]

[[binds]]
says = "Nor is a card of another creditor meant"
bound = false
products = ["credit_card"]
creditor_kinds = ["microloan_company"]
"""


def _said(folder: Path, text: str) -> Path:
    path = folder / CARDS.id
    path.mkdir(exist_ok=True)
    (path / choices.FILE).write_text(text, encoding="utf-8")
    return folder


def _survivors(folder: Path) -> list[str]:
    return [name for name, noticed in choices.proofs(CARDS, folder) if not noticed]


def test_every_clause_of_a_scope_is_proved_or_found(tmp_path: Path) -> None:
    whole = _said(tmp_path, SAYS)
    assert choices.failures(CARDS, whole) == []
    assert _survivors(whole) == []
    weak = _said(tmp_path, SAYS.replace('"bank_cba_member", ', "").replace("personal_loan", "credit_card", 1))
    assert _survivors(weak) == ["scope creditor_kind: without bank_cba_member", "scope product: left out"]
    assert choices.failures(CARDS, weak) == ["Loans are no cards: CN, credit_card, bank: bound"]


def test_a_place_of_the_pack_is_a_clause_of_its_scope(tmp_path: Path) -> None:
    two = replace(CARDS, jurisdictions=("CN", "HK"))
    assert [name for name, _ in choices.mutants(two) if "jurisdictions" in name] == [
        "jurisdictions: without CN",
        "jurisdictions: without HK",
    ]
    only_hk = dict(choices.mutants(two))["jurisdictions: without CN"]
    found = choices.choices(two, _said(tmp_path, SAYS))
    assert {choice.place for choice in found if not choice.holds(only_hk)} == {"CN"}


def test_a_draft_is_looked_at_as_if_it_were_switched_on(tmp_path: Path) -> None:
    assert choices.failures(replace(CARDS, enabled=False), _said(tmp_path, SAYS)) == []
    everybody = replace(CARDS, scope=(Condition("product", of_question=False, values=frozenset({"mortgage"})),))
    assert len(choices.failures(everybody, tmp_path)) == 3


@pytest.mark.parametrize(
    "wrong",
    ["[[bind]]", "[[binds]]", '[[binds]]\nsays = "x"\nbound = 1', '[[binds]]\nsays = "x"\nproducts = "card"', "[["],
)
def test_a_mistake_names_the_file(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(PackError, match=r"CN-CC-2011/scope\.toml"):
        choices.choices(CARDS, _said(tmp_path, wrong + "\n"))


def test_a_pack_without_a_scope_needs_none(tmp_path: Path) -> None:
    assert choices.choices(CARDS, tmp_path) == []
    assert list(choices.mutants(replace(CARDS, scope=()))) == []


@pytest.mark.parametrize("pack_id", packs_loader.installed())
def test_every_installed_pack_binds_whom_its_scope_says(pack_id: str) -> None:
    pack = packs_loader.get(pack_id)
    assert choices.failures(pack) == []
    assert [name for name, noticed in choices.proofs(pack) if not noticed] == []


DRAFTS = [pack_id for pack_id in packs_loader.installed() if not packs_loader.get(pack_id).enabled]


@pytest.mark.parametrize("pack_id", DRAFTS)
def test_a_draft_binds_nobody_until_the_firm_adopts_it(pack_id: str) -> None:
    draft = packs_loader.get(pack_id)
    alone = Edition((draft,), (), {draft.id: draft})
    facts = Facts(jurisdictions=draft.jurisdictions[:1])
    assert gate.choose_from(alone, facts) == ()
    assert gate.choose_from(alone, replace(facts, extra_packs=(draft.id,))) == (draft,)


def test_what_is_proposed_or_not_confirmed_is_a_draft() -> None:
    assert {"US-NYS", "IN-RBI-2026-DRAFT"} <= set(DRAFTS)
    for pack_id in packs_loader.installed():
        pack = packs_loader.get(pack_id)
        if any(rule.force == "draft" and rule.role != "definition" for rule in pack.rules):
            assert not pack.enabled, pack_id
