"""An index for very many rows: as near as asked for, and never at the cost of a row."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from trimtab.synthesis import nearest_rows
from trimtab.synthesis.nearest_rows import nearest_others
from trimtab.synthesis.neighbours import own_neighbours

pytest.importorskip("faiss")


def alike(n_rows: int, n_columns: int, seed: int = 0) -> NDArray[Any]:
    """Return rows that six hidden numbers decide, far from 0, and some noise."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(n_rows, 6)) @ rng.normal(size=(6, n_columns))
    return hidden + 0.3 * rng.normal(size=hidden.shape) + 1000


def mean_distance(X: NDArray[Any], rows: NDArray[Any], found: NDArray[Any]) -> float:
    """Return how far rows are from what was found for them."""
    return float(np.linalg.norm(X[found] - X[rows][:, None], axis=2).mean())


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let small tables be looked through by the index."""
    monkeypatch.setattr(nearest_rows, "PAIRS", 1)


def exact(X: NDArray[Any], k: int, rows: NDArray[Any] | None = None) -> NDArray[Any]:
    """Return neighbours as they are found where there is no faiss."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearest_rows, "is_installed", lambda: False)
        return nearest_others(X, k, rows=rows)


def test_a_large_class_is_looked_through_by_index() -> None:
    """20,000 rows, as anyone would ask: hardly farther, twice the same, not itself."""
    X = alike(20_000, 30)
    found = own_neighbours(X, 5)
    rows = np.arange(0, 20_000, 10)
    true = exact(X, 5, rows)

    assert (
        np.mean([np.isin(*pair).mean() for pair in zip(true, found[rows], strict=True)])
        > 0.85
    )
    assert not np.array_equal(found[rows], true)  # else no index was used
    away = mean_distance(X, rows, found[rows]) / mean_distance(X, rows, true)
    assert 1 < away < 1.015
    assert (found != np.arange(20_000)[:, None]).all()
    np.testing.assert_array_equal(own_neighbours(X, 5), found)


@pytest.mark.usefixtures("always")
def test_some_rows_of_many() -> None:
    """Those asked for, in their order."""
    X = alike(4000, 9)
    rows = np.array([3999, 7, 1300])

    np.testing.assert_array_equal(
        nearest_others(X, 4, rows=rows)[:, 0], exact(X, 4, rows)[:, 0]
    )


@pytest.mark.usefixtures("always")
def test_no_structure_no_index() -> None:
    """Sixty columns of noise: few cells hold no neighbours, so search is exact."""
    X = np.random.default_rng(0).normal(size=(2000, 60))

    np.testing.assert_array_equal(nearest_others(X, 5), exact(X, 5))


@given(st.integers(0, 10**6), st.sampled_from([1e-30, 1.0, 1e30]))
@settings(deadline=None, max_examples=15)
def test_equal_rows_and_cells_of_few(seed: int, scale: float) -> None:
    """Rows of few distinct values, in any units: k others for each, none missing."""
    rng = np.random.default_rng(seed)
    X = scale * np.repeat(rng.integers(0, 3, size=(30, 7)), rng.integers(1, 90, 30), 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearest_rows, "PAIRS", 1)
        found = nearest_others(X, 5)
    rows = np.arange(len(X))

    assert found.min() >= 0
    assert all(len({row, *others}) == 6 for row, others in enumerate(found.tolist()))
    assert mean_distance(X / scale, rows, found) <= 1.02 * mean_distance(
        X / scale, rows, exact(X, 5)
    )


@pytest.mark.usefixtures("always")
def test_rows_in_poor_cells_are_looked_for_exactly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the index leaves out is found all the same."""
    whole = nearest_rows.nearest_by_index

    def forgetful(X: Any, k: int, asked: Any, sample: Any, true: Any) -> Any:
        found = whole(X, k, asked, sample, true)
        assert found is not None
        found[3, 2:] = -1
        return found

    monkeypatch.setattr(nearest_rows, "nearest_by_index", forgetful)
    X = alike(3000, 12)
    found = nearest_others(X, 5)

    assert found.min() >= 0
    np.testing.assert_array_equal(found[3], exact(X, 5, np.array([3]))[0])
