"""Over-sampling with a conditional Wasserstein GAN."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from torch import nn

from trimtab.synthesis.cwgan_training import (
    GANSettings,
    GANTask,
    rows_of_classes,
    trained_generators,
)
from trimtab.synthesis.row_making_sampler import RowMakingSampler, dense_rows

__all__ = ["CWGANOverSampler"]


class CWGANOverSampler(RowMakingSampler):
    """Over-sample with rows that a conditional GAN makes of noise.

    A generator and a critic are trained on all rows with their classes: the critic
    learns to tell real rows from made ones of the same class, the generator to make
    rows that it takes for real and that a classifier, trained beforehand, calls by the
    class that was wanted (Engelmann and Lessmann, Expert Systems with Applications
    174, 2021). Then the generator makes the rows that classes lack.

    Parameters
    ----------
    sampling_strategy : float, str, dict or callable, default="auto"
        Which classes get how many rows, as everywhere in imbalanced-learn. By default
        all classes get as many as the largest.
    random_state : int, RandomState or None, default=None
        Decides everything.
    max_iter : int, default=300
        Epochs: how often the critic sees each row.
    batch_size : int, default=64
        Rows of a training step.
    n_critic : int, default=3
        Steps of the critic for each of the generator.
    learning_rate_init : float, default=1e-4
        Of Adam, for both.
    penalty : float, default=15.0
        Weight of the gradient penalty.
    n_noise : int, default=30
        Uniform random numbers that a row is made of.

    Attributes
    ----------
    sampling_strategy_ : dict
        How many rows each class is to get.
    sample_indices_ : ndarray of int of shape (n_rows,)
        The rows that were kept, which are all; the new ones follow them.
    generator_ : torch module or None
        Makes rows, scaled to [0, 1], of noise and of a class, one-hot: ``(1, n,
        n_columns)`` of ``(1, n, n_noise + n_classes)``. None where no class was to get
        rows.
    n_features_in_ : int
        Number of columns.
    feature_names_in_ : ndarray of str of shape (n_columns,)
        Names of the columns, where they are strings.

    Notes
    -----
    Networks and numbers are those of the authors' code; beyond it there may be any
    number of classes, which the networks are told one-hot. Columns are scaled to [0, 1]
    by their range, which no made row leaves. The paper has special layers for
    categories; here, columns of two values, one-hot encoded categories for instance,
    get the nearer of the two. New rows of whole numbers are whole numbers. Sparse
    tables are made dense while rows are made.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> X, y = make_classification(200, weights=[0.9], random_state=0)
    >>> sampler = CWGANOverSampler(max_iter=5, random_state=0)
    >>> X_new, y_new = sampler.fit_resample(X, y)
    >>> bool(len(X_new) == 2 * (y == 0).sum()), bool((X_new.max(0) <= X.max(0)).all())
    (True, True)
    """

    _trained: tuple[GANTask, nn.Module] | None = None
    """What `train_together` left for the next ``fit_resample``."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **RowMakingSampler._parameter_constraints,
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "n_critic": [Interval(Integral, 1, None, closed="left")],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "penalty": [Interval(Real, 0, None, closed="left")],
        "n_noise": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        *,
        sampling_strategy: float
        | str
        | Mapping[Any, int]
        | Callable[..., Any] = "auto",
        random_state: int | np.random.RandomState | None = None,
        max_iter: int = 300,
        batch_size: int = 64,
        n_critic: int = 3,
        learning_rate_init: float = 1e-4,
        penalty: float = 15.0,
        n_noise: int = 30,
    ) -> None:
        super().__init__(sampling_strategy=sampling_strategy)
        self.random_state = random_state
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.n_critic = n_critic
        self.learning_rate_init = learning_rate_init
        self.penalty = penalty
        self.n_noise = n_noise

    @staticmethod
    def train_together(
        samplers: Sequence["CWGANOverSampler"], tables: Sequence[tuple[Any, Any]]
    ) -> None:
        """Train the generators of several samplers, side by side where they can be.

        Folds of a cross-validation have tables of one shape: eight GANs on them cost
        what two to four cost that are trained one after the other. Each sampler's next
        ``fit_resample`` on its table makes rows by what was trained, the same as
        without this but for rounding.

        Parameters
        ----------
        samplers : sequence of CWGANOverSampler
            Their ``random_state`` is a number. Side by side are those whose parameters
            are equal but for it and `sampling_strategy`, and whose tables have one
            shape and as many classes.
        tables : sequence of tuple (X, y)
            Arrays or sparse matrices of numbers, and the labels of each.
        """
        pairs = zip(samplers, tables, strict=True)
        tasks = [sampler._task(*table)[0] for sampler, table in pairs]
        makers = trained_generators(tasks)
        for sampler, task, maker in zip(samplers, tasks, makers, strict=True):
            sampler._trained = task, maker

    def _task(
        self, X: Any, y: NDArray[Any]
    ) -> tuple[GANTask, MinMaxScaler, NDArray[Any]]:
        """Return what is to be trained, what scales the rows, and the classes."""
        scaler = MinMaxScaler().set_output(transform="default")
        scaled = scaler.fit_transform(dense_rows(X).astype(np.float64))
        classes, codes = np.unique(y, return_inverse=True)
        settings = GANSettings(
            self.max_iter,
            self.batch_size,
            self.n_critic,
            self.learning_rate_init,
            self.penalty,
            self.n_noise,
        )
        task = GANTask(
            torch.from_numpy(scaled.astype(np.float32)),
            torch.from_numpy(codes),
            len(classes),
            settings,
            check_random_state(self.random_state).randint(2**31 - 1),
        )
        return task, scaler, classes

    def _new_rows(
        self, X: Any, y: NDArray[Any], wanted: Mapping[Any, int]
    ) -> tuple[Any, NDArray[Any]]:
        self.generator_: nn.Module | None = None
        if not wanted:
            return X[:0], y[:0]
        task, scaler, classes = self._task(X, y)
        self.generator_ = self._generator(task)
        places = np.searchsorted(classes, np.array(list(wanted), dtype=y.dtype))
        targets = np.repeat(places, list(wanted.values()))
        made = rows_of_classes(self.generator_, torch.from_numpy(targets), task)
        snapped = _snapped(made.double().numpy(), task.rows.numpy())
        new = scaler.inverse_transform(snapped)
        return new.clip(scaler.data_min_, scaler.data_max_), classes[targets]

    def _generator(self, task: GANTask) -> nn.Module:
        """Return the generator that was trained ahead for this task, or train one."""
        known, self._trained = self._trained, None
        if known is not None and known[0].equals(task):
            return known[1]
        (maker,) = trained_generators([task])
        return maker


def _snapped(
    made: NDArray[np.float64], scaled: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Return made rows whose columns of two values hold one of the two."""
    of_two = np.logical_or(scaled == 0, scaled == 1).all(axis=0)
    return np.where(of_two, np.rint(made), made)
