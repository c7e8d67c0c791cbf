"""The learner that ensembles grow from where none is given: LightGBM on few rows."""

# SPDX-License-Identifier: BSD-3-Clause

from typing import Any

__all__ = ["default_learner", "smallest_leaf"]


def smallest_leaf(n_drawn: int) -> int:
    """Return the fewest rows that a leaf may hold.

    LightGBM's own 20 cannot divide a balanced draw of 38 rows: it would predict the
    same for all. So from 160 rows downwards leaves shrink to an eighth of the rows,
    but not below 10 before a quarter of the rows is less.

    Parameters
    ----------
    n_drawn : int
        Rows that the learner is fitted on.

    Returns
    -------
    int
        LightGBM's ``min_child_samples``.

    Examples
    --------
    >>> [smallest_leaf(n) for n in (1000, 120, 60, 38, 6, 2)]
    [20, 15, 10, 9, 1, 1]
    """
    return max(1, min(20, max(10, n_drawn // 8), n_drawn // 4))


def default_learner(n_drawn: int) -> Any:
    """Return a LightGBM for so many rows.

    Quiet, of one thread and the same on every run. All else is LightGBM's own default.

    Parameters
    ----------
    n_drawn : int
        Rows that it is fitted on.

    Returns
    -------
    lightgbm.LGBMClassifier
    """
    from lightgbm import LGBMClassifier

    return LGBMClassifier(
        min_child_samples=smallest_leaf(n_drawn),
        n_jobs=1,
        deterministic=True,
        force_row_wise=True,
        verbosity=-1,
    )
