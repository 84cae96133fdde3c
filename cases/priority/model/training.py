"""Fitting a model: logistic regression over cut features, beside gradient boosting to see what readability costs."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cases.priority.model import evaluation, features
from cases.priority.model.features import Array, Histories

LEAST_ROWS: Final = 500
LEAST_OF_EACH: Final = 50
SEED: Final = 20_260_101
STRENGTHS: Final = (0.01, 0.03, 0.1, 0.3)  # inverse of the regularisation, tried by cross-validation
FOLDS: Final = 5
SOLVER: Final = "newton-cholesky"  # exact and quick where rows are many and columns few


class NotEnough(ValueError):
    """The history is too short or too one-sided to learn from. The text says what is missing."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A fitted model as a document of numbers, ready to store."""

    document: dict[str, Any]

    @property
    def content_hash(self) -> str:
        """SHA-256 of the document."""
        return hashlib.sha256(json.dumps(self.document, sort_keys=True).encode()).hexdigest()

    def chances(self, found: Histories) -> Array:
        """Return the chance of each account."""
        return chances(self.document, found)


def fit(found: Histories, happened: NDArray[np.bool_]) -> Trained:
    """Fit the model; its regularisation is chosen by cross-validation on these rows alone. Raises NotEnough."""
    check(found, happened)
    with _one_thread():
        return _fit(found, happened)


def _one_thread() -> Any:
    """Return a block in which the libraries use one thread: the work is small, and threads that wait for each other
    are slow where the machine is busy.
    """
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1)


def _fit(found: Histories, happened: NDArray[np.bool_]) -> Trained:
    from sklearn.linear_model import LogisticRegression

    strength = _strength(found, happened)
    cuts = {name: features.cuts_of(column) for name, column in features.columns(found).items()}
    cuts = {name: borders for name, borders in cuts.items() if borders}
    fitted = LogisticRegression(C=strength, solver=SOLVER, max_iter=200).fit(features.design(found, cuts), happened)
    weights: dict[str, list[float]] = {name: [0.0] for name in cuts}
    for name, weight in zip(features.names_of(cuts), fitted.coef_[0], strict=True):
        weights[name].append(round(float(weight), 6))
    return Trained(
        {
            "kind": "logistic-regression",
            "months": features.MONTHS,
            "strength": strength,
            "intercept": round(float(fitted.intercept_[0]), 6),
            "base_rate": round(float(happened.mean()), 6),
            "features": [{"name": name, "cuts": borders, "weights": weights[name]} for name, borders in cuts.items()],
        }
    )


def check(found: Histories, happened: NDArray[np.bool_]) -> None:
    """Refuse too few rows. Raises NotEnough."""
    if len(found) < LEAST_ROWS or min(happened.sum(), (~happened).sum()) < LEAST_OF_EACH:
        raise NotEnough(
            f"{len(found)} rows with {int(happened.sum())} where it happened: at least {LEAST_ROWS} rows and "
            f"{LEAST_OF_EACH} of each kind are needed."
        )


def _strength(found: Histories, happened: NDArray[np.bool_]) -> float:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(found.limit, happened))
    tried = []
    for strength in STRENGTHS:
        areas = []
        for learn, test in folds:
            cuts = {name: features.cuts_of(column) for name, column in features.columns(found[learn]).items()}
            cuts = {name: borders for name, borders in cuts.items() if borders}
            model = LogisticRegression(C=strength, solver=SOLVER, max_iter=200)
            model.fit(features.design(found[learn], cuts), happened[learn])
            said = model.predict_proba(features.design(found[test], cuts))[:, 1]
            areas.append(evaluation.auc(happened[test], said))
        tried.append((float(np.mean(areas)), -strength))
    return -max(tried)[1]


def boosted(found: Histories, happened: NDArray[np.bool_], test: Histories) -> Array:
    """Return what gradient boosting says of the test rows: the yardstick beside the readable model, never stored."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=150, max_leaf_nodes=15, min_samples_leaf=40, l2_regularization=1.0,
        random_state=SEED,
    )  # fmt: skip
    with _one_thread():
        model.fit(_plain(found), happened)
        said: Array = model.predict_proba(_plain(test))[:, 1]
    return said


def _plain(found: Histories) -> Array:
    return np.column_stack([*features.columns(found).values(), found.late, found.balance, found.paid])


def chances(document: dict[str, Any], found: Histories) -> Array:
    """Return the chance of each account by a stored document; only numbers are read, no code is run."""
    total = np.full(len(found), float(document["intercept"]))
    for points in points_of(document, found).values():
        total += points
    chance: Array = 1.0 / (1.0 + np.exp(-total))
    return chance


def points_of(document: dict[str, Any], found: Histories) -> dict[str, Array]:
    """Return what each feature adds to the log-odds of each account, so that every chance can be explained."""
    values = features.columns(found)
    added = {}
    for feature in document["features"]:
        part = np.searchsorted(np.asarray(feature["cuts"]), values[feature["name"]], side="right")
        added[feature["name"]] = np.asarray(feature["weights"])[part]
    return added
