"""What AutoSMOTE decided for which row."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trimtab.exceptions import MissingExtraError
from trimtab.synthesis.learned_rows import AutoSMOTERows

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RowDecisions", "rare_rows"]


def rare_rows(codes: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Return the numbers of the rows of all classes but the largest."""
    counts = np.bincount(codes)
    return np.flatnonzero(counts[codes] < counts.max())


@dataclass(frozen=True, eq=False)
class RowDecisions:
    """How likely each option is for each row, in each replica.

    Attributes
    ----------
    rows : ndarray of int of shape (n_rows,)
        Numbers of the rows in the training table.
    labels : ndarray of shape (n_rows,)
        Their classes.
    options : dict of tuple
        The options of each decision, by its name.
    chances : dict of ndarray of float of shape (n_replicas, n_rows, n_options)
        The options' probabilities, by the decision's name.
    cohorts : ndarray of int of shape (n_replicas, n_rows) or None
        Each row's likeliest cohort, from 0; None without cohorts.
    """

    rows: NDArray[np.int64]
    labels: NDArray[Any]
    options: dict[str, tuple[Any, ...]]
    chances: dict[str, NDArray[np.float64]]
    cohorts: NDArray[np.int64] | None

    @classmethod
    def of(
        cls,
        learned: AutoSMOTERows,
        X: NDArray[Any],
        rows: NDArray[np.int64],
        labels: NDArray[Any],
    ) -> "RowDecisions":
        """Ask what was learned about some rows.

        Parameters
        ----------
        learned : AutoSMOTERows
            After training.
        X : ndarray of float of shape (n_rows, ...)
            The rows, scaled as in training.
        rows : ndarray of int of shape (n_rows,)
            Their numbers in the training table.
        labels : ndarray of shape (n_rows,)
            Their classes.
        """
        cohorts, chances = learned.probabilities(X)
        options = {one.name: tuple(one.options) for one in learned.taken}
        if not cohorts.shape[2]:
            return cls(rows, labels, options, chances, None)
        of_rows = {name: cohorts @ chance for name, chance in chances.items()}
        return cls(rows, labels, options, of_rows, cohorts.argmax(axis=2))

    @property
    def n_cohorts(self) -> NDArray[np.int64]:
        """How many cohorts have a row, in each replica."""
        n_replicas = len(next(iter(self.chances.values())))
        if self.cohorts is None:
            return np.zeros(n_replicas, dtype=np.int64)
        return np.array([len(np.unique(one)) for one in self.cohorts])

    def frame(self) -> "pd.DataFrame":
        """Return one line for each replica and row.

        Returns
        -------
        DataFrame
            ``replica``, ``row``, ``class``, with cohorts ``cohort``, and for each
            decision its likeliest option and, as ``<name>_probability``, how likely
            that is. For participation it is how likely it is to take part.

        Raises
        ------
        MissingExtraError
            Where pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingExtraError("pandas", "compare") from error

        n_replicas = len(next(iter(self.chances.values())))
        columns: dict[str, Any] = {
            "replica": np.repeat(np.arange(n_replicas), len(self.rows)),
            "row": np.tile(self.rows, n_replicas),
            "class": np.tile(self.labels, n_replicas),
        }
        if self.cohorts is not None:
            columns["cohort"] = self.cohorts.ravel()
        for name, options in self.options.items():
            chances = self.chances[name].reshape(-1, len(options))
            columns[name] = _chosen(options, chances.argmax(axis=1))
            told = chances.max(axis=1)
            if True in options and name == "participation":
                told = chances[:, options.index(True)]
            columns[f"{name}_probability"] = told
        return pd.DataFrame(columns)


def _chosen(options: Sequence[Any], numbers: NDArray[np.int64]) -> NDArray[Any]:
    return np.array(options)[numbers]
