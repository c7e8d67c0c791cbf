"""MSMOTE: imbalanced-learn's checks, its SMOTE as a peer, and rows worked by hand."""

# SPDX-License-Identifier: BSD-3-Clause

import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline
from imblearn.utils.estimator_checks import estimator_checks_generator
from scipy import sparse
from sklearn.datasets import make_blobs, make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors

from trimtab.exceptions import InputError
from trimtab.synthesis.msmote import MSMOTE

# One column. With 3 neighbours: 0 to 0.3 are safe, 1.6 to 1.9 on the border of the
# other class that begins at 2, and 9 lies in its middle.
RARE = [0.0, 0.1, 0.2, 0.3, 1.6, 1.9, 9.0]
COMMON = [2.0, 2.1, 2.2, *np.arange(8.5, 9.6, 0.11)]
X = np.array([*RARE, *COMMON])[:, None]
Y = np.array([1] * len(RARE) + [0] * len(COMMON))


# What ``parametrize_with_checks`` yields, as the list that pytest asks for.
CHECKS = [
    pytest.param(sampler, check, id=f"{getattr(check, 'func', check).__name__}-{pool}")
    for pool in ("minority", "all")
    for sampler, check in estimator_checks_generator(
        MSMOTE(random_state=0, neighbor_pool=pool)
    )
]


@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_imbalanced_learns_checks(estimator: Any, check: Callable[..., Any]) -> None:
    """All of scikit-learn's and imbalanced-learn's checks pass, none excepted."""
    check(estimator)


def test_kinds_by_hand() -> None:
    """A row is safe, on the border or noise by the classes of its 3 neighbours."""
    sampler = MSMOTE(k_neighbors=3, random_state=0)
    sampler.fit_resample(X, Y)
    kinds = ["safe"] * 4 + ["border"] * 2 + ["noise"]
    assert sampler.row_kinds_.tolist() == kinds + [""] * len(COMMON)


def test_parents_by_hand() -> None:
    """Safe rows go to any neighbour, border rows to the nearest of their class."""
    sampler = MSMOTE(k_neighbors=3, random_state=0, sampling_strategy={1: 300})
    X_new, y_new = sampler.fit_resample(X, Y)
    pairs = set(map(tuple, sampler.parent_indices_.tolist()))
    safe = {(i, j) for i in range(4) for j in range(4) if i != j}
    assert pairs == safe | {(4, 5), (5, 4)}
    assert Counter(y_new.tolist()) == {1: 300, 0: len(COMMON)}
    assert not ((X_new[len(X) :] > 0.3) & (X_new[len(X) :] < 1.6)).any()


def test_border_rows_may_go_to_another_class() -> None:
    """With the pool of all rows, 1.9 is drawn to 2.0, its nearest neighbour."""
    sampler = MSMOTE(
        k_neighbors=3,
        random_state=0,
        sampling_strategy={1: 300},
        neighbor_pool="all",
    )
    sampler.fit_resample(X, Y)
    pairs = set(map(tuple, sampler.parent_indices_.tolist()))
    assert (5, 7) in pairs
    assert (4, 5) in pairs
    assert (5, 4) not in pairs


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_matrix, sparse.csc_array])
def test_safe_rows_are_smotes(container: Callable[..., Any]) -> None:
    """Where classes lie apart, the new rows are those of imbalanced-learn's SMOTE."""
    table, y = make_blobs([60, 17], centers=[[0, 0, 0], [50, 50, 50]], random_state=1)
    mine, labels = MSMOTE(random_state=7).fit_resample(container(table), y)
    peer, peer_labels = SMOTE(random_state=7).fit_resample(table, y)
    np.testing.assert_allclose(
        mine if container is np.asarray else mine.toarray(), peer
    )
    np.testing.assert_array_equal(labels, peer_labels)
    assert type(mine) is type(container(table))


@given(st.integers(0, 10**6), st.integers(1, 6), st.sampled_from(["minority", "all"]))
@settings(deadline=None, max_examples=25)
def test_new_rows_lie_between_their_parents(seed: int, k: int, pool: str) -> None:
    """The kept rows come first, unchanged; a new row's parents say where it lies."""
    table, y = make_classification(
        60,
        4,
        weights=[0.7, 0.2],
        n_classes=3,
        n_informative=4,
        n_redundant=0,
        flip_y=0.1,
        random_state=seed,
    )
    table = table.round(1)  # some rows are equal
    sampler = MSMOTE(random_state=seed, k_neighbors=k, neighbor_pool=pool)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "all .* rows of a class are noise")
        new, labels = sampler.fit_resample(table, y)
    np.testing.assert_array_equal(new[:60], table[sampler.sample_indices_])
    np.testing.assert_array_equal(labels[:60], y)
    first, second = table[sampler.parent_indices_].swapaxes(0, 1)
    made = new[60:]
    assert len(made) == len(first)
    assert (made >= np.minimum(first, second) - 1e-9).all()
    assert (made <= np.maximum(first, second) + 1e-9).all()
    np.testing.assert_array_equal(labels[60:], y[sampler.parent_indices_[:, 0]])
    assert (sampler.parent_indices_[:, 0] != sampler.parent_indices_[:, 1]).all()
    assert "noise" not in sampler.row_kinds_[sampler.parent_indices_[:, 0]]
    if pool == "minority":
        np.testing.assert_array_equal(labels[60:], y[sampler.parent_indices_[:, 1]])


