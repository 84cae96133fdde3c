"""What a model may know of an account: its monthly history, and nothing about who the person is.

A history is the last months of an account, oldest first: months late (0: not late), balance and what was paid, with
its credit limit. Sex, age, marriage, schooling, language and place are no features; the fairness page compares groups
by them, and the model never sees them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

MONTHS: Final = 6
CUTS_BY: Final = 8  # parts that a number is cut into, by equal counts; a month count has its own value each
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Histories:
    """Monthly histories of n accounts, the newest month last. late, balance, paid: n × MONTHS; limit: n.

    used: n × MONTHS, whether the account had any balance or movement. What is not known is 0.
    """

    late: Array
    balance: Array
    paid: Array
    limit: Array
    revolving: Array  # n × MONTHS: less than everything was paid, without being late

    def __len__(self) -> int:
        return len(self.limit)

    def __getitem__(self, rows: Any) -> "Histories":
        return Histories(self.late[rows], self.balance[rows], self.paid[rows], self.limit[rows], self.revolving[rows])


def columns(found: Histories) -> dict[str, Array]:
    """Return the features by name, each n numbers."""
    late, balance, paid = found.late, found.balance, found.paid
    owed = np.maximum(balance, 0.0)
    # What was paid in a month is set against the balance of the month before it.
    share = np.clip(paid[:, 1:] / np.maximum(owed[:, :-1], 1.0), 0.0, 1.0)
    share = np.where(owed[:, :-1] > 0, share, 1.0)
    limit = np.maximum(found.limit, 1.0)
    return {
        "months_late": np.minimum(late[:, -1], 4),
        "months_late_before": np.minimum(late[:, -2], 4),
        "months_late_two_before": np.minimum(late[:, -3], 4),
        "worst_months_late": np.minimum(late.max(axis=1), 4),
        "times_late": (late > 0).sum(axis=1).astype(float),
        "getting_worse": np.clip(late[:, -1] - late[:, -2], -2, 2),
        "months_revolving": found.revolving.sum(axis=1).astype(float),
        "revolves_now": found.revolving[:, -1].astype(float),
        "log_limit": np.log1p(found.limit),
        "log_balance": np.log1p(owed[:, -1]),
        "use_of_limit": np.clip(owed[:, -1] / limit, 0.0, 1.5),
        "mean_use_of_limit": np.clip(owed.mean(axis=1) / limit, 0.0, 1.5),
        "paid_share": share[:, -1],
        "mean_paid_share": share.mean(axis=1),
        "log_paid": np.log1p(paid[:, -1]),
        "log_paid_before": np.log1p(paid[:, -2]),
        "mean_log_paid": np.log1p(paid).mean(axis=1),
        "months_without_payment": (paid <= 0).sum(axis=1).astype(float),
        "growth_of_balance": np.clip((owed[:, -1] - owed[:, 0]) / limit, -1.0, 1.0),
    }


def cuts_of(column: Array) -> list[float]:
    """Return where a feature is cut: between its values where they are few, else into parts of equal counts."""
    seen = np.unique(column)
    if len(seen) <= CUTS_BY + 1:
        return [float(value) for value in (seen[:-1] + seen[1:]) / 2]
    quantiles = np.quantile(column, np.linspace(0, 1, CUTS_BY + 1)[1:-1])
    return [float(value) for value in np.unique(quantiles)]


def design(found: Histories, cuts: Mapping[str, Sequence[float]]) -> Array:
    """Return the design matrix: of every feature a column for each part but its first, 1 where the value lies there."""
    values = columns(found)
    parts = []
    for name, borders in cuts.items():
        part = np.searchsorted(np.asarray(borders), values[name], side="right")
        parts.append((part[:, None] == np.arange(1, len(borders) + 1)[None, :]).astype(float))
    return np.concatenate(parts, axis=1)


def names_of(cuts: Mapping[str, Sequence[float]]) -> list[str]:
    """Return the feature that each column of the design belongs to."""
    return [name for name, borders in cuts.items() for _ in borders]
