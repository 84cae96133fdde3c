"""A model of chances: measured by formulas that are checked by hand, learned honestly, read without running code."""

import json
from pathlib import Path

import numpy as np
import pytest

from cases.management.commands.train_priority import lines_of
from cases.priority.model import evaluation, features, training, uci
from cases.priority.model.features import Histories


def histories(number=3_000, seed=1):
    """Return made-up accounts of which those that were late often come right seldom, and the labels."""
    dice = np.random.default_rng(seed)
    late = dice.integers(0, 4, size=(number, features.MONTHS)).astype(float)
    late[:, -1] = dice.integers(1, 5, size=number)
    balance = dice.uniform(100, 9_000, size=(number, features.MONTHS))
    paid = balance * dice.uniform(0, 0.4, size=(number, features.MONTHS))
    limit = np.full(number, 10_000.0)
    chance = 1 / (1 + np.exp(1.1 * (late[:, -1] - 2) + 2.5 * (balance[:, -1] / 10_000 - 0.5)))
    found = Histories(late, balance, paid, limit, (paid < balance).astype(float))
    return found, dice.uniform(size=number) < chance


def test_the_area_counts_pairs_and_ties_by_half():
    happened = np.array([True, False, True, False, True])
    said = np.array([0.9, 0.9, 0.4, 0.1, 0.2])
    # Of six pairs: 0.9/0.9 ties, 0.9/0.1 wins, 0.4/0.9 loses, 0.4/0.1 wins, 0.2/0.9 loses, 0.2/0.1 wins.
    assert evaluation.auc(happened, said) == pytest.approx(3.5 / 6)


def test_the_area_is_the_one_of_the_library():
    from sklearn.metrics import roc_auc_score

    dice = np.random.default_rng(7)
    happened, said = dice.uniform(size=800) < 0.3, np.round(dice.uniform(size=800), 2)
    assert evaluation.auc(happened, said) == pytest.approx(roc_auc_score(happened, said), abs=1e-12)


def test_the_interval_holds_the_area_of_the_whole_in_most_samples():
    dice = np.random.default_rng(3)
    happened = dice.uniform(size=60_000) < 0.3
    said = dice.normal(size=60_000) + 1.2 * happened
    truth, held = evaluation.auc(happened, said), 0
    for part in np.array_split(np.arange(60_000), 100):
        low, high = evaluation.auc_interval(happened[part], said[part])
        held += low <= truth <= high
    assert 90 <= held <= 99


def test_calibration_says_where_said_and_happened_part():
    dice = np.random.default_rng(5)
    said = dice.uniform(0.05, 0.6, size=20_000)
    happened = dice.uniform(size=20_000) < said
    honest = evaluation.measures(happened, said)
    boastful = evaluation.measures(happened, np.minimum(1.0, said * 1.5))
    assert honest["calibration_error"] < 0.02 < 0.1 < boastful["calibration_error"]
    assert honest["auc"] == boastful["auc"]  # the ranking alone would not have shown it
    assert [each["rows"] for each in honest["calibration"]] == [2_000] * 10


def test_a_group_for_which_the_model_is_wrong_is_seen_and_a_small_one_is_not_judged():
    dice = np.random.default_rng(9)
    groups = np.array(["a"] * 5_000 + ["b"] * 5_000 + ["c"] * 50)
    truth = np.where(groups == "b", 0.5, 0.2)
    happened = dice.uniform(size=len(groups)) < truth
    said = np.full(len(groups), 0.2) + dice.normal(0, 0.01, size=len(groups))
    rows = {row["group"]: row for row in evaluation.fairness(happened, said, {"place": groups})}
    assert abs(rows["a"]["happened"] - rows["a"]["said"]) < 0.02
    assert rows["b"]["happened"] - rows["b"]["said"] > 0.25
    assert (rows["c"]["rows"], rows["c"]["said"]) == (50, None)


def test_it_learns_what_is_there_and_nothing_where_there_is_nothing():
    found, happened = histories()
    learn, test = np.arange(2_000), np.arange(2_000, 3_000)
    model = training.fit(found[learn], happened[learn])
    assert evaluation.auc(happened[test], model.chances(found[test])) > 0.7
    shuffled = np.random.default_rng(2).permutation(happened)
    blind = training.fit(found[learn], shuffled[learn])
    low, high = evaluation.auc_interval(shuffled[test], blind.chances(found[test]))
    assert low < 0.5 < high


def test_the_stored_numbers_say_what_was_fitted_and_every_chance_is_a_sum():
    found, happened = histories(1_200)
    model = training.fit(found, happened)
    document = json.loads(json.dumps(model.document))
    said = training.chances(document, found)
    assert said == pytest.approx(model.chances(found))
    points = training.points_of(document, found)
    total = document["intercept"] + sum(points.values())
    assert said == pytest.approx(1 / (1 + np.exp(-total)))
    assert training.fit(found, happened).content_hash == model.content_hash  # the same rows, the same model


def test_the_model_never_sees_who_a_person_is():
    found, _ = histories(600)
    names = set(features.columns(found))
    assert not any(word in name for name in names for word in ("sex", "age", "marr", "school", "language", "place"))


@pytest.mark.parametrize("rows", [100, 499])
def test_too_short_a_history_is_refused(rows):
    found, happened = histories(rows)
    with pytest.raises(training.NotEnough, match="at least 500 rows"):
        training.fit(found, happened)


def uci_file(folder: Path, *, change=lambda row: row, rows=1_500):
    dice = np.random.default_rng(4)
    lines = [",".join(uci.NEEDED)]
    for number in range(rows):
        status = dice.integers(-2, 4, size=6)
        chance = 1 / (1 + np.exp(2 - status[5]))
        billed, paid = dice.integers(0, 40_000, size=6), dice.integers(0, 4_000, size=6)
        person = [50_000, 1 + number % 2, 1 + number % 3, 1, 20 + number % 40]
        row = [number, *person, *status, *billed, *paid, int(dice.uniform() < chance)]
        lines.append(",".join(map(str, change(row))))
    path = folder / "clients.csv"
    path.write_text("\n".join(lines))
    return path


def test_the_public_data_set_is_split_honestly_and_told_beside_published_figures(tmp_path):
    report = uci.assess(uci_file(tmp_path))
    assert (report["rows"], report["trained_on"], report["measured_on"]) == (1_500, 1_200, 300)
    assert report["ours"]["auc"] > 0.65
    assert {each["auc"] for each in report["published"]} == {0.764, 0.717, 0.773, 0.7801}
    assert {row["attribute"] for row in report["fairness"]} == {"sex", "age", "schooling"}
    assert lines_of(report)[0].startswith("  this model")


def test_a_bad_file_names_line_and_column(tmp_path):
    with pytest.raises(uci.BadFile, match=r"clients.csv, line 2, column LIMIT_BAL: 'much' is no number"):
        uci.read(uci_file(tmp_path, change=lambda row: [row[0], "much", *row[2:]], rows=3))
    (tmp_path / "other.csv").write_text("ID,AGE\n1,20\n")
    with pytest.raises(uci.BadFile, match="the columns LIMIT_BAL, SEX, EDUCATION"):
        uci.read(tmp_path / "other.csv")
