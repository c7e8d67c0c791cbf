"""Ensembles as methods: the rows that each trains on, and every base."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import optuna
import pytest

from tests.benchmark import small_tables
from trimtab.benchmark.methods import get_method, list_methods
from trimtab.benchmark.methods.ensembles_methods import BASES, base_learner
from trimtab.benchmark.methods.rows import fitted_rows
from trimtab.exceptions import InputError

# Two thirds of 168 and 24 rows are training rows.
TABLE = small_tables.numbers()
USUAL, RARE = np.bincount(TABLE.y).tolist()
HERE = "trimtab.benchmark.methods.ensembles_methods"
NAMES = [one.name for one in list_methods() if one.build.__module__ == HERE]


def test_all_ensembles_are_registered():
    """What the paper compares, MESA, and the controls of both."""
    families = {name: get_method(name).family for name in NAMES}

    assert families == {
        "under-bagging": "classic",
        "self-paced-ensemble": "classic",
        "balance-cascade": "classic",
        "constant-mu": "control",
        "random-mu": "control",
        "mesa": "learned",
        "bagging": "control",
        "smote-boost": "classic",
        "ramo-boost": "classic",
        "smote-bagging": "classic",
    }


@pytest.mark.parametrize(
    ("name", "parameters", "expected"),
    [
        ("under-bagging", {}, 3 * 2 * RARE),
        ("under-bagging", {"ratio": 2.0}, 3 * 3 * RARE),
        ("self-paced-ensemble", {}, 3 * 2 * RARE),
        ("balance-cascade", {}, 3 * 2 * RARE),
        ("constant-mu", {"mu": 0.5}, 3 * 2 * RARE),
        ("random-mu", {}, 3 * 2 * RARE),
        # None is held out; after the first draw the ratio is the root of the table's.
        ("mesa", {}, 2 * RARE + 2 * (RARE + int(RARE * (USUAL / RARE) ** 0.5))),
        ("bagging", {}, 3 * (USUAL + RARE)),
        # There is no room for 100 new rows.
        ("smote-boost", {}, 3 * 2 * USUAL),
        ("smote-boost", {"n_new_rows": 10}, 3 * (USUAL + RARE + 10)),
        ("ramo-boost", {"n_new_rows": 10}, 3 * (USUAL + RARE + 10)),
        ("smote-bagging", {}, 3 * 2 * USUAL),
    ],
)
def test_rows_are_those_trained_on(name, parameters, expected):
    """The rows of all members are added up, made ones too, held-out ones not."""
    fitted = TABLE.fit(
        get_method(name), base="decision-tree", n_estimators=3, **parameters
    )

    assert fitted_rows(fitted, len(TABLE.y)) == expected


@pytest.mark.parametrize("base", [base for base in BASES if base != "lightgbm"])
@pytest.mark.parametrize(
    "name", ["self-paced-ensemble", "mesa", "bagging", "smote-boost", "smote-bagging"]
)
def test_every_base_can_be_a_member(name, base):
    """Members are of the kind that was asked for, and find the rare class."""
    fitted = TABLE.fit(get_method(name), base=base, n_estimators=2)
    members = fitted.steps[-1][1].estimators_
    if name == "bagging":
        members = [member[-1] for member in members]

    assert {type(member) for member in members} == {type(base_learner(base))}
    assert TABLE.lift(fitted) > 3


@pytest.mark.parametrize("name", NAMES)
def test_unknown_base_names_the_nearest(name):
    """A misspelt base is an error that helps."""
    with pytest.raises(InputError, match="no base 'decision-three': did you mean"):
        get_method(name).build(TABLE.info, 0, base="decision-three")


def test_naive_bayes_refuses_sparse_tables():
    """It is said before anything is fitted."""
    info = small_tables.sparse_numbers().info

    with pytest.raises(InputError, match="'gaussian-nb' takes no sparse matrix"):
        get_method("mesa").build(info, 0, base="gaussian-nb")


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in {"mesa", "bagging"}]
)
def test_search_space_gives_parameters_that_fit(name):
    """What a study suggests can be built and fitted."""
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()
    parameters = get_method(name).search_space(trial)

    fitted = TABLE.fit(
        get_method(name), base="gaussian-nb", n_estimators=2, **parameters
    )

    assert parameters.keys() >= trial.params.keys() > set()
    assert fitted.predict_proba(TABLE.X_test).shape == (len(TABLE.y_test), 2)
