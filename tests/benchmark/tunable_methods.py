"""Methods with a known best setting, for tests of what tunes them."""

import sys
import time
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.pipeline import make_pipeline

from trimtab.benchmark.methods import Method, TableInfo

BEST = 0.7


class Noisy(ClassifierMixin, BaseEstimator):
    """Sees the truth in the first column, the less the further `shift` is from 0.7."""

    def __init__(
        self,
        shift: float = 0.0,
        kind: str = "plain",
        seconds: float = 0.0,
        folder: str | None = None,
        random_state: int = 0,
    ) -> None:
        self.shift, self.kind, self.seconds = shift, kind, seconds
        self.folder, self.random_state = folder, random_state

    def fit(self, X: Any, y: Any) -> "Noisy":
        time.sleep(self.seconds)
        if self.kind == "fails" and self.shift > 0.5:
            raise RuntimeError("no luck\nabove 0.5")
        if self.kind == "always fails":
            raise RuntimeError("no luck")
        self.classes_ = np.unique(y)
        self._note("fitted", X)
        return self

    def predict(self, X: Any) -> Any:
        return self.classes_[self._probabilities(X).argmax(axis=1)]

    def predict_proba(self, X: Any) -> Any:
        self._note("predicted", X)
        return self._probabilities(X)

    def _probabilities(self, X: Any) -> Any:
        if self.kind == "nan" and self.shift > 0.5:
            return np.full((len(X), 2), np.nan)
        noise = np.random.default_rng([len(X), self.random_state]).normal(size=len(X))
        margin = X[:, 0] + 4 * abs(self.shift - BEST) * noise
        positive = 1 / (1 + np.exp(-margin))
        return np.column_stack([1 - positive, positive])

    def _note(self, what: str, X: Any) -> None:
        """Write down which rows were seen, by the last column."""
        if self.folder is not None:
            with (Path(self.folder) / f"{what}.txt").open("a") as file:
                file.write(" ".join(str(int(row)) for row in X[:, -1]) + "\n")


class CountedFits(TransformerMixin, BaseEstimator):
    """Changes nothing, and counts how often it was fitted."""

    fits = 0

    def __init__(self, width: int = 1) -> None:
        self.width = width

    def fit(self, X: Any, y: Any = None) -> "CountedFits":
        type(self).fits += 1
        return self

    def transform(self, X: Any) -> Any:
        return np.asarray(X) + 0.0


def noisy(
    info: TableInfo, random_state: int, shift: float = 0.0, **parameters: Any
) -> Any:
    return Noisy(shift, random_state=random_state, **parameters)


def noisy_in_a_pipeline(
    info: TableInfo, random_state: int, shift: float = 0.0, width: int = 1
) -> Any:
    return make_pipeline(CountedFits(width), Noisy(shift))


def search_shift(trial: Any) -> dict[str, Any]:
    return {"shift": trial.suggest_float("shift", -2.0, 2.0)}


NOISY = Method("noisy", "Best at 0.7.", "toy", noisy, search_shift)
PIPELINE = Method("pipeline", "Likewise.", "toy", noisy_in_a_pipeline, search_shift)

# Workers cannot import the tests: what is in this file goes to them as it is.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


def noisy_table(n_rows: int = 300) -> tuple[Any, Any]:
    """Return rows whose last column is their number, one in five positive."""
    rng = np.random.default_rng(0)
    y = np.arange(n_rows) % 5 == 0
    X = np.column_stack([np.where(y, 3.0, -3.0), rng.normal(size=n_rows)])
    return np.column_stack([X, np.arange(n_rows)]), y.astype(int)
