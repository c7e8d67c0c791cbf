"""The small networks that decide, one set for each replica, trained as one.

What is drawn is one option of each decision; the slope that trains the networks is that
of a softmax in its place (Jang, Gu and Poole, ICLR 2017, straight-through). It is
written out here: for networks as small as these, automatic differentiation of every
step would cost several times as much as the classifier's own training step.
"""

# SPDX-License-Identifier: BSD-3-Clause

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from trimtab.random_streams import initial_values
from trimtab.synthesis.decisions import Decision

__all__ = ["DecisionNetworks", "Drawn", "gumbel", "slopes_of_logits"]


def gumbel(noise: Tensor) -> Tensor:
    """Return Gumbel noise from uniform noise in [0, 1).

    Logits and such noise are largest at each option with the softmax of the logits.
    """
    return noise.clamp(1e-20, 1 - 1e-7).log_().neg_().log_().neg_()


def slopes_of_logits(noisy: Tensor, slopes: Tensor, temperature: float) -> Tensor:
    """Return the slope of each logit where a softmax stands for what was drawn.

    Parameters
    ----------
    noisy : Tensor of shape (..., n_options)
        Logits and their Gumbel noise.
    slopes : Tensor of the same shape
        Of the loss by each option.
    temperature : float
        The higher, the smoother.

    Returns
    -------
    Tensor of the same shape

    Examples
    --------
    >>> noisy, slopes = torch.zeros(2), torch.tensor([1.0, 0.0])
    >>> slopes_of_logits(noisy, slopes, 0.5)
    tensor([ 0.5000, -0.5000])
    """
    # Along a short last axis PyTorch goes row by row; along the first, by all at once.
    scaled = (noisy / temperature).movedim(-1, 0).contiguous()
    soft = scaled.softmax(dim=0).movedim(0, -1)
    weighed = soft * slopes
    return (weighed - soft * weighed.sum(dim=-1, keepdim=True)) / temperature


@dataclass(frozen=True, eq=False)
class Drawn:
    """What was drawn for the rows of a batch, and the way back to the networks.

    Attributes
    ----------
    options : LongTensor of shape (n_present, n, n_decisions)
        The number of each row's option.
    logits : Tensor of shape (n_present, n or n_cohorts, n_decisions, n_options)
        Of each decision of the rows or of the cohorts.
    noisy : Tensor of shape (n_present, n or n_batches * n_cohorts, ...)
        The same with noise. Cohorts are decided on anew in each batch.
    decided : LongTensor of shape (n_present, n or n_batches * n_cohorts, n_decisions)
        What was drawn for each row, or cohort in a batch.
    assignment, noisy_assignment : Tensor of shape (n_present, n, n_cohorts) or None
        Of each row's cohort.
    cohorts : LongTensor of shape (n_present, n) or None
        Where each row's cohort, in its batch, is in `decided`.
    """

    options: Tensor
    logits: Tensor
    noisy: Tensor
    decided: Tensor
    assignment: Tensor | None = None
    noisy_assignment: Tensor | None = None
    cohorts: Tensor | None = None

    def backward(
        self, slopes: Tensor, temperature: float, cohort_cost: float = 0.0
    ) -> None:
        """Give the networks their gradients.

        Parameters
        ----------
        slopes : Tensor of shape (n_present, n, n_decisions, n_options)
            Of the loss by each option of each row.
        temperature : float
            See `slopes_of_logits`.
        cohort_cost : float, default=0.0
            What the entropy of the cohorts' use adds to the loss.
        """
        if self.assignment is None:
            self.logits.backward(  # type: ignore[no-untyped-call]
                slopes_of_logits(self.noisy, slopes, temperature)
            )
            return
        assert self.cohorts is not None
        assert self.noisy_assignment is not None
        n_present, n_cohorts = len(self.logits), self.logits.shape[1]
        flat = slopes.flatten(2)
        where = self.cohorts[..., None].expand_as(flat)
        of_cohorts = (
            torch.zeros_like(self.noisy).flatten(2).scatter_add_(1, where, flat)
        )
        by_batch = slopes_of_logits(
            self.noisy, of_cohorts.view(self.noisy.shape), temperature
        )
        # What each cohort would have decided for each row, in the row's batch.
        batches = self.decided.view(n_present, -1, n_cohorts, self.decided.shape[2])
        own = torch.div(self.cohorts, n_cohorts, rounding_mode="floor")
        replicas = torch.arange(n_present, device=own.device)[:, None]
        instead = batches[replicas, own].transpose(2, 3)
        of_rows = slopes.gather(3, instead).sum(dim=2)
        by_batch = by_batch.view(n_present, -1, *self.logits.shape[1:])
        given = [
            by_batch.sum(dim=1),
            slopes_of_logits(self.noisy_assignment, of_rows, temperature),
        ]
        ends = [self.logits, self.assignment]
        if cohort_cost:
            use = self.assignment.softmax(dim=-1).mean(dim=1)
            entropy = -(use * use.clamp(min=1e-9).log()).sum()
            ends.append(cohort_cost * entropy)
            given.append(torch.ones_like(entropy))
        torch.autograd.backward(ends, given)


