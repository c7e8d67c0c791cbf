"""AutoSMOTE in the loop: how rows are made is learned with the network.

Kishanthan and Hevapathige, "Deep Learning Meets Oversampling: A Learning Framework to
Handle Imbalanced Classification", arXiv 2502.06878.
"""

# SPDX-License-Identifier: BSD-3-Clause

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trimtab.exceptions import InputError
from trimtab.random_streams import uniform
from trimtab.synthesis.class_shares import ClassShares
from trimtab.synthesis.combinations import Combinations, outcomes_of_families
from trimtab.synthesis.decision_networks import DecisionNetworks, Drawn, gumbel
from trimtab.synthesis.decisions import N_NOISE, Decision, get_decisions
from trimtab.synthesis.held_out_rows import HeldOutRows
from trimtab.synthesis.learned_rows_checks import check_learned_rows
from trimtab.synthesis.made_batches import DrawnEpoch, MadeBatch, RowSource
from trimtab.synthesis.neighbours import smote_partners
from trimtab.synthesis.outcome_table import Outcomes, OutcomeTable, families
from trimtab.synthesis.row_slopes import RowSlopes, row_slopes
from trimtab.synthesis.step_taking import StepView

__all__ = ["MOST_COHORTS", "AutoSMOTERows"]

MOST_COHORTS = 7
"""Cohorts that ``"auto"`` begins with: the paper's largest number."""

BYTES_AT_ONCE = 2**24
"""What rows may become, of one replica, that is kept at once."""

BYTES_KEPT = 2**29
"""What all rows may become, kept for the whole training; more is made anew, part by
part, which takes several times as long."""

BATCHES_AT_ONCE = 8
"""So many batches are decided on, and learned from, at once: one large step is cheaper
than many small ones."""

TRAINING_ONLY = (
    "_optimizer", "_partners", "_n_partners", "_present", "_held", "_slopes", "_shares",
    "_table", "_rows",
)  # fmt: skip
"""Attributes that nobody needs when the training is over."""

Places = tuple[Tensor, ...]
"""Replicas and columns of repeated rows."""


