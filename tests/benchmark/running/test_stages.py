"""Stages: what an ensemble was with fewer members, from one fit."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pytest

from tests.benchmark import small_tables
from trimtab.benchmark.experiment import Experiment
from trimtab.benchmark.methods import get_method
from trimtab.benchmark.methods.rows import fitted_rows
from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.running.evaluation import evaluate
from trimtab.benchmark.running.stages import at_stage, shortened
from trimtab.tables import encode_labels

TABLE = small_tables.numbers()
TREES = {"base": "decision-tree"}


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("under-bagging", TREES),
        ("constant-mu", TREES),
        ("bagging", TREES),
        ("smote-bagging", TREES),
        ("rusboost", {}),
        ("on-part", {**TREES, "of": "random-mu", "held_out": 0.25}),
        ("mesa-trained", {**TREES, "meta_steps": 0}),
    ],
)
def test_first_members_are_the_smaller_ensemble(name, parameters):
    """They predict what a fit of so many would, and have as many rows behind them."""
    large = TABLE.fit(get_method(name), n_estimators=5, **parameters)
    small = TABLE.fit(get_method(name), n_estimators=2, **parameters)
    short = at_stage(large, 2, refit=pytest.fail)

    np.testing.assert_array_equal(
        short.predict_proba(TABLE.X_test), small.predict_proba(TABLE.X_test)
    )
    n = len(TABLE.y)
    assert fitted_rows(short, n) == fitted_rows(small, n)
    assert fitted_rows(large, n) > fitted_rows(short, n)


def test_what_does_not_grow_stays_what_it_is():
    """A forest and a single learner have no stages."""
    for name in ("random-forest", "lightgbm"):
        fitted = TABLE.fit(get_method(name))
        short = shortened(fitted, 2)
        np.testing.assert_array_equal(
            short.predict_proba(TABLE.X_test), fitted.predict_proba(TABLE.X_test)
        )


@pytest.mark.parametrize("name", ["self-paced-ensemble", "balance-cascade"])
def test_those_that_plan_ahead_are_fitted_anew(name):
    """Their second member depends on how many follow; the last stage is at hand."""

    def fit(n_estimators):
        method = get_method("on-part")
        return TABLE.fit(method, of=name, n_estimators=n_estimators, **TREES)

    large, small = fit(5), fit(2)
    np.testing.assert_array_equal(
        at_stage(large, 2, fit).predict_proba(TABLE.X_test),
        small.predict_proba(TABLE.X_test),
    )
    assert at_stage(large, 5, pytest.fail).n_rows_ == large.n_rows_


def test_experiment_measures_its_stages():
    """Each stage has scores and rows; that of the whole size has the experiment's."""
    experiment = Experiment.of(
        {"base": "gaussian-nb", "n_estimators": 4},
        dataset="toy",
        method="under-bagging",
        protocol=Protocol(3, stages=(1, 4)),
        repeat=0,
        fold=0,
    )
    method, labels = get_method("under-bagging"), encode_labels(TABLE.y)
    measures = evaluate(experiment, method, TABLE.X, labels).measures

    assert measures["average_precision@4"] == measures["average_precision"]
    assert measures["brier@1"] != measures["brier"] == measures["brier@4"]
    assert measures["n_train_rows@1"] * 4 == measures["n_train_rows"]
