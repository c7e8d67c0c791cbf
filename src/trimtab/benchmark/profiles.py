"""How far each method is from the best, over data sets: Dolan and Moré's profiles."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pandas as pd

from trimtab.exceptions import InputError

__all__ = ["performance_profile", "performance_ratios"]


def performance_ratios(
    scores: pd.DataFrame, *, greater_is_better: bool = True
) -> pd.DataFrame:
    """Return how many times worse than the best each method is on each data set.

    Parameters
    ----------
    scores : DataFrame
        One row a data set, one column a method.
    greater_is_better : bool, default=True
        For scores the ratio is the best score over the method's; for losses and
        costs the method's over the best, as in the source.

    Returns
    -------
    DataFrame
        1 for the best of each data set. Infinite where a method has no score; and
        where its score is 0 or below, or its loss is above a best one of 0, for which
        no ratio says anything.
    """
    values = scores.to_numpy(dtype=float)
    if not greater_is_better:
        best = np.fmin.reduce(values, axis=1, keepdims=True)
        above, below = values, np.broadcast_to(best, values.shape)
    else:
        best = np.fmax.reduce(values, axis=1, keepdims=True)
        above, below = np.broadcast_to(best, values.shape), values
    ratios = np.full(values.shape, np.inf)
    is_best = values == best
    can = (below > 0) & ~np.isnan(above)
    ratios[can] = above[can] / below[can]
    ratios[is_best] = 1.0
    return pd.DataFrame(ratios, index=scores.index, columns=scores.columns)


def performance_profile(
    scores: pd.DataFrame, *, greater_is_better: bool = True
) -> pd.DataFrame:
    """Return on which share of the data sets a method is within a factor of the best.

    Dolan and Moré, Mathematical Programming 91, 2002. At a factor of 1 stands the share
    of data sets on which a method is best; where its line ends, the share on which it
    has a score at all.

    Parameters
    ----------
    scores, greater_is_better
        As for `performance_ratios`.

    Returns
    -------
    DataFrame
        One row for each factor at which a method's share rises, from 1 on, as the
        index ``factor``; one column a method. Between two rows the shares stay.

    Raises
    ------
    InputError
        Where there is no data set or no method.

    Examples
    --------
    >>> scores = pd.DataFrame({"a": [0.8, 0.5], "b": [0.4, 0.6]})
    >>> performance_profile(scores).round(2).reset_index()
       factor    a    b
    0     1.0  0.5  0.5
    1     1.2  1.0  0.5
    2     2.0  1.0  1.0
    """
    if scores.empty:
        raise InputError("there is no score to profile: give a data set and a method")
    ratios = performance_ratios(scores, greater_is_better=greater_is_better)
    values = ratios.to_numpy()
    factors = np.unique(np.append(values[np.isfinite(values)], 1.0))
    reached = values[None, :, :] <= factors[:, None, None]
    return pd.DataFrame(
        reached.mean(axis=1),
        index=pd.Index(factors, name="factor"),
        columns=scores.columns,
    )
