"""What an estimator did from round to round, small enough to keep beside its scores."""

# SPDX-License-Identifier: BSD-3-Clause

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trimtab.ensembles.ensemble_history import EnsembleHistory
from trimtab.exceptions import InputError
from trimtab.meta_sampler.policy import LearnedPolicy
from trimtab.sampling.draw_history import DrawHistory, innermost

__all__ = ["MAX_CLASSES_KEPT", "MAX_ROUNDS_KEPT", "OTHERS", "History", "history_of"]

MAX_ROUNDS_KEPT = 200
"""Of a longer history so many rounds are kept, evenly spaced."""

MAX_CLASSES_KEPT = 12
"""Of more classes so many are kept.

These are the one of interest, the one that ended furthest above its share of the rows,
and those whose share of the draw moved the furthest.
"""

OTHERS = "all others"
"""How several classes beside the one of interest are called."""

DIGITS = 4


@dataclass(frozen=True, eq=False)
class History:
    """A small table of what changed from round to round.

    Attributes
    ----------
    kind : str
        What it is about, and so which series it has. ``"draw"``: ``drawn`` and ``f1``
        of each class, and as facts each class's ``prior``, the epoch ``kept``,
        ``n_replicas``, ``n_classes`` (before some were left out) and whether the draw
        ``follows_f1``, as ART's does and BALMS's does not. ``"ensemble"``:
        of all other classes together and of the class of interest ``rows``, which were
        drawn, and ``train``, the shares of their errors in bins over [0, 1]; where
        there are any also ``held_out``, the same of the held-out rows, ``score``,
        ``mu`` and ``ratio``; and as facts the ``metric``, whether each column's rows
        are chosen at all (``is_chosen``), and whether the policy ``is_learned`` (null
        where none could be).
    rounds : ndarray of int of shape (n_rounds,)
        Rounds, epochs or members, counted from 1, ascending.
    series : dict of str to ndarray of float of shape (n_rounds, ...)
        Numbers of each round, NaN where there is none. Where they have columns, each
        is named by `columns`.
    columns : list of str, default=[]
        The classes.
    facts : dict of str to any JSON value, default={}
        What does not change.
    """

    kind: str
    rounds: NDArray[np.int64]
    series: dict[str, NDArray[np.float64]]
    columns: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the table as text, numbers rounded to four decimals."""
        series = {name: _rounded(values) for name, values in self.series.items()}
        record = {
            "kind": self.kind,
            "rounds": self.rounds.tolist(),
            "series": series,
            "columns": self.columns,
            "facts": self.facts,
        }
        return json.dumps(record, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "History":
        """Read what `to_json` wrote."""
        record = json.loads(text)
        series = {name: np.array(v, float) for name, v in record["series"].items()}
        rounds = np.array(record["rounds"], dtype=np.int64)
        return cls(record["kind"], rounds, series, record["columns"], record["facts"])


def _rounded(values: Any) -> Any:
    rounded = np.round(np.asarray(values, dtype=float), DIGITS)
    known = np.isfinite(rounded)
    if known.all():
        return rounded.tolist()
    with_gaps = rounded.astype(object)
    with_gaps[~known] = None
    return with_gaps.tolist()


def history_of(estimator: Any, positive: str) -> History | None:
    """Return what a fitted estimator did from round to round.

    Parameters
    ----------
    estimator : estimator
        Fitted; a pipeline or a search is looked into.
    positive : str
        The name of the class of interest, which is never left out.

    Returns
    -------
    History or None
        None for an estimator that keeps no record of a kind that is known here, or a
        network whose draw stands still.
    """
    try:
        return _of_members(EnsembleHistory.of(estimator), estimator, positive)
    except InputError:
        pass
    try:
        draws = DrawHistory.of(estimator)
    except InputError:
        return None
    # Means over replicas are rounded.
    moves = np.ptp(draws.drawn, axis=0).max() > 1e-6
    if not (moves or _adapts(estimator)):
        return None
    return _of_draws(draws, positive, not _learns(estimator))


def _adapts(estimator: Any) -> bool:
    """Whether it is made to adapt its draw, even if it did not come to it."""
    names = estimator.get_params() if hasattr(estimator, "get_params") else ()
    return any(name.rpartition("__")[2] == "boost_frequency" for name in names)


def _learns(estimator: Any) -> bool:
    """Whether its draw learns from the batches, and takes no notice of any F1."""
    values = estimator.get_params() if hasattr(estimator, "get_params") else {}
    draws = [v for name, v in values.items() if name.rpartition("__")[2] == "draw"]
    return any(getattr(draw, "learns", draw == "meta") for draw in draws)


def _of_draws(draws: DrawHistory, positive: str, follows_f1: bool) -> History:
    rounds = _evenly(len(draws.epochs))
    names = [str(label) for label in draws.classes.tolist()]
    moved = np.ptp(draws.drawn, axis=0)
    moved[[name == positive for name in names]] = np.inf
    moved[np.argmax(draws.drawn[-1] - draws.prior)] = np.inf
    chosen = np.sort(np.argsort(-moved, kind="stable")[:MAX_CLASSES_KEPT])
    facts: dict[str, Any] = {
        "kept": draws.best_epoch,
        "n_replicas": draws.n_replicas,
        "n_classes": len(names),
        "follows_f1": follows_f1,
        "prior": _rounded(draws.prior[chosen]),
    }
    return History(
        "draw",
        draws.epochs[rounds],
        {
            "drawn": draws.drawn[np.ix_(rounds, chosen)],
            "f1": draws.f1[np.ix_(rounds, chosen)],
        },
        [names[code] for code in chosen],
        facts,
    )


def _of_members(grown: EnsembleHistory, estimator: Any, positive: str) -> History:
    rounds = _evenly(len(grown.members))
    names = [str(label) for label in grown.classes.tolist()]
    is_positive = np.array([name == positive for name in names])
    is_large = np.arange(len(names)) != grown.smallest
    groups = np.array([~is_positive, is_positive])
    shares = groups * grown.prior
    shares /= shares.sum(axis=1, keepdims=True)
    series = {
        "rows": grown.rows @ groups.T,
        "train": shares @ grown.train,
        "score": grown.score,
        "mu": grown.mu,
        "ratio": grown.ratio,
    }
    if grown.held_out is not None:
        series["held_out"] = shares @ grown.held_out
    policy = getattr(innermost(estimator), "policy_", None)
    facts = {
        "metric": grown.metric,
        "is_chosen": (groups & is_large).any(axis=1).tolist(),
        "is_learned": None if policy is None else isinstance(policy, LearnedPolicy),
    }
    others = names[int(np.argmin(is_positive))] if len(names) == 2 else OTHERS
    known = {name: values for name, values in series.items() if _any_known(values)}
    return History(
        "ensemble",
        grown.members[rounds],
        {name: values[rounds].astype(float) for name, values in known.items()},
        [others, positive],
        facts,
    )


def _any_known(values: NDArray[Any]) -> bool:
    return not np.isnan(values).all()


def _evenly(n: int) -> NDArray[np.int64]:
    """Return the positions of rounds to keep, the first and the last among them."""
    steps = np.linspace(0, n - 1, min(n, MAX_ROUNDS_KEPT))
    return np.round(steps).astype(np.int64)
