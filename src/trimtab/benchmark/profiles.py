"""Performance profiles: on how many data sets a method comes near to the best."""

# SPDX-License-Identifier: BSD-3-Clause

import numpy as np
import pandas as pd

__all__ = ["performance_profile"]


def performance_profile(
    scores: pd.DataFrame, fractions: "np.typing.ArrayLike"
) -> pd.DataFrame:
    """Return on which share of the data sets each method reaches a part of the best.

    Dolan and More, "Benchmarking optimization software with performance profiles",
    Mathematical Programming 91 (2002), turned to scores of which more is better.

    Parameters
    ----------
    scores : DataFrame
        One row a data set, one column a method. A missing score reaches nothing.
    fractions : array-like of float
        Parts of the best score.

    Returns
    -------
    DataFrame
        One row for each fraction, one column for each method.

    Examples
    --------
    >>> scores = pd.DataFrame({"one": [0.5, 0.9], "other": [1.0, 0.8]})
    >>> performance_profile(scores, [0.5, 0.8, 1.0])
         one  other
    0.5  1.0    1.0
    0.8  0.5    1.0
    1.0  0.5    0.5
    """
    ratios = scores.div(scores.max(axis=1), axis=0)
    shares = {fraction: (ratios >= fraction).mean() for fraction in np.ravel(fractions)}
    return pd.DataFrame(shares).T
