"""One training run for the networks of one estimator, or of several side by side."""

# SPDX-License-Identifier: BSD-3-Clause

import hashlib
import io
import pickle
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trimtab.losses import Loss, get_loss
from trimtab.losses.stacked_loss import StackedLoss, is_stackable
from trimtab.sampling.draw import Draw, get_draw
from trimtab.sampling.stacked_draw import StackedDraw
from trimtab.synthesis.made_batches import LearnedSynthesis
from trimtab.synthesis.moving_rows import MovingRows
from trimtab.training.fit_rows import FitRows, resampled
from trimtab.training.network_choice import network_of
from trimtab.training.replica_network import ReplicaNetwork, StackedNetwork
from trimtab.training.trainer import Trainer
from trimtab.training.training_run import Record

__all__ = [
    "FitOutcome",
    "FitShare",
    "resampled_shares",
    "train_alone",
    "train_shares",
    "value_digest",
]


@dataclass(frozen=True, eq=False)
class FitShare:
    """What one estimator brings to a training run.

    Attributes
    ----------
    estimator : NetworkClassifier
        For its parameters.
    rows : FitRows
        What its replicas are trained and measured on, and their seeds.
    weight_held : array-like of shape (n_held_out_rows,) or None
        How many rows each held-out row stands for.
    network : ReplicaNetwork or None
        What is trained on; None for a new one.
    moving : MovingRows or None
        Rows that move while it is trained, in place of the estimator's `synthesis`.
    options : dict
        Options of `trimtab.training.trainer.Trainer` in place of the estimator's own.
    """

    estimator: Any
    rows: FitRows
    weight_held: Any = None
    network: ReplicaNetwork | None = None
    moving: MovingRows | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def n_replicas(self) -> int:
        """How many replicas it has."""
        return len(self.rows.seeds)

    def sharing_rows(self, others: Sequence["FitShare"]) -> "FitShare":
        """Return the same with the memory of another that has equal rows."""
        for other in others:
            if _same_rows(self.rows, other.rows):
                rows = replace(
                    other.rows,
                    seeds=self.rows.seeds,
                    class_prior=self.rows.class_prior,
                    resampling=self.rows.resampling,
                )
                return replace(self, rows=rows)
        return self

    def option(self, name: str) -> Any:
        """Return a parameter of the training, its own or the estimator's."""
        return self.options.get(name, getattr(self.estimator, name, None))

    def epoch_rows(self) -> int:
        """Return how many rows an epoch has."""
        draw = get_draw(self.estimator.draw)
        draw.start(self.counts(), 1)
        return len(self.rows.codes) if draw.n_rows is None else draw.n_rows

    def counts(self) -> NDArray[np.int64]:
        """Return the training rows of each class."""
        return np.bincount(self.rows.codes, minlength=len(self.rows.classes))


@dataclass(frozen=True, eq=False)
class FitOutcome:
    """What an estimator has of a training run.

    Attributes
    ----------
    network : ReplicaNetwork
        Its replicas, trained.
    history : list of dict
        Records as `trimtab.training.trainer.Trainer.fit` returns them.
    best_epochs : ndarray of int of shape (n_replicas,)
        The epoch whose weights each replica has.
    seen : ndarray of float of shape (n_replicas, n_classes)
        Rows of each class that those weights were trained on.
    synthesis : LearnedSynthesis or None, default=None
        What the synthesis learned, where it learns.
    best_rows : Tensor of shape (n_replicas, n_moving, ...) or None
        Where moving rows were in those epochs.
    """

    network: ReplicaNetwork
    history: list[Record]
    best_epochs: NDArray[np.int64]
    seen: NDArray[np.float64]
    synthesis: LearnedSynthesis | None = None
    best_rows: Tensor | None = None


def resampled_shares(shares: Sequence[FitShare]) -> list[FitShare]:
    """Return the same with training rows as samplers leave them, equal ones once."""
    if not any(share.rows.resampling for share in shares):
        return list(shares)
    changed: list[FitShare] = []
    for share, rows in zip(shares, resampled([s.rows for s in shares]), strict=True):
        changed.append(replace(share, rows=rows).sharing_rows(changed))
    return changed


def train_shares(shares: Sequence[FitShare]) -> list[FitOutcome]:
    """Train all estimators' replicas in one run, equal ones once.

    Parameters
    ----------
    shares : sequence of FitShare
        One or more. Of several, estimators and rows have the same structure, see
        `trimtab.training.side_by_side`. Where the network's replicas cannot be
        stacked, each share has a run of its own.

    Returns
    -------
    list of FitOutcome
        One for each share.
    """
    shares = resampled_shares(shares)
    twins = _twins(shares)
    distinct = sorted(set(twins))
    trained = _train_distinct([shares[position] for position in distinct])
    of_position = dict(zip(distinct, trained, strict=True))
    return [
        of_position[twin] if twin == position else deepcopy(of_position[twin])
        for position, twin in enumerate(twins)
    ]


