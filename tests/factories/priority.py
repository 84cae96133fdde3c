"""Models of chances."""

import factory
from factory.django import DjangoModelFactory

from cases.models import ScoreModel
from tests.factories import NOW
from tests.factories.cases import CreditorFactory

MEASURED = {
    "rows": 400, "happened": 0.3, "auc": 0.7, "auc_low": 0.65, "auc_high": 0.75, "brier": 0.2,
    "calibration": [{"rows": 200, "said": 0.2, "happened": 0.21}, {"rows": 200, "said": 0.4, "happened": 0.39}],
    "calibration_error": 0.01,
}  # fmt: skip


class ScoreModelFactory(DjangoModelFactory):
    """A draft that knows one feature: who is one month late comes right more often than who is later."""

    class Meta:
        model = ScoreModel

    creditor = factory.SubFactory(CreditorFactory)
    number = factory.Sequence(lambda n: n + 1)
    document = factory.LazyFunction(
        lambda: {
            "kind": "logistic-regression", "months": 6, "strength": 0.1, "intercept": 0.0, "base_rate": 0.4,
            "features": [{"name": "months_late", "cuts": [1.5, 2.5], "weights": [0.0, -1.0, -2.0]}],
        }
    )  # fmt: skip
    evaluation = factory.LazyFunction(
        lambda: {
            "trained_on": 1000,
            "ours": MEASURED,
            "gradient_boosting": MEASURED | {"auc": 0.71},
            "fairness": [
                {"attribute": "language", "group": "zh-hans", "rows": 300, "said": 0.3, "happened": 0.31, "auc": 0.7,
                 "among_first": 0.2},
                {"attribute": "language", "group": "en", "rows": 40, "said": None, "happened": None, "auc": None,
                 "among_first": None},
            ],
        }
    )  # fmt: skip
    content_hash = "a" * 64
    trained_at = NOW
