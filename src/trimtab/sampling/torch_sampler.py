"""ART's draw for a PyTorch data loader, one process or many."""

# SPDX-License-Identifier: BSD-3-Clause

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.distributed
from numpy.typing import ArrayLike, NDArray
from torch import Tensor
from torch.utils.data import Sampler

from trimtab.exceptions import InputError
from trimtab.sampling.draw import AdaptiveDraw, RowsByClass, epoch_rows
from trimtab.tables import label_values

__all__ = ["AdaptiveClassSampler"]


class AdaptiveClassSampler(Sampler[int]):
    """Draw the classes more often that are recognised worse.

    The epochs of ART (Basandrai, Jain and Kandasamy, arXiv 2509.00955) as the
    ``sampler=`` of a data loader. Give it each class's held-out F1 after an epoch; the
    next epoch follows.

    Under ``DistributedDataParallel`` every process makes a sampler with the same
    arguments. All draw the same epoch and take turns with its rows, so that together
    they see all of it and none sees another's part. An epoch that does not divide by
    the number of processes is drawn a few rows longer.

    Parameters
    ----------
    labels : array-like of shape (n_rows,)
        The class of each row of the data set.
    prior_blend : float in [0, 1], default=0.5
        The prior's part of the draw, c in the paper.
    boost_frequency : int, default=1
        Every how many updates the draw follows the scores, bf in the paper.
    confidence : float in (0, 1) or None, default=None
        See `trimtab.sampling.draw.AdaptiveDraw`.
    n_classes : int or None, default=None
        With it, labels are codes 0 to ``n_classes - 1``, some of which may have no
        row. By default the classes are the labels that there are, in sorted order.
    num_samples : int or None, default=None
        Rows of an epoch, of all processes together; by default as many as there are.
    seed : int, default=0
        Decides, with the epoch's number, what is drawn. The same in all processes.
    num_replicas, rank : int or None, default=None
        Number of processes and this one's number; by default those of
        ``torch.distributed`` where it runs, otherwise 1 and 0.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        The labels, in the order of the scores that `update` takes.
    epoch : int
        Number of the epoch that is drawn next or being drawn.

    Raises
    ------
    InputError
        Where there are no labels, or an option is out of its range.

    Examples
    --------
    >>> sampler = AdaptiveClassSampler([0] * 90 + [1] * 10)
    >>> sampler.probabilities.tolist()
    [0.7, 0.3]
    >>> sampler.update([1.0, 0.2])
    >>> sampler.probabilities.tolist()
    [0.45, 0.55]
    >>> len(list(sampler))
    100
    """

    def __init__(
        self,
        labels: ArrayLike | Tensor,
        *,
        prior_blend: float = 0.5,
        boost_frequency: int = 1,
        confidence: float | None = None,
        n_classes: int | None = None,
        num_samples: int | None = None,
        seed: int = 0,
        num_replicas: int | None = None,
        rank: int | None = None,
    ) -> None:
        self.classes, codes = _number(labels, n_classes)
        self.seed = seed
        self.num_replicas, self.rank = _processes(num_replicas, rank)
        self._asks_others = num_replicas is None and self.num_replicas > 1
        n_rows = len(codes) if num_samples is None else num_samples
        if n_rows < 1:
            raise InputError(f"num_samples is {num_samples}: give 1 or more, or None")
        self._n_own = -(-n_rows // self.num_replicas)
        self._rows = RowsByClass.of(torch.from_numpy(codes), len(self.classes))
        self._draw = AdaptiveDraw(prior_blend, boost_frequency, confidence)
        self._draw.start(self._rows.counts.numpy(), 1)
        self.epoch = 0
        self._position = self._start_at = 0
        self._drawn_by = self._draw.probabilities()

    @property
    def class_counts(self) -> NDArray[np.int64]:
        """How many rows of `labels` each class has, (n_classes,)."""
        counts: NDArray[np.int64] = self._rows.counts[0].numpy().copy()
        return counts

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """How often each class is drawn, (n_classes,)."""
        probabilities: NDArray[np.float64] = self._draw.probabilities()[0]
        return probabilities

    def update(
        self, per_class_metric: ArrayLike | Tensor, support: ArrayLike | None = None
    ) -> None:
        """Follow what was measured on held-out rows.

        Under ``torch.distributed`` call it in every process. Where they measured on
        different rows, the mean over the processes counts, so that all go on alike.

        Parameters
        ----------
        per_class_metric : array-like of shape (n_classes,)
            Each class's F1, or another score in [0, 1], in the order of ``classes``.
        support : array-like of shape (n_classes,), default=None
            Held-out rows of each class; needed with ``confidence``. Where a mean over
            processes counts, they are added up.

        Raises
        ------
        InputError
            Where a score is missing or not in [0, 1].
        """
        scores = _as_floats(per_class_metric)
        if scores.shape != self.classes.shape:
            raise InputError(
                f"the per-class metric has the shape {scores.shape}: give one score "
                f"for each of the {len(self.classes)} classes"
            )
        rows = None if support is None else _as_floats(support)
        if self._asks_others:
            scores, rows = self._agree(scores, rows)
        self._draw.update(scores[None], rows)

    def _agree(
        self, scores: NDArray[np.float64], support: NDArray[np.float64] | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        heard: list[Any] = [None] * self.num_replicas
        torch.distributed.all_gather_object(heard, (scores, support))
        said = np.stack([theirs for theirs, _ in heard])
        if (said == said[0]).all():  # measured on the same rows, or put together before
            return scores, support
        all_rows = None if support is None else np.sum([r for _, r in heard], axis=0)
        return said.mean(axis=0), all_rows

    def set_epoch(self, epoch: int) -> None:
        """Go to an epoch, as with ``DistributedSampler``.

        Without it the epochs are counted by how often the sampler was run through.

        Parameters
        ----------
        epoch : int
            Its number, from 0. Where it is the epoch at hand, a loaded position in it
            is kept.
        """
        if epoch != self.epoch:
            self.epoch, self._start_at, self._position = epoch, 0, 0

    def __len__(self) -> int:
        """Return how many rows this process sees in an epoch."""
        return self._n_own

    def __iter__(self) -> Iterator[int]:
        """Run through this process's rows of the epoch, from a loaded position on."""
        if not self._start_at:
            self._drawn_by = self._draw.probabilities()
        own = self._plan()[self.rank :: self.num_replicas]
        self._position, self._start_at = self._start_at, 0
        epoch = self.epoch
        for row in own[self._position :].tolist():
            self._position += 1
            yield row
        if self.epoch == epoch:
            self.epoch, self._position = epoch + 1, 0

    def _plan(self) -> Tensor:
        """Draw the epoch of all processes, by what was known at its start."""
        entropy = np.random.SeedSequence([self.seed, self.epoch])
        seed = int(entropy.generate_state(1, np.uint64)[0] >> np.uint64(1))
        generator = torch.Generator().manual_seed(seed)
        return epoch_rows(
            self._rows,
            self._drawn_by,
            self._n_own * self.num_replicas,
            [generator],
            without_replacement_share=self._draw.without_replacement_share,
        )[0]

    def state_dict(self, position: int | None = None) -> dict[str, Any]:
        """Return what is needed to go on from here, in the middle of an epoch too.

        Parameters
        ----------
        position : int or None, default=None
            How many rows this process has trained on in this epoch. By default as many
            as the sampler has handed out, which is more where a data loader's workers
            fetch ahead.

        Returns
        -------
        dict
            Plain numbers and lists; the same in all processes.
        """
        return {
            "epoch": self.epoch,
            "position": self._position if position is None else position,
            "seed": self.seed,
            "drawn_by": self._drawn_by.tolist(),
            "draw": self._draw.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` returned.

        Parameters
        ----------
        state : dict
            Of a sampler with the same labels and options.
        """
        n_classes = len(state["draw"]["weights"][0])
        if n_classes != len(self.classes):
            raise InputError(
                f"the state is of {n_classes} classes and this sampler has "
                f"{len(self.classes)}: load the state of the same data"
            )
        self.epoch, self.seed = int(state["epoch"]), int(state["seed"])
        self._position = self._start_at = int(state["position"])
        self._drawn_by = np.asarray(state["drawn_by"], dtype=float)
        self._draw.load_state_dict(state["draw"])


def _number(
    labels: ArrayLike | Tensor, n_classes: int | None
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the classes and each row's place among them."""
    values = labels.cpu().numpy() if isinstance(labels, Tensor) else np.asarray(labels)
    if values.ndim != 1 or not len(values):
        raise InputError(
            f"the labels have the shape {values.shape}: give one label for each row"
        )
    if n_classes is None:
        known_labels = label_values(values, "labels")
        classes, codes = np.unique(known_labels, return_inverse=True)
        return classes, codes.astype(np.int64)
    known = np.isin(values, np.arange(n_classes))
    if not known.all():
        raise InputError(
            f"a label is {values[~known][0]!r}: with n_classes={n_classes} give whole "
            f"numbers from 0 to {n_classes - 1}"
        )
    return np.arange(n_classes), values.astype(np.int64)


def _processes(num_replicas: int | None, rank: int | None) -> tuple[int, int]:
    if (num_replicas is None) != (rank is None):
        raise InputError(
            f"num_replicas is {num_replicas} and rank {rank}: give both or neither"
        )
    if num_replicas is None or rank is None:
        group = torch.distributed
        if not (group.is_available() and group.is_initialized()):
            return 1, 0
        num_replicas, rank = group.get_world_size(), group.get_rank()
    if not 0 <= rank < num_replicas:
        raise InputError(
            f"rank is {rank} of {num_replicas} processes: give one from 0 to "
            f"{num_replicas - 1}"
        )
    return num_replicas, rank


def _as_floats(values: ArrayLike | Tensor) -> NDArray[np.float64]:
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    return np.asarray(values, dtype=np.float64)
