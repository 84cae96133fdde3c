"""How good a model is on rows it has not seen: ranking, calibration, and whether it is right for every group alike."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cases.priority.model.features import Array

BINS: Final = 10
FEW: Final = 100  # rows of a group below which nothing is said of it
TOP_SHARE: Final = 0.2  # the fifth of the list that is worked first


def auc(happened: NDArray[np.bool_], said: Array) -> float:
    """Return the area under the ROC curve: the chance that of two rows the one where it happened was ranked higher.

    The Mann-Whitney form, ties counting one half (Hanley and McNeil 1982, doi 10.1148/radiology.143.1.7063747).
    """
    order = np.argsort(said, kind="mergesort")
    ranked = np.empty(len(said))
    ranked[order] = np.arange(1, len(said) + 1)
    _, place, count = np.unique(said, return_inverse=True, return_counts=True)
    ranks = np.bincount(place, weights=ranked)[place] / count[place]
    positive = int(happened.sum())
    negative = len(said) - positive
    if not positive or not negative:
        raise ValueError("an area needs rows of both kinds")
    return float((ranks[happened].sum() - positive * (positive + 1) / 2) / (positive * negative))


def auc_interval(happened: NDArray[np.bool_], said: Array) -> tuple[float, float]:
    """Return the 95 % interval of the area (DeLong, DeLong and Clarke-Pearson 1988, doi 10.2307/2531595)."""
    area = auc(happened, said)
    yes, no = np.sort(said[happened]), np.sort(said[~happened])
    wins = (np.searchsorted(no, said[happened], "left") + np.searchsorted(no, said[happened], "right")) / (2 * len(no))
    beaten = 1 - (np.searchsorted(yes, said[~happened], "left") + np.searchsorted(yes, said[~happened], "right")) / (
        2 * len(yes)
    )
    spread = 1.96 * float(np.sqrt(wins.var(ddof=1) / len(yes) + beaten.var(ddof=1) / len(no)))
    return max(0.0, area - spread), min(1.0, area + spread)


def calibration(happened: NDArray[np.bool_], said: Array) -> list[dict[str, float]]:
    """Return, of ten parts of equal counts by what was said: rows, the mean chance said, the share that happened."""
    order = np.argsort(said, kind="mergesort")
    return [
        {
            "rows": len(part),
            "said": round(float(said[part].mean()), 4),
            "happened": round(float(happened[part].mean()), 4),
        }
        for part in np.array_split(order, BINS)
        if len(part)
    ]


def calibration_error(bins: list[dict[str, float]]) -> float:
    """Return the mean distance between said and happened, weighted by rows (expected calibration error)."""
    rows = sum(each["rows"] for each in bins)
    return round(sum(each["rows"] * abs(each["said"] - each["happened"]) for each in bins) / rows, 4)


def measures(happened: NDArray[np.bool_], said: Array) -> dict[str, Any]:
    """Return all figures of one set of rows."""
    low, high = auc_interval(happened, said)
    bins = calibration(happened, said)
    return {
        "rows": len(said),
        "happened": round(float(happened.mean()), 4),
        "auc": round(auc(happened, said), 4),
        "auc_low": round(low, 4),
        "auc_high": round(high, 4),
        "brier": round(float(((said - happened) ** 2).mean()), 4),
        "calibration": bins,
        "calibration_error": calibration_error(bins),
    }


def fairness(happened: NDArray[np.bool_], said: Array, groups: Mapping[str, NDArray[np.str_]]) -> list[dict[str, Any]]:
    """Return, by attribute and group: rows, what was said and what happened, the area, and the share among the first
    fifth of the list. The model has not seen the attributes; large differences are for a person to judge.
    """
    first = said >= np.quantile(said, 1 - TOP_SHARE)
    found = []
    for attribute, values in groups.items():
        for value in sorted(set(values.tolist())):
            rows = values == value
            mixed = happened[rows].any() and not happened[rows].all()
            told = rows.sum() >= FEW
            found.append(
                {
                    "attribute": attribute,
                    "group": value,
                    "rows": int(rows.sum()),
                    "said": round(float(said[rows].mean()), 4) if told else None,
                    "happened": round(float(happened[rows].mean()), 4) if told else None,
                    "auc": round(auc(happened[rows], said[rows]), 4) if told and mixed else None,
                    "among_first": round(float(first[rows].mean()), 4) if told else None,
                }
            )
    return found
