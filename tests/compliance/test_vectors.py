"""The engine decides the proposed contacts of the vector files as expected."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from compliance import vectors

FOLDER = Path(__file__).parent / "vectors"
INSTALLED = {
    "au": 4,
    "ca": 6,
    "gr": 2,
    "cn": 49,
    "gb": 4,
    "us": 47,
    "in": 12,
    "jp_kr": 16,
    "sea": 14,
    "tw_hk": 12,
}  # vectors whose packs are all here


def _vectors(name: str) -> list[vectors.Vector]:
    lines = (FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [vectors.parse(json.loads(line)) for line in lines]


@pytest.mark.parametrize("name", sorted(INSTALLED))
def test_every_vector_of_an_installed_pack_agrees(name: str) -> None:
    installed = [vector for vector in _vectors(name) if not vectors.missing_packs(vector)]
    assert [vector.id for vector in installed if not vectors.check(vector).agrees] == []
    assert len(installed) == INSTALLED[name]


def test_a_vector_with_the_wrong_expectation_disagrees() -> None:
    raw = json.loads((FOLDER / "cn.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert vectors.check(vectors.parse(raw)).agrees
    for change in ({"expected": "permit"}, {"rule": "CN-FREQ-ATT"}, {"next_permitted": "2026-03-11T08:00:01+08:00"}):
        assert not vectors.check(vectors.parse(raw | change)).agrees
    assert not vectors.check(vectors.parse(raw | {"advisory": "CN-FREQ-REAS"})).agrees


def test_the_next_permitted_time_is_compared_as_an_instant() -> None:
    raw = json.loads((FOLDER / "cn.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert vectors.check(vectors.parse(raw | {"next_permitted": "2026-03-11T00:00:00+00:00"})).agrees


def test_the_command_reports_one_object_and_packs_that_are_not_installed_apart() -> None:
    out = StringIO()
    call_command("check_vectors", str(FOLDER / "us.jsonl"), "--json", stdout=out)
    report = json.loads(out.getvalue())
    assert (report["total"], report["agree"], report["disagree"]) == (47, INSTALLED["us"], [])
    assert len(report["not_installed"]) == 47 - INSTALLED["us"]


def test_the_command_leaves_with_1_on_a_disagreement_unless_the_text_settles_nothing(tmp_path: Path) -> None:
    raw = json.loads((FOLDER / "cn.jsonl").read_text(encoding="utf-8").splitlines()[0]) | {"expected": "permit"}
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(SystemExit) as left:
        call_command("check_vectors", str(wrong), "--json", stdout=StringIO())
    assert left.value.code == 1
    wrong.write_text(json.dumps(raw | {"ambiguous": True}), encoding="utf-8")
    out = StringIO()
    call_command("check_vectors", str(wrong), "--json", stdout=out)
    assert [item["id"] for item in json.loads(out.getvalue())["ambiguous"]] == ["CN-002"]


def test_a_file_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as left:
        call_command("check_vectors", str(tmp_path / "none.jsonl"))
    assert left.value.returncode == 2


def test_an_unknown_field_is_never_read_over() -> None:
    raw = json.loads((FOLDER / "cn.jsonl").read_text(encoding="utf-8").splitlines()[0])
    raw["query"]["mood"] = "friendly"
    with pytest.raises(vectors.VectorError, match="mood"):
        vectors.parse(raw)
