"""Dolan and Moré's profiles, by hand and beside their definition."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.benchmark.profiles import performance_profile, performance_ratios
from trimtab.exceptions import InputError

SECONDS = pd.DataFrame(
    {
        "a": [1.0, 4.0, 9.0, 2.0],
        "b": [2.0, 2.0, 3.0, np.nan],
        "c": [1.0, 8.0, 6.0, 8.0],
    },
    index=["p1", "p2", "p3", "p4"],
)


def test_ratios_of_costs_by_hand() -> None:
    """The method's cost over the least; what failed is infinitely far."""
    ratios = performance_ratios(SECONDS, greater_is_better=False)

    assert ratios.to_numpy().tolist() == [
        [1, 2, 1],
        [2, 1, 4],
        [3, 1, 2],
        [1, np.inf, 4],
    ]


def test_profile_of_costs_by_hand() -> None:
    """Steps where a share rises; the last is the share that was solved at all."""
    profile = performance_profile(SECONDS, greater_is_better=False)

    assert profile.index.tolist() == [1, 2, 3, 4]
    assert profile["a"].tolist() == [0.5, 0.75, 1, 1]
    assert profile["b"].tolist() == [0.5, 0.75, 0.75, 0.75]
    assert profile["c"].tolist() == [0.25, 0.5, 0.5, 1]


def test_scores_are_turned() -> None:
    """Half the best score is a factor of two; a score of 0 is infinitely far."""
    scores = pd.DataFrame({"a": [0.8, 0.0, 0.5], "b": [0.4, 0.2, np.nan]})

    assert performance_ratios(scores).to_numpy().tolist() == [
        [1, 2],
        [np.inf, 1],
        [1, np.inf],
    ]


def test_where_no_ratio_says_anything() -> None:
    """A loss of 0 is best, all others are infinitely far; no score at all, too."""
    losses = pd.DataFrame({"a": [0.0, np.nan], "b": [0.1, np.nan], "c": [0.0, np.nan]})

    ratios = performance_ratios(losses, greater_is_better=False)
    assert ratios.to_numpy().tolist() == [[1, np.inf, 1], [np.inf] * 3]
    with pytest.raises(InputError, match="no score to profile"):
        performance_profile(losses.iloc[:0])


@given(st.lists(st.tuples(*[st.floats(0.01, 100)] * 3), min_size=1, max_size=8))
def test_profile_agrees_with_the_definition(rows: list[tuple[float, ...]]) -> None:
    """The share of problems whose ratio is at most the factor, for each factor."""
    costs = pd.DataFrame(rows, columns=["a", "b", "c"])
    profile = performance_profile(costs, greater_is_better=False)

    for factor, shares in profile.iterrows():
        for name, share in shares.items():
            within = [
                row["abc".index(str(name))] / min(row) <= float(str(factor))
                for row in rows
            ]
            assert share == pytest.approx(np.mean(within))
    assert (profile.iloc[-1] == 1).all()
