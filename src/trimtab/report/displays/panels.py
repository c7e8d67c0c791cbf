"""Axes for pictures in code that have several panels, one above the other."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.exceptions import InputError, MissingExtraError

__all__ = ["panels"]


def panels(axes: Any, heights: Sequence[float]) -> NDArray[Any]:
    """Return an Axes for each panel, of a new figure or as they were given.

    Parameters
    ----------
    axes : Axes, array-like of Axes, or None
        Where to draw. None: a new figure, the panels share their x-axis.
    heights : sequence of float
        Of each panel of a new figure, in inches.

    Returns
    -------
    ndarray of Axes of shape (n_panels,)

    Raises
    ------
    InputError
        Where not as many axes are given as there are panels.
    MissingExtraError
        Where matplotlib is not installed.
    """
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise MissingExtraError("matplotlib", "bench") from error

    n = len(heights)
    if axes is None:
        _, made = pyplot.subplots(
            n,
            sharex=True,
            squeeze=False,
            figsize=(7, sum(heights)),
            height_ratios=heights,
            layout="constrained",
        )
        return np.asarray(made).ravel()
    given = np.asarray(axes, dtype=object).reshape(-1)
    if len(given) != n:
        raise InputError(
            f"axes holds {len(given)}: give {n}, such as plt.subplots({n})[1]"
        )
    return given
