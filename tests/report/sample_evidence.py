"""Evidence made up for the tests of the report: no learner is fitted."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from trimtab.benchmark.evidence import Evidence, Prediction, TableProfile
from trimtab.benchmark.leaderboard import rank_methods
from trimtab.benchmark.methods import Method
from trimtab.benchmark.protocol import Protocol
from trimtab.metrics import (
    best_threshold,
    confusion_matrix,
    decide,
    measure_decisions,
    measure_scores,
)
from trimtab.tables import Labels, encode_labels

HOSTILE = (
    '</script><script>alert(1)</script><img src="x" onerror=alert(2)>'
    '<a href="https://example.org/">\'&amp;</a>'
)
"""What must be read on the page as it stands, wherever it comes from."""


@dataclass(frozen=True)
class Made:
    """How a made-up method behaves.

    ``skill`` moves the scores of the right class up, ``shift`` those of the class of
    interest, whatever the row is, as rebalancing does. ``fails`` of its splits fail.
    ``own_threshold`` is the one by which it decides itself.
    """

    name: str
    family: str = "control"
    skill: float = 3.0
    shift: float = 0.0
    seconds: float = 0.5
    fails: int = 0
    own_threshold: float | None = None


FEW = (
    Made("lightgbm"),
    Made("logistic-regression", skill=2.4, seconds=0.04),
    Made("smote", "classic", skill=2.8, shift=2.5, seconds=1.4),
)

MANY = (
    *FEW,
    Made("lightgbm-class-weight", skill=2.9, shift=2.6, seconds=0.6),
    Made("bagged-lightgbm", skill=3.2, seconds=4.8),
    Made("random-forest", skill=3.1, seconds=2.1),
    Made("xgboost", skill=2.95, seconds=0.9),
    Made("histogram-gradient-boosting", skill=2.9, seconds=1.1),
    *(
        Made(name, "classic", skill, shift, seconds)
        for name, skill, shift, seconds in [
            ("random-under-sampling", 2.5, 2.7, 0.08),
            ("random-over-sampling", 2.9, 2.3, 1.2),
            ("borderline-smote", 2.7, 2.2, 1.9),
            ("svm-smote", 2.75, 2.2, 6.4),
            ("adasyn", 2.7, 2.6, 1.7),
            ("near-miss-1", 0.9, 2.4, 0.12),
            ("near-miss-2", 1.0, 2.2, 0.2),
            ("edited-nearest-neighbours", 2.95, 0.6, 0.9),
            ("all-knn", 2.9, 0.8, 1.6),
            ("tomek-links", 3.0, 0.1, 0.8),
            ("one-sided-selection", 2.95, 0.2, 0.7),
            ("neighbourhood-cleaning-rule", 2.9, 0.7, 1.3),
            ("smote-enn", 2.6, 2.7, 2.6),
            ("smote-tomek", 2.75, 2.5, 2.4),
            ("balanced-random-forest", 2.85, 2.5, 1.3),
            ("easy-ensemble", 2.6, 2.6, 9.5),
            ("rus-boost", 2.3, 2.0, 3.1),
            ("balanced-bagging", 2.9, 2.6, 2.8),
        ]
    ),
)


def make_evidence(
    *,
    methods: Sequence[Made] = FEW,
    class_rows: tuple[int, ...] = (720, 80),
    class_names: tuple[str, ...] = ("no", "yes"),
    protocol: Protocol | None = None,
    metric: str = "average_precision",
    hostile: bool = False,
    seed: int = 0,
    **fields: Any,
) -> Evidence:
    """Return evidence of made-up methods on made-up rows.

    Parameters
    ----------
    methods : sequence of Made, default=FEW
        What was compared.
    class_rows, class_names : tuple, default two classes, 720 and 80 rows
        The target.
    protocol : Protocol or None, default=None
        By default five folds with a tuned threshold.
    metric : str, default="average_precision"
        What ranks.
    hostile : bool, default=False
        Whether markup stands in every text that a user or a library brings in.
    seed : int, default=0
        Decides all numbers.
    **fields
        Replace fields of `Evidence`.
    """
    mark = HOSTILE if hostile else ""
    protocol = protocol or Protocol(5, 1, tune_threshold=True)
    names = [f"{name}{mark}" for name in class_names]
    y = np.repeat(names, class_rows)
    labels = encode_labels(y)
    methods = [
        made
        if made.name == "lightgbm"
        else Made(**vars(made) | {"name": made.name + mark})
        for made in methods
    ]
    records, predictions = _run(methods, labels, protocol, seed, mark)
    results = pd.DataFrame(records)
    registry = {
        made.name: Method(made.name, f"Made up.{mark}", made.family, build=lambda: None)
        for made in methods
    }
    values: dict[str, Any] = {
        "profile": _profile(len(y), mark),
        "labels": labels,
        "protocol": protocol,
        "metric": metric,
        "leaderboard": rank_methods(results, registry, metric, protocol.test_fraction),
        "results": results,
        "predictions": predictions,
        "skipped": {f"smotenc{mark}": f"the table has no categories{mark}"},
        "command": f"trimtab compare claims.csv --target fraud{mark}",
        "versions": {"trimtab": "0.1.0", f"scikit-learn{mark}": f"1.9.1{mark}"},
    }
    return Evidence(**values | fields)


def _profile(n_rows: int, mark: str) -> TableProfile:
    rows = [
        ("age", "number", 70, 0),
        ("income", "number", 512, 41),
        ("region", "category", 12, 3),
        ("since", "date", 390, 0),
        ("remark", "text", 601, 128),
    ]
    columns = pd.DataFrame(rows, columns=["column", "kind", "distinct", "missing"])
    columns["column"] += mark
    return TableProfile(f"claims.csv{mark}", f"fraud{mark}", n_rows, columns)


def with_repeated_rows(evidence: Evidence, n_duplicates: int) -> Any:
    """Return the evidence's profile with so many rows that repeat an earlier one."""
    profile = evidence.profile
    known = vars(profile) | {"n_missing": profile.n_missing}
    return SimpleNamespace(**known | {"n_duplicates": n_duplicates})


