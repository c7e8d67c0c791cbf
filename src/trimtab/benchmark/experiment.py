"""One experiment, and what came of it."""

# SPDX-License-Identifier: BSD-3-Clause

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Integral
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from trimtab.benchmark.history import History
from trimtab.benchmark.protocol import MAX_SEED, Protocol, split_seed
from trimtab.benchmark.tuning import Tuning
from trimtab.exceptions import InputError

__all__ = ["Experiment", "Outcome", "Status"]

Status = Literal["done", "error", "timeout"]


@dataclass(frozen=True)
class Experiment:
    """One (data set, method, split, seed, parameters).

    Attributes
    ----------
    dataset : str
        A data set's name; for a user's own table the name and a digest of its
        content, ``claims.csv@1f3a...``, so that a changed file is another data set.
    method : str
        The name of a registered method.
    protocol : Protocol
        How rows are split.
    repeat, fold : int
        Which split of the protocol.
    seed : int, default=0
        Seed of the splits and of the method.
    parameters : str, default="{}"
        Parameters that the method's factory is given, as JSON with sorted keys
        (`Experiment.of` makes it from a mapping).
    code : str, default=""
        For a user's own method a digest of its code (`Method.code`), so that results
        of what it was before are not taken for it.
    tuning : Tuning or None, default=None
        How the parameters that are not given are searched inside the training part.

    Raises
    ------
    InputError
        Where the seed is out of its range.
    """

    dataset: str
    method: str
    protocol: Protocol
    repeat: int
    fold: int
    seed: int = 0
    parameters: str = "{}"
    code: str = ""
    tuning: Tuning | None = None

    def __post_init__(self) -> None:
        is_whole = isinstance(self.seed, Integral)
        if not is_whole or not 0 <= self.seed <= MAX_SEED:
            raise InputError(
                f"the seed is {self.seed!r}: give one from 0 to {MAX_SEED}"
            )

    @classmethod
    def of(cls, parameters: Mapping[str, Any], **fields: Any) -> "Experiment":
        """Return the experiment with `parameters` given as a mapping."""
        return cls(parameters=json.dumps(parameters, sort_keys=True), **fields)

    @cached_property
    def key(self) -> str:
        """Stable name of the experiment: the same on every machine and version."""
        record: dict[str, Any] = {
            "dataset": self.dataset,
            "method": self.method,
            "protocol": self.protocol.as_dict(),
            "repeat": self.repeat,
            "fold": self.fold,
            "seed": self.seed,
            "parameters": json.loads(self.parameters),
        }
        if self.code:
            record["code"] = self.code
        if self.tuning:
            record["tuning"] = self.tuning.as_dict()
        canonical = json.dumps(record, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:32]

    @property
    def random_state(self) -> int:
        """Seed of the method: each repeat draws anew, folds share it."""
        return split_seed(self.seed, self.repeat)


@dataclass(frozen=True)
class Outcome:
    """What came of an experiment.

    Attributes
    ----------
    status : {"done", "error", "timeout"}
        Whether it ran to its end.
    reason : str
        For what did not: the error in one line.
    measures : dict of str to float
        Scores, by the names of `trimtab.metrics.MEASURES`, and costs:
        ``fit_seconds``, ``predict_seconds``, ``threshold_seconds``,
        ``peak_memory_mb`` (of the process while it fitted), ``n_train_rows`` (rows
        the learners were fitted on, after resampling), ``n_test_rows``;
        ``resample_seconds`` where a sampler resamples;
        ``average_precision@5``, ``n_train_rows@5`` and the like for the stages of a
        protocol; ``own_threshold`` where the classifier decides by one of its own;
        and where parameters were tuned ``tuning_seconds``, ``tuning_score``,
        ``n_trials`` and ``n_failed_trials``.
    per_class : list of dict
        For each class ``label``, ``precision``, ``recall``, ``f1``, ``support``.
    threshold : float or None
        The decision threshold chosen inside the training part, for two classes.
    scores : ndarray of float32 of shape (n_test_rows, n_classes) or None
        Predicted probabilities of the test rows, in the order of the split.
    history : History or None
        What a learner that keeps a record did from round to round, for the first
        split of a protocol.
    tuned_parameters : dict of str to object or None
        Where parameters were tuned, what was chosen.
    """

    status: Status
    reason: str = ""
    measures: dict[str, float] = field(default_factory=dict)
    per_class: list[dict[str, Any]] = field(default_factory=list)
    threshold: float | None = None
    scores: NDArray[np.float32] | None = None
    history: History | None = None
    tuned_parameters: dict[str, Any] | None = None
