"""An index for very many rows: as near as asked for, and never at the cost of a row."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from trimtab.synthesis import nearest_by_index, nearest_rows
from trimtab.synthesis.nearest_rows import nearest_others
from trimtab.synthesis.neighbours import own_neighbours, smote_partners

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
def tried(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Let small tables be looked through by index, and note whether that did."""
    did = []

    def noting(*arguments: Any) -> Any:
        found = nearest_by_index.nearest_by_index(*arguments)
        did.append(found is not None)
        return found

    monkeypatch.setattr(nearest_rows, "PAIRS", 1)
    monkeypatch.setattr(nearest_rows, "PER_CELL", 0)
    monkeypatch.setattr(nearest_rows, "nearest_by_index", noting)
    return did


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


def test_some_rows_of_many(tried: list[bool]) -> None:
    """Those asked for, in their order; a few of them are not worth an index."""
    X = alike(4000, 9)
    rows = np.array([3999, 7, 1300])

    np.testing.assert_array_equal(
        nearest_others(X, 4, rows=rows)[:, 0], exact(X, 4, rows)[:, 0]
    )
    assert tried == [True]


def test_few_rows_of_many_are_looked_for_exactly() -> None:
    """To make an index of 50,000 rows would take longer than to look at all."""
    X = alike(50_000, 12)
    rows = np.arange(2000)

    np.testing.assert_array_equal(nearest_others(X, 5, rows=rows), exact(X, 5, rows))


def test_no_structure_no_index(tried: list[bool]) -> None:
    """Sixty columns of noise: few cells hold no neighbours, so search is exact."""
    X = np.random.default_rng(0).normal(size=(2000, 60))

    np.testing.assert_array_equal(nearest_others(X, 5), exact(X, 5))
    assert tried == [False]


def far_row(X: NDArray[Any]) -> None:
    """Put one row very far away."""
    X[0] = 1e4


def narrow_half(X: NDArray[Any]) -> None:
    """Bring each second row near to the middle."""
    X[::2] *= 1e-3


@pytest.mark.parametrize("change", [far_row, narrow_half])
def test_the_trial_is_not_misled(change: Callable[[NDArray[Any]], None]) -> None:
    """Neither by one row far from all, nor by the order of the table."""
    X = np.random.default_rng(0).normal(size=(10_000, 12))
    change(X)
    rows = np.arange(1, 10_000, 3)
    found, true = nearest_others(X, 5)[rows], exact(X, 5, rows)
    times = [
        np.linalg.norm(X[these] - X[rows][:, None], axis=2) for these in (found, true)
    ]

    assert np.mean(times[0].sum(axis=1) / times[1].sum(axis=1)) < 1.02


@given(st.integers(0, 10**6), st.sampled_from([1e-200, 1e-30, 1.0, 1e30, 1e200]))
@settings(deadline=None, max_examples=15)
def test_equal_rows_and_cells_of_few(seed: int, unit: float) -> None:
    """Rows of few distinct values, in any units: k others for each, none missing."""
    rng = np.random.default_rng(seed)
    X = np.repeat(rng.integers(0, 3, size=(60, 7)), rng.integers(20, 90, 60), axis=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearest_rows, "PAIRS", 1)
        found = nearest_others(unit * X, 5)
    rows = np.arange(len(X))

    assert found.min() >= 0
    assert all(len({row, *others}) == 6 for row, others in enumerate(found.tolist()))
    assert mean_distance(X, rows, found) <= 1.02 * mean_distance(X, rows, exact(X, 5))


def test_rows_in_poor_cells_are_looked_for_exactly(
    tried: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the index leaves out is found all the same."""
    whole = nearest_rows.nearest_by_index

    def forgetful(*arguments: Any) -> Any:
        found = whole(*arguments)
        found[3, 2:] = -1
        return found

    monkeypatch.setattr(nearest_rows, "nearest_by_index", forgetful)
    X = alike(3000, 12)
    found = nearest_others(X, 5)

    assert tried == [True]
    assert found.min() >= 0
    np.testing.assert_array_equal(found[3], exact(X, 5, np.array([3]))[0])


def test_larger_parts_while_a_network_trains() -> None:
    """Partners of 20,000 rows are sought among all of them, not among 10,000."""
    X = alike(20_000, 12).astype(np.float32)
    partners, n_partners = smote_partners(X, np.zeros(len(X), dtype=np.int64), 5)

    np.testing.assert_array_equal(partners, own_neighbours(X, 5))
    assert (n_partners == 5).all()
