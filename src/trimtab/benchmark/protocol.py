"""How rows are split into a training and a test part."""

# SPDX-License-Identifier: BSD-3-Clause

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.exceptions import InputError
from trimtab.tables import Labels, held_out_split

__all__ = ["MAX_SEED", "THRESHOLD_FRACTION", "Protocol", "split_seed"]

Rows = NDArray[np.int64]

_REPEATS_OF_A_SEED = 10_000
MAX_SEED = 2**32 // _REPEATS_OF_A_SEED - 1

THRESHOLD_FRACTION = 0.2
"""The share of the training rows on which the decision threshold is chosen."""


def split_seed(seed: int, repeat: int) -> int:
    """Return the random state of a repeat: two seeds never share one.

    The first repeat of seed 0 has the random state 0.
    """
    return _REPEATS_OF_A_SEED * seed + repeat


@dataclass(frozen=True)
class Protocol:
    """Stratified folds, or repeated stratified splits; the same for every method.

    Attributes
    ----------
    n_splits : int, default=5
        Folds of each repeat. With `test_size` it must be 1.
    n_repeats : int, default=1
        How often the rows are shuffled and split anew.
    test_size : float or None, default=None
        Instead of folds, hold out this share of each class for testing.
    tune_threshold : bool, default=False
        For two classes, also choose a decision threshold on a part of the training
        rows that an extra fit did not see (see `trimtab.benchmark.running.evaluation`).
    n_tested : int or None, default=None
        Only so many of the folds of each repeat are tested on; the others are always
        trained on. None for all. The splits are those of the whole protocol.
    stages : sequence of int, default=()
        Of ensembles that grow member by member, also measure what they were with so
        many members; see `trimtab.benchmark.running.stages`.
    on_training_rows : bool, default=False
        Also measure on the training rows, as ``train_accuracy`` and the like: what a
        method has learned by heart.
    """

    n_splits: int = 5
    n_repeats: int = 1
    test_size: float | None = None
    tune_threshold: bool = False
    n_tested: int | None = None
    stages: Sequence[int] = ()
    on_training_rows: bool = False

    def __post_init__(self) -> None:
        for name in ("n_splits", "n_repeats"):
            value: Any = getattr(self, name)
            if not isinstance(value, Integral):
                raise InputError(f"{name} is {value!r}: give a whole number")
        if not 1 <= self.n_repeats <= _REPEATS_OF_A_SEED:
            raise InputError(
                f"n_repeats (repeats) is {self.n_repeats}: give 1 or more, up to "
                f"{_REPEATS_OF_A_SEED}"
            )
        if self.test_size is None:
            if self.n_splits < 2:
                raise InputError(f"n_splits (folds) is {self.n_splits}: give 2 or more")
        elif self.n_splits != 1 or not 0 < self.test_size < 1:
            raise InputError(
                f"test_size is {self.test_size} with n_splits {self.n_splits}: give a "
                "share inside (0, 1), and n_splits = 1"
            )
        if self.n_tested is not None and not 1 <= self.n_tested <= self.n_splits:
            raise InputError(
                f"n_tested is {self.n_tested}: give from 1 to n_splits, {self.n_splits}"
            )
        if any(stage < 1 for stage in self.stages):
            raise InputError(f"stages are {list(self.stages)}: give 1 or more for each")
        object.__setattr__(self, "stages", tuple(self.stages))

    def splits(self) -> Iterator[tuple[int, int]]:
        """Yield every (repeat, fold)."""
        for repeat in range(self.n_repeats):
            for fold in range(self.n_tested or self.n_splits):
                yield repeat, fold

    def rows(
        self, codes: NDArray[np.int64], repeat: int, fold: int, seed: int
    ) -> tuple[Rows, Rows]:
        """Return the training and the test rows of one split.

        Parameters
        ----------
        codes : ndarray of int of shape (n_rows,)
            Class codes.
        repeat, fold : int
            Which split.
        seed : int
            Seed of the whole run.

        Returns
        -------
        training, test : ndarray of int64
            Row positions.
        """
        random_state = split_seed(seed, repeat)
        if self.test_size is not None:
            return held_out_split(codes, self.test_size, random_state=random_state)
        from sklearn.model_selection import StratifiedKFold

        folds = StratifiedKFold(
            self.n_splits, shuffle=True, random_state=random_state
        ).split(codes, codes)
        training, test = next(itertools.islice(folds, fold, None))
        return training, test

    @property
    def test_fraction(self) -> float:
        """The share of the rows that are in each test part."""
        return self.test_size or 1 / self.n_splits

    def fitted_share(self, n_classes: int) -> float:
        """Return the least share of the rows that is fitted on, tuning left out."""
        has_threshold = self.tune_threshold and n_classes == 2
        set_aside = THRESHOLD_FRACTION if has_threshold else 0.0
        return (1 - self.test_fraction) * (1 - set_aside)

    def check(self, labels: Labels) -> None:
        """Raise an `InputError` where a class has too few rows for the splits."""
        needed = self.n_splits if self.test_size is None else 2
        rarest = int(np.argmin(labels.counts))
        count = int(labels.counts[rarest])
        left = count - math.ceil(count * self.test_fraction)
        has_threshold = self.tune_threshold and len(labels.classes) == 2
        if count >= needed and left < 2 and has_threshold:
            raise InputError(
                f"class {labels.names[rarest]!r} has {count} rows, of which "
                f"{self.describe()} leave {left} to train on, and a tuned threshold "
                "needs 2: turn it off (--no-tune-threshold), or merge or drop the class"
            )
        if count < needed:
            can_be_fewer = needed > 2 and count > 1
            cure = "lower the number of folds, or merge" if can_be_fewer else "merge"
            raise InputError(
                f"class {labels.names[rarest]!r} has {count} row{'s' * (count != 1)}, "
                f"fewer than the {needed} that {self.describe()} need: {cure} or drop "
                "the class"
            )

    def describe(self) -> str:
        """Return the protocol in a few words."""
        if self.test_size is None:
            of = f"{self.n_tested} of " if self.n_tested else ""
            text = f"{of}{self.n_splits} stratified folds"
        else:
            text = f"stratified splits with {self.test_size:.0%} for testing"
        return text + (f" × {self.n_repeats} repeats" if self.n_repeats > 1 else "")

    def as_dict(self) -> dict[str, Any]:
        """Return the fields that decide a result, for an experiment's key."""
        fields: dict[str, Any] = {
            "n_splits": self.n_splits,
            "test_size": self.test_size,
            "tune_threshold": self.tune_threshold,
        }
        # Left out where there are none: keys of earlier versions stay what they were.
        if self.on_training_rows:
            fields["on_training_rows"] = True
        return fields | ({"stages": list(self.stages)} if self.stages else {})