def _run(
    methods: Sequence[Made], labels: Labels, protocol: Protocol, seed: int, mark: str
) -> tuple[list[dict[str, Any]], list[Prediction]]:
    """Return a result for each method and split, and the predictions of those done."""
    records, predictions = [], []
    for repeat, fold in protocol.splits():
        _, test = protocol.rows(labels.codes, repeat, fold, seed)
        shared = np.random.default_rng([seed, repeat, fold])
        noise = shared.normal(size=(len(test), len(labels.classes)))
        for made in methods:
            record = {
                "method": made.name,
                "family": made.family,
                "repeat": repeat,
                "fold": fold,
                "status": "done",
                "reason": "",
            }
            if fold < made.fails:
                failure = {
                    "status": ("error", "timeout")[fold % 2],
                    "reason": f"ValueError: no neighbours{mark}",
                }
                records.append(record | failure)
                continue
            prediction = _predict(made, labels, test, noise, repeat, fold)
            if not protocol.tune_threshold:
                prediction = Prediction(**vars(prediction) | {"threshold": None})
            predictions.append(prediction)
            records.append(record | _measure(made, prediction, labels, len(test)))
    return records, predictions


def _predict(
    made: Made,
    labels: Labels,
    test: NDArray[np.int64],
    noise: NDArray[np.float64],
    repeat: int,
    fold: int,
) -> Prediction:
    codes, n_classes = labels.codes[test], len(labels.classes)
    own = np.random.default_rng([repeat, fold, *made.name.encode()[:20]])
    evidence = 1.3 * noise + 0.4 * own.normal(size=noise.shape)
    prior = np.log(labels.counts / len(labels.codes))
    scores = prior + evidence + made.skill * np.eye(n_classes)[codes]
    scores[:, labels.positive] += made.shift
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    scores = (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)
    threshold = None
    if n_classes == 2:
        threshold = best_threshold(codes, scores, labels.positive)
    return Prediction(
        made.name, repeat, fold, codes, scores, threshold, made.own_threshold
    )


def _measure(
    made: Made, prediction: Prediction, labels: Labels, n_test: int
) -> dict[str, float | None]:
    codes, scores = prediction.codes, prediction.scores
    positive, n_classes = labels.positive, len(labels.classes)
    measures: dict[str, float | None] = dict(measure_scores(codes, scores, positive))
    called = decide(scores, positive, made.own_threshold)
    measures |= measure_decisions(confusion_matrix(codes, called, n_classes), positive)
    if prediction.threshold is not None:
        called = decide(scores, positive, prediction.threshold)
        tuned = measure_decisions(confusion_matrix(codes, called, n_classes), positive)
        names = ("macro_f1", "minority_f1", "balanced_accuracy", "g_mean", "mcc")
        measures |= {f"tuned_{name}": tuned[name] for name in names}
    return measures | {
        "threshold": prediction.threshold,
        "fit_seconds": made.seconds * (1 + 0.05 * prediction.fold),
        "predict_seconds": made.seconds / 40,
        "threshold_seconds": made.seconds,
        "peak_memory_mb": 240.0,
        "n_train_rows": float(len(labels.codes) - n_test) * (1 + made.shift / 4),
        "n_test_rows": float(n_test),
    }