def _train_distinct(shares: Sequence[FitShare]) -> list[FitOutcome]:
    first, sizes = shares[0], [share.n_replicas for share in shares]
    settings, n_classes = first.estimator, len(first.rows.classes)
    seeds = [seed for share in shares for seed in share.rows.seeds]
    network = _one_network(shares, sizes, seeds)
    if len(shares) > 1 and not isinstance(network, StackedNetwork):
        return [outcome for share in shares for outcome in _train_distinct([share])]
    options = {**first.options, "draw": _one_draw(shares, sizes)}
    options["loss"] = _one_loss(shares, sizes)
    for name in ("learning_rate_init", "weight_decay"):
        values = [share.option(name) for share in shares]
        options[name] = _of_replicas(values, sizes)
    own = [share.moving for share in shares if share.moving is not None]
    if own:
        options["synthesis"] = own[0] if len(own) == 1 else MovingRows.joined(own)
    trainer = _trainer(settings, network, options)
    trainer.fit(**_row_sets(shares, sizes), seeds=seeds, n_classes=n_classes)
    return _outcomes(trainer, sizes)


def _twins(shares: Sequence[FitShare]) -> list[int]:
    """Return for each share the first that is trained as it is, often itself.

    A method and its control may begin with one and the same network.
    """
    digests = [_digest(share) for share in shares] if len(shares) > 1 else [None]
    twins: list[int] = []
    for position, share in enumerate(shares):
        equal = (
            other
            for other in sorted(set(twins))
            if digests[position] is not None
            and digests[other] == digests[position]
            and _same_rows(share.rows, shares[other].rows)
        )
        twins.append(next(equal, position))
    return twins


def _digest(share: FitShare) -> bytes | None:
    """Return a digest of all but the rows; None where there is more to a share."""
    if share.network or share.moving or share.options or share.weight_held is not None:
        return None
    parameters = share.estimator.get_params(deep=False)
    content = sorted(parameters.items()), share.rows.seeds, type(share.estimator)
    try:
        return value_digest(content)
    except Exception:  # what cannot be pickled is equal to nothing
        return None


class _ByValue(pickle.Pickler):
    """Writes tensors by their values: PyTorch writes where they lie as well."""

    def reducer_override(self, value: Any) -> Any:
        """Say how a tensor is written."""
        if not isinstance(value, Tensor):
            return NotImplemented
        numbers = value.detach().cpu().reshape(-1).view(torch.uint8).numpy()
        return tuple, ((str(value.dtype), tuple(value.shape), numbers.tobytes()),)


def value_digest(value: Any) -> bytes:
    """Return what equal values have in common; raise where one cannot be pickled."""
    written = io.BytesIO()
    _ByValue(written).dump(value)
    return hashlib.sha256(written.getvalue()).digest()


def train_alone(estimator: Any, share: FitShare | None) -> None:
    """Train what one estimator has to train, to the end.

    Parameters
    ----------
    estimator : estimator
        Whose ``end_fit`` takes each outcome over, and returns what is to be trained
        next, None where nothing is.
    share : FitShare
        What its ``begin_fit`` returned.
    """
    while share is not None:
        (share,) = resampled_shares([share])  # and the rows of before are let go
        (outcome,) = train_shares([share])
        share = estimator.end_fit(outcome)


def _trainer(
    estimator: Any, network: ReplicaNetwork, changes: dict[str, Any]
) -> Trainer:
    """Return the trainer that an estimator's parameters, and changes to them, mean."""
    options = {
        "draw": estimator.draw,
        "loss": estimator.loss,
        "synthesis": estimator.synthesis,
        "metric": estimator.metric,
        "learning_rate_init": estimator.learning_rate_init,
        "schedule": estimator.schedule,
        "beta_1": estimator.beta_1,
        "weight_decay": estimator.weight_decay,
        "max_epochs": estimator.max_iter,
        "batch_size": estimator.batch_size,
        "n_iter_no_change": estimator.n_iter_no_change,
        "selection": estimator.selection,
        "device": estimator.device,
        "amp": estimator.amp,
    }
    return Trainer(network, **{**options, **changes})