@dataclass(eq=False)
class AutoSMOTERows:
    """A repeated row becomes what small networks decide, and they learn from a loss.

    Parameters
    ----------
    variant : {"cohort", "self"}, default="cohort"
        Whether rows are assigned to cohorts that share their decisions, or each row is
        decided on by itself.
    n_cohorts : int or "auto", default=7
        How many cohorts; ``"auto"`` begins with seven and makes the use of many cost.
    decisions : sequence of str or Decision, default=None
        What is decided, see `trimtab.synthesis.decisions`; None for participation,
        neighbours and aggregation.
    learn_from : {"training", "held-out"}, default="training"
        Whose loss the decisions are to lower: the batch's own, as in the paper, or that
        of the held-out rows after the classifier's step on the batch, all classes
        alike.
    share_weights : bool, default=True
        Whether rows that take part share the weight of those of their class that do
        not, so that the classes' balance stays what the draw has made it.
    temperature, final_temperature : float, default=1.0 and 0.1
        Of the Gumbel-softmax in the first and in the last epoch; in between it falls by
        the same factor from epoch to epoch.
    learning_rate : float, default=0.05
        Of Adam, which trains the networks that decide. At 0 they stay as they begin,
        and options are drawn nearly evenly.
    n_epochs : int, default=200
        Over how many epochs the temperature falls.
    cohort_cost : float, default=0.05
        With ``n_cohorts="auto"``, what is added to the loss for each unit of the
        entropy of the cohorts' use.
    finder : object, default=None
        Looks for the neighbours, see `trimtab.synthesis.nearest_rows.nearest_others`.
    """

    variant: str = "cohort"
    n_cohorts: int | str = MOST_COHORTS
    decisions: Sequence[str | Decision] | None = None
    learn_from: str = "training"
    share_weights: bool = True
    temperature: float = 1.0
    final_temperature: float = 0.1
    learning_rate: float = 0.05
    n_epochs: int = 200
    cohort_cost: float = 0.05
    finder: Any = None
    _networks: DecisionNetworks | None = field(init=False, default=None, repr=False)
    _best: dict[str, Tensor] = field(init=False, default_factory=dict, repr=False)

    def start(self, source: RowSource) -> None:
        """Find the neighbours of all rows; see `Synthesis.start`."""
        check_learned_rows(self)
        self._taken = get_decisions(self.decisions)
        self._shaping = [one for one in self._taken if one.shapes]
        self._combinations = Combinations(self._taken)
        sets = list(source.row_sets())
        self._n_inputs = sets[0][0].shape[1]
        self._n_classes = 1 + max(int(codes.max()) for _, codes in sets)
        k = self.n_neighbours
        found = [smote_partners(X, codes, k, self.finder) for X, codes in sets]
        self._partners = torch.from_numpy(np.concatenate([p for p, _ in found]))
        counts = torch.from_numpy(np.concatenate([n for _, n in found]))
        alone = self._partners[:, 0] == torch.arange(len(counts)) % len(found[0][1])
        self._n_partners = torch.where(alone, 0, counts)
        self._table: OutcomeTable | None = None
        n_bytes = sum(X.nbytes for X, _ in sets) * self._combinations.n
        self._rows = None  # made anew, some at a time
        if n_bytes <= BYTES_KEPT:
            self._rows = torch.from_numpy(np.stack([X for X, _ in sets]))
        self._networks, self._best, self._epoch = None, {}, 0
        self._held: HeldOutRows | None = None

    def see_held_out(self, held: RowSource | None) -> None:
        """Learn from them, where that is wanted; see `SeesHeldOut.see_held_out`."""
        if self.learn_from == "training":
            return
        if held is None:
            raise InputError(
                "learn_from is 'held-out' and there are no held-out rows: give some, "
                "or learn_from='training'"
            )
        self._held = HeldOutRows(held)

    @property
    def n_neighbours(self) -> int:
        """How many neighbours of each row are looked at."""
        decided = [one.n_neighbours for one in get_decisions(self.decisions)]
        return max(decided) or 5

    @property
    def taken(self) -> tuple[Decision, ...]:
        """The decisions, as objects."""
        return self._taken

    @property
    def networks(self) -> DecisionNetworks:
        """The networks that decide, once the first epoch has begun."""
        assert self._networks is not None
        return self._networks

    def temperature_of(self, epoch: int) -> float:
        """Return the temperature of an epoch, counted from 0."""
        done = min(epoch / max(self.n_epochs - 1, 1), 1.0)
        ratio = self.final_temperature / self.temperature
        return float(self.temperature * ratio**done)

    def batches(self, epoch: DrawnEpoch) -> Iterator[MadeBatch]:
        """Yield rows, the repeated ones made anew; see `Synthesis.batches`."""
        if self._networks is None:
            self._begin(epoch)
        self._now, self._batch_size = self.temperature_of(self._epoch), epoch.batch_size
        everybody = len(epoch.replicas) == self._n_replicas
        self._present = None if everybody else epoch.replicas
        n_rows = epoch.rows.shape[1]
        of_row = 4 * self._n_inputs * self._combinations.n
        width = min(BYTES_AT_ONCE // of_row, BATCHES_AT_ONCE * epoch.batch_size)
        width = max(width, epoch.batch_size)
        n_parts = -(-n_rows // width)
        bounds = (np.arange(n_parts + 1) * n_rows // n_parts).tolist()
        for first, last in pairwise(bounds):
            yield from self._part(epoch, first, last)
        self._epoch += 1

    def _begin(self, epoch: DrawnEpoch) -> None:
        """Build the networks: the first epoch has all replicas."""
        device = epoch.rows.device
        cohorts = None
        if self.variant == "cohort":
            cohorts = MOST_COHORTS if self.n_cohorts == "auto" else int(self.n_cohorts)
        self._n_replicas = len(epoch.replicas)
        self._combinations.to(device)
        self._partners = self._partners.to(device)
        self._n_partners = self._n_partners.to(device)
        self._sizes = sorted(set(self._n_partners.tolist()))
        if self._rows is not None:
            rows = self._rows.to(device)
            self._table = OutcomeTable(
                self._shaping, rows, self._partners, self._n_partners
            )
        networks = DecisionNetworks(
            self._taken, self._n_inputs, cohorts, epoch.generators
        )
        self._networks = networks.to(device)
        self._optimizer = torch.optim.Adam(
            networks.parameters(), lr=self.learning_rate, fused=True
        )

    def _part(self, epoch: DrawnEpoch, first: int, last: int) -> Iterator[MadeBatch]:
        """Decide on some columns of an epoch, yield their batches, learn from them."""
        rows, again = epoch.rows[:, first:last], epoch.repeated[:, first:last]
        n_batches = -(-(last - first) // epoch.batch_size)
        bounds = np.arange(n_batches + 1) * (last - first) // n_batches
        inputs, codes = next(epoch.source.batches(rows, epoch.replicas, last - first))
        of_rows, of_cohorts = self._noise(epoch, last - first, n_batches)
        drawn = self.networks.draw(
            inputs.flatten(2),
            gumbel(of_rows[..., N_NOISE:]),
            of_cohorts,
            self._present,
            _numbered(np.diff(bounds), rows.device),
        )
        where = again.nonzero(as_tuple=True)
        options = drawn.options[where]
        possible = self._possible(epoch, rows, where, of_rows[..., :N_NOISE][where])
        whole = self._made(inputs, codes, where, possible, options)
        self._slopes: list[RowSlopes] = []
        for start, stop in pairwise(bounds.tolist()):
            yield MadeBatch(
                whole.inputs[:, start:stop],
                codes[:, start:stop],
                None if whole.weights is None else whole.weights[:, start:stop],
            )
        self._learn(drawn, where, possible, options)

    def _noise(
        self, epoch: DrawnEpoch, n_rows: int, n_batches: int
    ) -> tuple[Tensor, Tensor | None]:
        """Return uniform numbers of rows and of cohorts, from the replicas' streams."""
        networks = self.networks
        of_row = N_NOISE + networks.row_noise
        cohorts = networks.n_cohorts or 0
        of_cohorts = (n_batches, cohorts, math.prod(networks.cells))
        n_first = n_rows * of_row
        length = n_first + int(np.prod(of_cohorts))
        noise = uniform((length,), epoch.generators).to(epoch.rows.device)
        rows = noise[:, :n_first].view(len(noise), n_rows, of_row)
        if not cohorts:
            return rows, None
        return rows, gumbel(noise[:, n_first:]).view(len(noise), *of_cohorts)

    @torch.no_grad()
    def _possible(
        self, epoch: DrawnEpoch, rows: Tensor, where: Places, noise: Tensor
    ) -> Outcomes:
        """Return all that the repeated rows may become, one after another."""
        if self._table is not None:
            in_all = epoch.source.numbers_in_all(rows, epoch.replicas)
            return self._table.outcomes(in_all[where], noise)
        family, in_all = families(epoch, rows, where, self._partners)
        counts = self._n_partners[in_all]
        return Outcomes(
            outcomes_of_families(self._shaping, family, counts, noise, self._sizes)
        )

    @torch.no_grad()
    def _made(
        self,
        inputs: Tensor,
        codes: Tensor,
        where: Places,
        possible: Outcomes,
        options: Tensor,
    ) -> MadeBatch:
        """Put what was decided on in the place of the repeated rows."""
        made = possible.of(self._combinations.numbers(options)[:, None])[:, 0]
        flat = inputs.flatten(2).index_put(where, made.to(inputs.dtype))
        weights = None
        if self._combinations.weighs:
            weights = torch.ones(codes.shape, dtype=torch.float, device=flat.device)
            weights.index_put_(where, self._combinations.weights(options))
        self._shares = None
        if weights is not None and self.share_weights:
            self._shares = ClassShares(weights, codes, self._n_classes)
            weights = self._shares.weights
        return MadeBatch(flat.view(inputs.shape), codes, weights)

    def step(self, view: StepView, batch: MadeBatch) -> Tensor:
        """Work out the step of the network, and what made rows are good for."""
        held = None
        if self._held is not None:
            held = self._held.batch(view.replicas, view.generators, self._batch_size)
        self._slopes.append(row_slopes(view, batch, held))
        return self._slopes[-1].losses

    @torch.no_grad()
    def _learn(
        self, drawn: Drawn, where: Places, possible: Outcomes, options: Tensor
    ) -> None:
        """Follow the slopes by what was made."""
        if not self._slopes or not self.learning_rate:
            return
        by_rows = torch.cat([one.by_rows for one in self._slopes], dim=1)
        slopes = self._combinations.slopes(
            options,
            possible.along,
            by_rows.flatten(2)[where].float(),
            self._by_counting(where),
        )
        everywhere = slopes.new_zeros((*drawn.options.shape, slopes.shape[2]))
        cost = self.cohort_cost if self.n_cohorts == "auto" else 0.0
        cost *= len(self._slopes)  # slopes are those of so many losses
        with torch.enable_grad():
            drawn.backward(everywhere.index_put_(where, slopes), self._now, cost)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)

    def _by_counting(self, where: Places) -> Tensor | None:
        """Return the slope by what made rows count for, None where all count alike."""
        found = [one.by_weights for one in self._slopes if one.by_weights is not None]
        if not found:
            return None
        by_weights = torch.cat(found, dim=1)
        if self._shares is not None:
            by_weights = self._shares.by_counting(by_weights)
        return by_weights[where]

    def epoch_columns(self, present: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Return that no rows were shown but those drawn; see `TakesSteps`."""
        return {"rows_per_class": np.zeros((len(present), 1), dtype=np.int64)}

    def remember(self, replicas: NDArray[np.int64]) -> None:
        """Keep what is decided now, see `Remembers.remember`."""
        chosen = torch.from_numpy(replicas)
        for name, value in self.networks.state_dict().items():
            best = self._best.setdefault(name, value.clone())
            best[chosen] = value[chosen]

    def finish(self) -> None:
        """Return to what was remembered, see `LearnedSynthesis.finish`."""
        if self._best:
            self.networks.load_state_dict(self._best)
        self.networks.cpu().requires_grad_(False)
        self._combinations.to(torch.device("cpu"))
        for name in TRAINING_ONLY:
            self.__dict__.pop(name, None)
        self._best = {}

    def of_replicas(self, replicas: NDArray[np.int64]) -> Self:
        """Return the part of some replicas, see `LearnedSynthesis.of_replicas`."""
        part = copy.deepcopy(self)
        for parameter in part.networks.parameters():
            parameter.data = parameter.data[torch.from_numpy(replicas)]
        part._n_replicas = len(replicas)
        return part

    @torch.no_grad()
    def probabilities(
        self, X: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
        """Return how likely each cohort of each row is, and each option of a cohort.

        Parameters
        ----------
        X : ndarray of float32 of shape (n_rows, n_columns)
            Rows as the network was given them.

        Returns
        -------
        cohorts : ndarray of float of shape (n_replicas, n_rows, n_cohorts)
            With the variant ``"self"`` each row is a cohort of its own, and this is
            empty: (n_replicas, n_rows, 0).
        options : dict of ndarray of float of shape (n_replicas, n, n_options)
            Of each decision; n is the number of cohorts, or of rows.
        """
        x = torch.as_tensor(X, dtype=torch.float32).flatten(1)
        x = x.expand(self._n_replicas, -1, -1)
        assignment, logits = self.networks.logits(x)
        chances = logits.double().softmax(dim=3).numpy()
        options = {
            decision.name: chances[:, :, place, : len(decision.options)]
            for place, decision in enumerate(self._taken)
        }
        if assignment is None:
            return np.empty((*x.shape[:2], 0)), options
        return assignment.double().softmax(dim=2).numpy(), options


def _numbered(sizes: NDArray[np.int64], device: torch.device) -> Tensor:
    """Return the batch of each row, from batches' sizes."""
    return torch.from_numpy(np.repeat(np.arange(len(sizes)), sizes)).to(device)
