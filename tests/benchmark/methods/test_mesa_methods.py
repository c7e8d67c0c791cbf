"""The methods of the suites that rerun the MESA paper."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from tests.benchmark import small_tables
from trimtab.benchmark.experiment import Experiment
from trimtab.benchmark.methods import get_method, list_methods
from trimtab.benchmark.methods.mesa_methods import SAMPLERS, paper_base
from trimtab.benchmark.methods.meta_trained import MetaTrainedMESA, untrained_policy
from trimtab.benchmark.methods.rows import fitted_rows, resample_seconds
from trimtab.benchmark.protocol import Protocol
from trimtab.benchmark.running.evaluation import evaluate
from trimtab.exceptions import InputError
from trimtab.tables import encode_labels

TABLE = small_tables.numbers()
USUAL, RARE = np.bincount(TABLE.y).tolist()
NAMES = {"mesa-trained", "on-part", "resampled"}


def trained(**parameters):
    """Return MESA of trees, meta-trained for a moment."""
    model = MetaTrainedMESA(
        DecisionTreeClassifier(), 3, **{"meta_steps": 20} | parameters
    )
    return model.fit(TABLE.X, TABLE.y)


def test_they_are_got_by_name_and_not_listed():
    """No comparison of a user's runs them."""
    assert NAMES.isdisjoint(one.name for one in list_methods())
    assert {get_method(name).name for name in NAMES} == NAMES


def test_mesa_is_trained_inside_the_training_part():
    """A quarter is held out; the policy is one of this table; the same seed repeats."""
    model, again = trained(), trained()

    kept = RARE - round(RARE / 4)
    assert fitted_rows(model, len(TABLE.y)) == 3 * 2 * kept
    assert model.policy_.about["tasks"][0]["n_rows"] == len(TABLE.y)
    assert TABLE.lift(model) > 3
    np.testing.assert_array_equal(
        model.predict_proba(TABLE.X_test), again.predict_proba(TABLE.X_test)
    )


def test_meta_sampler_is_learned_on_a_share_or_elsewhere():
    """What it was learned on is what was asked for; the ensemble is on all rows."""
    other = small_tables.numbers()
    half = trained(share=0.5)
    elsewhere = trained(task=(other.X[:100], other.y[:100]))

    assert half.policy_.about["tasks"][0]["n_rows"] == len(TABLE.y) // 2
    assert elsewhere.policy_.about["tasks"][0]["n_rows"] == 100
    rows = {fitted_rows(model, len(TABLE.y)) for model in (half, elsewhere)}
    assert rows == {3 * 2 * (RARE - round(RARE / 4))}


def test_untrained_policy_differs_by_seed():
    """It decides something else with other weights, and the same with the same."""
    state = np.full(10, 0.2, np.float32)
    actions = [untrained_policy(seed).act(state).item() for seed in (0, 0, 1)]

    assert actions[0] == actions[1] != actions[2]


@pytest.mark.parametrize("sampler", ["none", *SAMPLERS])
def test_every_sampler_of_table_2(sampler):
    """Each finds the rare class; the time it took and the rows it left are told."""
    fitted = TABLE.fit(get_method("resampled"), sampler=sampler, base="gaussian-nb")
    n = fitted_rows(fitted, len(TABLE.y))
    seconds = resample_seconds(fitted)

    assert TABLE.lift(fitted) > 2
    if sampler == "none":
        assert (n, seconds) == (len(TABLE.y), None)
    else:
        assert seconds is not None
        assert 0 < seconds < 10
    if sampler == "random-under-sampling":
        assert n == 2 * RARE
    if sampler == "smote":
        assert n == 2 * USUAL


def test_resampling_seconds_are_a_cost_of_the_experiment():
    """They are told of a method on a part of the rows too."""
    experiment = Experiment.of(
        {"of": "resampled", "sampler": "smote", "base": "knn", "held_out": 0.25},
        dataset="toy",
        method="on-part",
        protocol=Protocol(3),
        repeat=0,
        fold=0,
    )
    labels = encode_labels(TABLE.y)
    measures = evaluate(experiment, get_method("on-part"), TABLE.X, labels).measures

    assert 0 < measures["resample_seconds"] < measures["fit_seconds"]


def test_paper_bases_have_the_appendix_s_members():
    """AdaBoost and gradient boosting have ten; LightGBM is the ensemble's own."""
    assert paper_base("adaboost").n_estimators == 10
    assert paper_base("gradient-boosting", 3).get_params()["random_state"] == 3
    assert paper_base("lightgbm") is None


def test_unknown_sampler_names_the_nearest():
    """A misspelt sampler is an error that helps."""
    with pytest.raises(InputError, match="no sampler 'smot': did you mean"):
        get_method("resampled").build(TABLE.info, 0, sampler="smot")