def _one_network(
    shares: Sequence[FitShare], sizes: list[int], seeds: list[int]
) -> ReplicaNetwork:
    """Return the network of all: a new one, or those that they bring as one."""
    first, given = shares[0], [share.network for share in shares]
    stacked = [network for network in given if isinstance(network, StackedNetwork)]
    if len(shares) > 1 and len(stacked) == len(shares):
        return stacked[0].joined(stacked)
    if given[0] is not None:
        return given[0]
    dropout = _of_replicas([share.estimator.dropout for share in shares], sizes)
    n_classes = len(first.rows.classes)
    return network_of(first.estimator, first.rows.X, n_classes, seeds, dropout)


def _of_replicas(values: list[Any], sizes: list[int]) -> Any:
    """Return the one value of all, or a list with one for each replica."""
    if all(value == values[0] for value in values):
        return values[0]
    return [v for v, size in zip(values, sizes, strict=True) for _ in range(size)]


def _one_draw(shares: Sequence[FitShare], sizes: list[int]) -> Draw:
    draws = [get_draw(share.estimator.draw) for share in shares]
    return draws[0] if len(draws) == 1 else StackedDraw(draws, sizes)


def _one_loss(shares: Sequence[FitShare], sizes: list[int]) -> Loss:
    losses: list[Any] = [get_loss(share.estimator.loss) for share in shares]
    counts = [share.counts() for share in shares]
    alike = all(np.array_equal(counts[0], own) for own in counts)
    equal = alike and len({repr(loss) for loss in losses}) == 1
    if equal or not is_stackable(losses[0]):
        one: Loss = losses[0]
        return one
    return StackedLoss(_of_replicas(losses, sizes))


def _row_sets(shares: Sequence[FitShare], sizes: list[int]) -> dict[str, Any]:
    """Return the rows of all as the trainer takes them, equal ones once."""
    distinct, of_shares = _distinct_rows(shares)
    rows = [shares[position].rows for position in distinct]
    weights = [share.weight_held for share in shares]
    weight: Any = weights[0]
    if len(shares) > 1 and weight is not None:
        weight = np.repeat(np.stack(weights), sizes, axis=0)
    if len(rows) == 1:
        return {
            "X": rows[0].X,
            "codes": rows[0].codes,
            "X_held": rows[0].X_held,
            "codes_held": rows[0].codes_held,
            "weight_held": weight,
        }
    return {
        "X": np.stack([own.X for own in rows]),
        "codes": np.stack([own.codes for own in rows]),
        "X_held": np.stack([own.X_held for own in rows]),
        "codes_held": np.stack([own.codes_held for own in rows]),
        "weight_held": weight,
        "set_of": np.repeat(of_shares, sizes).tolist(),
    }


def _distinct_rows(shares: Sequence[FitShare]) -> tuple[list[int], list[int]]:
    """Return the first share of each set of rows, and for each share its set."""
    distinct: list[int] = []
    set_of: list[int] = []
    for position, share in enumerate(shares):
        for number, other in enumerate(distinct):
            if _same_rows(share.rows, shares[other].rows):
                set_of.append(number)
                break
        else:
            set_of.append(len(distinct))
            distinct.append(position)
    return distinct, set_of


def _same_rows(one: FitRows, other: FitRows) -> bool:
    if one.X is other.X and one.X_held is other.X_held:
        return True
    pairs: list[tuple[Any, Any]] = [
        (one.codes, other.codes),  # shortest first
        (one.codes_held, other.codes_held),
        (one.X_held, other.X_held),
        (one.X, other.X),
    ]
    return all(np.array_equal(*pair) for pair in pairs)


def _outcomes(trainer: Trainer, sizes: list[int]) -> list[FitOutcome]:
    """Give each estimator what is its own."""
    learned = trainer.synthesis
    learned = learned if isinstance(learned, LearnedSynthesis) else None
    moving = trainer.synthesis
    best_rows = moving.best_rows if isinstance(moving, MovingRows) else None
    if len(sizes) == 1:
        best, seen, history = trainer.best_epochs_, trainer.seen_, trainer.history_
        return [
            FitOutcome(trainer.network, history, best, seen, learned, best_rows),
        ]
    owners = np.repeat(np.arange(len(sizes)), sizes)
    histories: list[list[Record]] = [[] for _ in sizes]
    ends = np.cumsum(sizes)
    for record in trainer.history_:
        owner = owners[record["replica"]]
        replica = int(record["replica"] - ends[owner] + sizes[owner])
        histories[owner].append({**record, "replica": replica})
    outcomes = []
    for number, history in enumerate(histories):
        own = np.flatnonzero(owners == number)
        assert isinstance(trainer.network, StackedNetwork)
        outcomes.append(
            FitOutcome(
                trainer.network.part(torch.from_numpy(own)),
                history,
                trainer.best_epochs_[own],
                trainer.seen_[own],
                None if learned is None else learned.of_replicas(own),
                None if best_rows is None else best_rows[own],
            )
        )
    return outcomes