class DecisionNetworks(nn.Module):
    """A network for each decision and, with cohorts, one that assigns rows to them.

    Each has one hidden layer. The hidden layers of all decisions lie side by side, and
    each decision's options see its own.

    Parameters
    ----------
    decisions : sequence of Decision
        What is decided.
    n_inputs : int
        Columns of a row.
    n_cohorts : int or None
        How many cohorts share their decisions; None for decisions row by row.
    generators : sequence of torch.Generator
        One per replica, for its initial weights.
    """

    def __init__(
        self,
        decisions: Sequence[Decision],
        n_inputs: int,
        n_cohorts: int | None,
        generators: Sequence[torch.Generator],
    ) -> None:
        super().__init__()
        self.n_cohorts = n_cohorts
        self.n_options = [len(decision.options) for decision in decisions]
        widths = [decision.n_hidden for decision in decisions]
        most, n = max(self.n_options), len(decisions)
        width = n_inputs if n_cohorts is None else n_cohorts
        sees = torch.zeros(sum(widths), n, most, dtype=torch.float)
        floor = torch.full((n, most), -torch.inf, dtype=torch.float)
        ends = torch.tensor(widths).cumsum(0).tolist()
        for place, (end, own) in enumerate(zip(ends, self.n_options, strict=True)):
            sees[end - widths[place] : end, place, :own] = 1
            floor[place, :own] = 0
        self.register_buffer("_sees", sees.flatten(1), persistent=False)
        self.register_buffer("_floor", floor.flatten(), persistent=False)
        self.weight_1 = initial_values((width, sum(widths)), width, generators)
        self.bias_1 = initial_values((1, sum(widths)), width, generators)
        self.weight_2 = initial_values((sum(widths), n * most), widths[0], generators)
        self.bias_2 = initial_values((1, n * most), widths[0], generators)
        if n_cohorts is not None:
            hidden = max(widths)
            self.assign_1 = initial_values((n_inputs, hidden), n_inputs, generators)
            self.assign_bias_1 = initial_values((1, hidden), n_inputs, generators)
            self.assign_2 = initial_values((hidden, n_cohorts), hidden, generators)
            self.assign_bias_2 = initial_values((1, n_cohorts), hidden, generators)

    @property
    def cells(self) -> tuple[int, int]:
        """How many decisions there are, and how many options the largest has."""
        return len(self.n_options), max(self.n_options)

    @property
    def row_noise(self) -> int:
        """How many random numbers each row needs."""
        return self.n_cohorts or math.prod(self.cells)

    def logits(
        self, x: Tensor, replicas: Tensor | None = None
    ) -> tuple[Tensor | None, Tensor]:
        """Return what is known of rows before anything is drawn.

        Parameters
        ----------
        x : Tensor of shape (n_present, n, n_inputs)
            Rows.
        replicas : LongTensor of shape (n_present,) or None
            Which replicas they are of; None for all.

        Returns
        -------
        assignment : Tensor of shape (n_present, n, n_cohorts) or None
            Logits of each row's cohort.
        decisions : Tensor of shape (n_present, n or n_cohorts, n_decisions, n_options)
            Logits of each decision, of the rows or of the cohorts; minus infinity
            beyond a decision's options.
        """

        def own(parameter: Tensor) -> Tensor:
            return parameter if replicas is None else parameter[replicas]

        weight, bias = own(self.weight_1), own(self.bias_1)
        assignment = None
        if self.n_cohorts is None:
            hidden = torch.baddbmm(bias, x, weight).relu()
        else:
            hidden = (weight + bias).relu()  # a cohort is a column of its own
            inner = torch.baddbmm(own(self.assign_bias_1), x, own(self.assign_1))
            assignment = torch.baddbmm(
                own(self.assign_bias_2), inner.relu(), own(self.assign_2)
            )
        sees, floor = self.get_buffer("_sees"), self.get_buffer("_floor")
        logits = torch.baddbmm(
            own(self.bias_2) + floor, hidden, own(self.weight_2) * sees
        )
        return assignment, logits.view(*logits.shape[:2], *self.cells)

    def draw(
        self,
        x: Tensor,
        of_rows: Tensor,
        of_cohorts: Tensor | None,
        replicas: Tensor | None = None,
        batches: Tensor | None = None,
    ) -> Drawn:
        """Draw each row's options.

        Parameters
        ----------
        x : Tensor of shape (n_present, n, n_inputs)
            As in `logits`.
        of_rows : Tensor of shape (n_present, n, `row_noise`)
            Gumbel noise.
        of_cohorts : Tensor of shape (n_present, n_batches, n_cohorts, n_cells)
            Gumbel noise of the cohorts in each batch, for each option of each
            decision; None without cohorts.
        replicas : Tensor of int, default=None
            As in `logits`.
        batches : LongTensor of shape (n,), default=None
            The batch of each row, from 0; None where there is one.
        """
        assignment, logits = self.logits(x, replicas)
        if assignment is None or of_cohorts is None:
            noisy = logits.detach() + of_rows.view(logits.shape)
            options = noisy.argmax(dim=3)
            return Drawn(options, logits, noisy, options)
        noise = of_cohorts.view(len(logits), -1, *logits.shape[1:])
        noisy = (logits.detach()[:, None] + noise).flatten(1, 2)
        noisy_assignment = assignment.detach() + of_rows
        cohorts, decided = noisy_assignment.argmax(dim=2), noisy.argmax(dim=3)
        if batches is not None:
            cohorts = cohorts + batches * logits.shape[1]
        places = cohorts[..., None].expand(-1, -1, decided.shape[2])
        options = decided.gather(1, places)
        return Drawn(
            options, logits, noisy, decided, assignment, noisy_assignment, cohorts
        )
