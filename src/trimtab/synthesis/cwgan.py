"""Over-sampling with a conditional Wasserstein GAN."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Callable, Iterator, Mapping
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from trimtab.random_streams import borrowed_stream
from trimtab.synthesis.cwgan_networks import (
    Critic,
    auxiliary_classifier,
    class_penalty,
    generator,
    gradient_penalty,
)
from trimtab.synthesis.row_making_sampler import RowMakingSampler, dense_rows

__all__ = ["CWGANOverSampler"]

AUXILIARY_SHARE = 0.1
"""What the auxiliary classifier's verdict weighs, of the critic's."""

AUXILIARY_RATE, AUXILIARY_EPOCHS = 5e-4, 30


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
        Makes rows, scaled to [0, 1], of noise and of a class, one-hot; None where no
        class was to get rows.
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

    def _new_rows(
        self, X: Any, y: NDArray[Any], wanted: Mapping[Any, int]
    ) -> tuple[Any, NDArray[Any]]:
        rng = check_random_state(self.random_state)
        self.generator_: nn.Module | None = None
        if not wanted:
            return X[:0], y[:0]
        dense = dense_rows(X)
        scaler = MinMaxScaler().set_output(transform="default")
        scaled = scaler.fit_transform(dense.astype(np.float64))
        classes, codes = np.unique(y, return_inverse=True)
        places = np.searchsorted(classes, np.array(list(wanted), dtype=y.dtype))
        targets = np.repeat(places, list(wanted.values()))
        with borrowed_stream():
            torch.default_generator.manual_seed(rng.randint(2**31 - 1))
            rows = torch.from_numpy(scaled.astype(np.float32))
            self._train(rows, torch.from_numpy(codes), len(classes))
            made = self._made(torch.from_numpy(targets), len(classes))
        made = _snapped(made, scaled)
        new = np.clip(scaler.inverse_transform(made), dense.min(0), dense.max(0))
        return new, classes[targets]

    def _train(self, rows: Tensor, codes: Tensor, n_classes: int) -> None:
        n_columns = rows.shape[1]
        known = one_hot(codes, n_classes).float()
        judge = Critic(n_columns, n_classes)
        maker = generator(self.n_noise, n_classes, n_columns)
        verdict = self._auxiliary(rows, codes, n_classes)
        optimizers = [
            torch.optim.Adam(
                one.parameters(),
                self.learning_rate_init,
                betas=(0.0, 0.9),
                fused=True,
            )
            for one in (judge, maker)
        ]
        batches = self._batches(len(rows), self.max_iter)
        for n_steps, batch in enumerate(batches, start=1):
            labels = known[batch]
            loss = self._critic_loss(judge, maker, rows[batch], labels)
            _step(optimizers[0], loss)
            if n_steps % self.n_critic == 0:
                own = codes[torch.randint(len(codes), (self.batch_size,))]
                loss = self._generator_loss(judge, maker, verdict, own, n_classes)
                _step(optimizers[1], loss)
        self.generator_ = maker.eval().requires_grad_(False)

    def _batches(self, n_rows: int, n_epochs: int) -> Iterator[Tensor]:
        for _ in range(n_epochs):
            yield from torch.split(torch.randperm(n_rows), self.batch_size)

    def _noise(self, n_rows: int) -> Tensor:
        return torch.rand(n_rows, self.n_noise, dtype=torch.float)

    def _critic_loss(
        self, judge: nn.Module, maker: nn.Module, rows: Tensor, labels: Tensor
    ) -> Tensor:
        with torch.no_grad():
            made = maker(torch.cat([self._noise(len(rows)), labels], 1))
        # So small a network costs by the call, not by the row: both in one.
        scores = judge(torch.cat([rows, made]), torch.cat([labels, labels]))
        of_real, of_made = scores.chunk(2)
        distance: Tensor = of_real.mean() - of_made.mean()
        return self.penalty * gradient_penalty(judge, rows, made, labels) - distance

    def _generator_loss(
        self,
        judge: nn.Module,
        maker: nn.Module,
        verdict: nn.Module,
        codes: Tensor,
        n_classes: int,
    ) -> Tensor:
        labels = one_hot(codes, n_classes).float()
        made = maker(torch.cat([self._noise(len(codes)), labels], 1))
        loss: Tensor = -judge(made, labels).mean()
        weight = AUXILIARY_SHARE * loss.detach().abs()
        return loss + weight * class_penalty(verdict(made), codes)

    def _auxiliary(self, rows: Tensor, codes: Tensor, n_classes: int) -> nn.Module:
        """Return a classifier, trained on the rows and frozen."""
        network = auxiliary_classifier(rows.shape[1], n_classes)
        optimizer = torch.optim.Adam(network.parameters(), AUXILIARY_RATE, fused=True)
        for batch in self._batches(len(rows), min(AUXILIARY_EPOCHS, self.max_iter)):
            _step(optimizer, cross_entropy(network(rows[batch]), codes[batch]))
        return network.requires_grad_(False)

    @torch.no_grad()
    def _made(self, codes: Tensor, n_classes: int) -> NDArray[np.float64]:
        """Return rows of the classes that are wanted, in [0, 1]."""
        assert self.generator_ is not None
        labels = one_hot(codes, n_classes).float()
        noise = self._noise(len(codes))
        made = self.generator_(torch.cat([noise, labels], dim=1)).clamp_(0, 1)
        numbers: NDArray[np.float64] = made.double().numpy()
        return numbers


def _step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def _snapped(
    made: NDArray[np.float64], scaled: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return made rows whose columns of two values hold one of the two."""
    of_two = np.logical_or(scaled == 0, scaled == 1).all(axis=0)
    return np.where(of_two, np.rint(made), made)
