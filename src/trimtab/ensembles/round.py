"""What a policy sees before it chooses the rows of an ensemble's next member."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.exceptions import InputError
from trimtab.sampling.hardness import (
    class_error_histograms,
    draw_without_replacement,
    error_histogram,
    gaussian_weights,
    self_paced_shares,
    share_out,
)

__all__ = ["Histograms", "Round"]

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Histograms:
    """How the errors are distributed, on training rows and on held-out rows.

    Attributes
    ----------
    train, held_out : ndarray of float of shape (n_bins,) or (n_classes, n_bins)
        Shares of the rows, or of the rows of each class.
    """

    train: Floats
    held_out: Floats


@dataclass(frozen=True)
class Round:
    """The state of an ensemble before its next member.

    The error of a row is 1 - the mean probability that the members so far give its
    class; for two classes that is the paper's ``|F(x) - y|``. Before the first member
    all classes are as likely as each other, so all errors are 1 - 1 / n_classes.

    Attributes
    ----------
    number : int
        Members so far, from 0.
    n_rounds : int
        Members that the ensemble will have.
    codes : ndarray of int of shape (n_rows,)
        Class codes of the rows that may be drawn.
    errors : ndarray of float of shape (n_rows,)
        Their errors.
    held_out_codes, held_out_errors : ndarray of shape (n_held_out,)
        The same of the held-out rows. Empty where there are none.
    score : float
        The metric on the held-out rows. NaN before the first member, or without
        held-out rows.
    rows_by_class : tuple of ndarray of int
        For each class, the positions of its rows in `codes`.
    rng : numpy.random.Generator
        For whatever a policy leaves to chance.
    class_shares : ndarray of float of shape (n_classes,) or None
        Each class's share of all training rows, where only some of these may be drawn;
        None where all may.
    memory : dict
        A policy's own, empty at first and kept from round to round of one ensemble.
    notes : dict of str to float
        What a policy wants remembered of this round, such as ``mu``; it comes into the
        round's record.
    """

    number: int
    n_rounds: int
    codes: Codes
    errors: Floats
    held_out_codes: Codes
    held_out_errors: Floats
    score: float
    rows_by_class: tuple[Codes, ...]
    rng: np.random.Generator
    class_shares: Floats | None = None
    memory: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, float] = field(default_factory=dict)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.rows_by_class)

    @property
    def class_counts(self) -> Codes:
        """Rows of each class that may be drawn."""
        return np.array([len(rows) for rows in self.rows_by_class])

    def sizes(self, ratio: float = 1.0) -> Codes:
        """Return how many rows of each class a draw has.

        Parameters
        ----------
        ratio : float, default=1.0
            Rows of each class for one of the smallest, 1 or more; a class that has
            fewer gives all.

        Returns
        -------
        ndarray of int of shape (n_classes,)
        """
        if not ratio >= 1:
            raise InputError(f"ratio is {ratio!r}: give a number of 1 or more")
        counts = self.class_counts
        wanted = np.minimum(np.rint(ratio * float(counts.min())), counts)
        return wanted.astype(np.int64)

    def draw(
        self,
        weights: Floats | Callable[[Floats], Floats] | None = None,
        ratio: float = 1.0,
    ) -> Codes:
        """Draw rows of each class without replacement.

        Parameters
        ----------
        weights : ndarray of float of shape (n_rows,) or callable, default=None
            The chance of each row among those of its class, up to a factor; or a
            function that returns it for the errors of one class. None for all alike.
        ratio : float, default=1.0
            See `sizes`.

        Returns
        -------
        ndarray of int
            Positions in `codes`, class after class.

        Raises
        ------
        InputError
            Where there is not one weight a row, or one is negative or NaN.
        """
        drawn = []
        for rows, size in zip(
            self.rows_by_class, self.sizes(ratio).tolist(), strict=True
        ):
            if size == len(rows):
                drawn.append(rows)
                continue
            if callable(weights):
                of_class: Floats | None = weights(self.errors[rows])
            else:
                of_class = None if weights is None else self._of_rows(weights, rows)
            _check_weights(of_class, len(rows))
            chosen = draw_without_replacement(of_class, size, self.rng, len(rows))
            drawn.append(rows[chosen])
        return np.concatenate(drawn)

    def draw_near(self, mu: float, sigma: float, ratio: float = 1.0) -> Codes:
        """Draw rows of each class by a Gaussian of their errors (Algorithm 1).

        Parameters
        ----------
        mu : float
            The error that is wanted most, in [0, 1].
        sigma : float
            How far around it, above 0.
        ratio : float, default=1.0
            See `sizes`.

        Returns
        -------
        ndarray of int
            Positions in `codes`, class after class.
        """
        return self.draw(partial(gaussian_weights, mu=mu, sigma=sigma), ratio)

    def draw_paced(
        self,
        hardness: Callable[[Floats], Floats],
        n_bins: int,
        alpha: float,
        ratio: float = 1.0,
    ) -> Codes:
        """Draw rows of each class by bins of hardness (self-paced ensemble).

        Parameters
        ----------
        hardness : callable
            Returns the hardness of rows with the errors that it is given, each for
            itself.
        n_bins : int
            Bins of equal width from the least hardness of a class to the greatest.
        alpha : float
            See `trimtab.sampling.hardness.self_paced_shares`.
        ratio : float, default=1.0
            See `sizes`.

        Returns
        -------
        ndarray of int
            Positions in `codes`, class after class.
        """
        drawn = []
        for rows, size in zip(
            self.rows_by_class, self.sizes(ratio).tolist(), strict=True
        ):
            if size == len(rows):
                drawn.append(rows)
                continue
            hard = hardness(self.errors[rows])
            shares, bins = self_paced_shares(hard, n_bins, alpha)
            available = np.bincount(bins, minlength=n_bins)
            by_bin = np.argsort(bins, kind="stable")
            parts = np.split(by_bin, np.cumsum(available)[:-1])
            wanted = share_out(shares, size, available, self.rng).tolist()
            drawn += [
                rows[part[draw_without_replacement(None, n, self.rng, len(part))]]
                for part, n in zip(parts, wanted, strict=True)
            ]
        return np.concatenate(drawn)

    def _of_rows(self, weights: Floats, rows: Codes) -> Floats:
        """Return the weights of some rows, if there is one for every row."""
        _check_weights(weights, len(self.codes))
        return weights[rows]

    def histograms(self, n_bins: int, per_class: bool = False) -> Histograms:
        """Return the distribution of the errors (equation 1 of the paper).

        Parameters
        ----------
        n_bins : int
            Bins of equal width over [0, 1].
        per_class : bool, default=False
            Whether each class has a histogram of its own.

        Returns
        -------
        Histograms
            That of the held-out rows is all 0 where there are none.
        """
        parts = (
            (self.errors, self.codes),
            (self.held_out_errors, self.held_out_codes),
        )
        train, held_out = (
            class_error_histograms(errors, codes, self.n_classes, n_bins)
            if per_class
            else error_histogram(errors, n_bins)
            for errors, codes in parts
        )
        if self.class_shares is not None and not per_class:
            # What may be drawn has more of the rare classes than the table has.
            train = self.class_shares @ self.histograms(n_bins, per_class=True).train
        return Histograms(train, held_out)


def _check_weights(weights: Any, n_rows: int) -> None:
    if weights is None:
        return
    if np.shape(weights) != (n_rows,):
        raise InputError(
            f"weights have the shape {np.shape(weights)}: give one number for each of "
            f"the {n_rows} rows"
        )
    if not np.min(weights) >= 0:
        raise InputError(
            f"a row has the weight {np.min(weights)}: give numbers of 0 or more"
        )
