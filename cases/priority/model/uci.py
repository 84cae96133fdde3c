"""The public yardstick: 'default of credit card clients' (I-Cheng Yeh, UCI Machine Learning Repository, 2009, doi
10.24432/C55S3H, CC BY 4.0). What is foretold is `default.payment.next.month`; the attributes of the person (SEX,
EDUCATION, MARRIAGE, AGE) serve the fairness table only.
"""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cases.priority.model import evaluation, training
from cases.priority.model.features import Array, Histories

STATUS: Final = ("PAY_6", "PAY_5", "PAY_4", "PAY_3", "PAY_2", "PAY_0")
BILLED: Final = tuple(f"BILL_AMT{number}" for number in range(6, 0, -1))
PAID: Final = tuple(f"PAY_AMT{number}" for number in range(6, 0, -1))
TARGET: Final = "default.payment.next.month"
NEEDED: Final = ("ID", "LIMIT_BAL", "SEX", "EDUCATION", "MARRIAGE", "AGE", *STATUS, *BILLED, *PAID, TARGET)
NO_USE, REVOLVING = -2, 0
# Published for this data set, all with the personal attributes as features and on splits of their own.
PUBLISHED: Final = (
    {"who": "Zhang 2026, doi 10.61173/7nfj4473", "model": "logistic regression", "auc": 0.764},
    {"who": "github.com/omotola-devjourney/credit-card-default", "model": "logistic regression", "auc": 0.717},
    {"who": "github.com/omotola-devjourney/credit-card-default", "model": "XGBoost", "auc": 0.773},
    {"who": "github.com/RePlay-h/Default-of-Credit-Card-Clients", "model": "CatBoost, tuned", "auc": 0.7801},
)


class BadFile(ValueError):
    """The file is not that data set. The text says what is missing and where."""


def read(path: Path) -> tuple[Histories, NDArray[np.bool_], dict[str, NDArray[np.str_]]]:
    """Return histories, what happened, and the groups for fairness. Raises BadFile."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
        if missing:
            raise BadFile(f"{path.name}: the columns {', '.join(missing)} are missing")
        rows = list(reader)
    if not rows:
        raise BadFile(f"{path.name}: there are no rows")
    numbers = {name: _numbers(rows, name, path.name) for name in NEEDED[1:]}
    status = np.column_stack([numbers[name] for name in STATUS])
    found = Histories(
        late=np.maximum(status, 0.0),
        balance=np.column_stack([numbers[name] for name in BILLED]),
        paid=np.column_stack([numbers[name] for name in PAID]),
        limit=numbers["LIMIT_BAL"],
        revolving=(status == REVOLVING).astype(float),
    )
    groups = {
        "sex": np.where(numbers["SEX"] == 1, "male", "female"),
        "age": np.where(numbers["AGE"] < 30, "below 30", np.where(numbers["AGE"] < 50, "30 to 49", "50 and above")),
        "schooling": np.select(
            [numbers["EDUCATION"] == 1, numbers["EDUCATION"] == 2, numbers["EDUCATION"] == 3],
            ["graduate school", "university", "high school"],
            "other",
        ),
    }
    return found, numbers[TARGET] == 1, groups


def _numbers(rows: Sequence[dict[str, str]], name: str, file: str) -> Array:
    try:
        return np.array([float(row[name]) for row in rows])
    except (TypeError, ValueError):
        for line, row in enumerate(rows, start=2):
            try:
                float(row[name])
            except (TypeError, ValueError):
                raise BadFile(f"{file}, line {line}, column {name}: {row[name]!r} is no number") from None
        raise


def assess(path: Path) -> dict[str, Any]:
    """Train on four fifths, measure on the fifth that nothing was chosen by; return the figures. Raises BadFile."""
    from sklearn.model_selection import train_test_split

    found, happened, groups = read(path)
    learn, test = train_test_split(np.arange(len(found)), test_size=0.2, stratify=happened, random_state=training.SEED)
    model = training.fit(found[learn], happened[learn])
    said = model.chances(found[test])
    beside = training.boosted(found[learn], happened[learn], found[test])
    return {
        "rows": len(found),
        "trained_on": len(learn),
        "measured_on": len(test),
        "ours": evaluation.measures(happened[test], said),
        "gradient_boosting": evaluation.measures(happened[test], beside),
        "fairness": evaluation.fairness(happened[test], said, {name: group[test] for name, group in groups.items()}),
        "published": [dict(each) for each in PUBLISHED],
        "document": model.document,
    }
