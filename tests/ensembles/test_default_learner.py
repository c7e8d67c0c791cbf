"""The learner that ensembles have where none is given."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
from sklearn.datasets import make_classification

from trimtab import UnderSamplingEnsembleClassifier
from trimtab.ensembles.default_learner import default_learner
from trimtab.ensembles.policies import UniformPolicy


def first_two_members(n_rows):
    """Return what two members on all of so many rows predict."""
    X, y = make_classification(n_rows, n_features=6, flip_y=0.2, random_state=0)
    all_rows = UniformPolicy(ratio=1e6)
    model = UnderSamplingEnsembleClassifier(
        policy=all_rows, n_estimators=2, random_state=0
    )
    model.fit(X, y)
    return [member.predict_proba(X) for member in model.estimators_]


def test_members_on_the_same_many_rows_differ():
    """A mean of ten equal members would be one member."""
    one, other = first_two_members(1200)
    assert not np.allclose(one, other)


def test_trees_of_a_small_draw_see_all_of_it():
    """Few rows are not made fewer."""
    one, other = first_two_members(300)
    np.testing.assert_array_equal(one, other)
    assert default_learner(999).subsample == 1
