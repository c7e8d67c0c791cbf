"""Learners on a part of their rows, and on wrong labels."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import KNeighborsClassifier

from tests.benchmark import small_tables
from trimtab.benchmark.methods import get_method
from trimtab.benchmark.methods.rows import fitted_rows
from trimtab.benchmark.methods.training_part import TrainedOnPart, flip_labels
from trimtab.exceptions import InputError

TABLE = small_tables.numbers()
USUAL, RARE = np.bincount(TABLE.y).tolist()


@given(st.integers(1, 30), st.integers(0, 100), st.floats(0, 1), st.integers(0, 99))
def test_flips_keep_the_size_of_each_class(n_rare, more, share, seed):
    """As many rare labels are wrong as was asked for, and as many others."""
    codes = np.repeat([0, 1], [n_rare + more, n_rare])
    wrong = flip_labels(codes, share, np.random.default_rng(seed))

    assert wrong.sum() == n_rare
    for code in (0, 1):
        assert (wrong[codes == code] != code).sum() == round(share * n_rare)


def test_part_is_three_quarters_of_each_class():
    """Rows that are held out are not trained on."""
    fitted = TABLE.fit(
        get_method("on-part"), of="under-bagging", n_estimators=2, held_out=0.25
    )

    kept = RARE - round(RARE / 4)
    assert fitted_rows(fitted, len(TABLE.y)) == 2 * 2 * kept
    assert fitted.n_rows_ == len(TABLE.y) - round(RARE / 4) - round(USUAL / 4)


def test_learner_sees_wrong_labels():
    """One that remembers its rows says the wrong ones."""
    y = np.where(TABLE.y == 1, "rare", "usual")
    model = TrainedOnPart(KNeighborsClassifier(1), noise=0.5).fit(TABLE.X, y)
    said = model.predict(TABLE.X)

    assert (said[TABLE.y == 1] == "usual").sum() == round(RARE / 2)
    assert (said[TABLE.y == 0] == "rare").sum() == round(RARE / 2)


@pytest.mark.parametrize(
    ("codes", "share", "said"),
    [([0, 1], 1.5, "noise is 1.5"), ([0, 1, 2], 0.5, "labels of 3 classes")],
)
def test_impossible_noise_is_refused(codes, share, said):
    """The message names what is wrong."""
    with pytest.raises(InputError, match=said):
        flip_labels(np.array(codes), share, np.random.default_rng(0))