def test_equal_rows_are_not_their_own_neighbours() -> None:
    """Among many equal rows none is taken for a neighbour of itself."""
    table = np.array([[0.0]] * 10 + [[9.0]] * 30)
    sampler = MSMOTE(k_neighbors=3, random_state=0)
    sampler.fit_resample(table, [1] * 10 + [0] * 30)
    first, second = sampler.parent_indices_.T
    assert (first != second).all()
    assert (np.maximum(first, second) < 10).all()


def test_a_class_that_is_all_noise_is_left_alone() -> None:
    """Nothing is interpolated, and a warning says so."""
    table = np.array([[0.0], [1], [2], [10], [11], [12], [1.5], [11.5]])
    y = np.array([0, 0, 0, 0, 0, 0, 1, 1])
    sampler = MSMOTE(k_neighbors=2, random_state=0)
    with pytest.warns(UserWarning, match="all 2 rows of a class are noise"):
        new, labels = sampler.fit_resample(table, y)
    np.testing.assert_array_equal(new, table)
    np.testing.assert_array_equal(labels, y)
    assert sampler.parent_indices_.shape == (0, 2)


def test_balanced_classes_stay() -> None:
    """Where no class lacks rows, none is added."""
    sampler = MSMOTE(random_state=0)
    new, labels = sampler.fit_resample(X[:14], [0, 1] * 7)
    np.testing.assert_array_equal(new, X[:14])
    assert labels == [0, 1] * 7
    assert sampler.parent_indices_.shape == (0, 2)


def test_a_finder_of_ones_own() -> None:
    """Any nearest-neighbours object does, and finds what the number finds."""
    table, y = make_blobs([60, 17], 3, random_state=1, center_box=(0, 3))
    finder = NearestNeighbors(n_neighbors=4, algorithm="brute")
    by_object, _ = MSMOTE(random_state=0, k_neighbors=finder).fit_resample(table, y)
    by_number, _ = MSMOTE(random_state=0, k_neighbors=3).fit_resample(table, y)
    np.testing.assert_array_equal(by_object, by_number)
    assert not hasattr(finder, "n_features_in_")


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_matrix, sparse.csc_array])
def test_whole_numbers_are_rounded(container: Callable[..., Any]) -> None:
    """New rows of whole numbers are the nearest whole numbers, not those below."""
    table = np.array([[0], [3], [6], [100], [101], [102], [103], [104], [105]])
    y = np.array([1, 1, 1, 0, 0, 0, 0, 0, 0])
    new, _ = MSMOTE(
        k_neighbors=2, random_state=0, sampling_strategy={1: 5000}
    ).fit_resample(container(table), y)
    assert new.dtype == table.dtype
    assert new[9:].mean() == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint64, np.int8, bool])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_matrix, sparse.csc_array])
def test_new_rows_of_small_types_lie_between(
    container: Callable[..., Any], dtype: Any
) -> None:
    """Differences below 0, or too large for the type, do not wrap around."""
    ends = {bool: (0, 1), np.int8: (-120, 120)}.get(dtype, (109, 248))
    rng = np.random.default_rng(0)
    table = rng.integers(*ends, size=(28, 6), endpoint=True).astype(dtype)
    sampler = MSMOTE(k_neighbors=7, random_state=0)
    new, _ = sampler.fit_resample(container(table), [1] * 8 + [0] * 20)
    made = (new if container is np.asarray else new.toarray())[28:]
    first, second = table[sampler.parent_indices_].swapaxes(0, 1)
    assert made.dtype == dtype
    assert len(np.unique(made, axis=0)) > 1
    assert (made >= np.minimum(first, second)).all()
    assert (made <= np.maximum(first, second)).all()


def test_sparse_tables_keep_their_type() -> None:
    """A sparse table of single precision stays one, in its own format."""
    for kind in (sparse.csr_array, sparse.csc_matrix):
        new, _ = MSMOTE(k_neighbors=3, random_state=0).fit_resample(
            kind(X.astype(np.float32)), Y
        )
        assert isinstance(new, kind)
        assert new.dtype == np.float32


def test_in_a_pipeline_over_a_frame() -> None:
    """It works on DataFrames and text labels, ahead of a classifier."""
    frame = pd.DataFrame({"a": X[:, 0], "b": -X[:, 0]})
    labels = np.where(Y == 1, "rare", "common")
    model = make_pipeline(MSMOTE(random_state=0), LogisticRegression())
    assert model.fit(frame, labels).predict(frame[:2]).tolist() == ["rare", "rare"]
    new, _ = MSMOTE(random_state=0).fit_resample(frame, labels)
    assert new.columns.tolist() == ["a", "b"]


def test_too_few_rows() -> None:
    """More neighbours than other rows is an error that says how many are possible."""
    with pytest.raises(InputError, match="k_neighbors is 5 and X has 4 rows"):
        MSMOTE().fit_resample([[0.0], [1], [2], [3]], [0, 0, 0, 1])


@pytest.mark.parametrize(
    "parameters", [{"k_neighbors": 0}, {"neighbor_pool": "majority"}]
)
def test_parameters_out_of_range(parameters: dict[str, Any]) -> None:
    """A parameter that cannot be used is named."""
    with pytest.raises(ValueError, match=next(iter(parameters))):
        MSMOTE(**parameters).fit_resample(X, Y)
