"""The small networks that decide, one set for each replica, trained as one."""

# SPDX-License-Identifier: BSD-3-Clause

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from trimtab.synthesis.decisions import Decision

__all__ = ["DecisionNetworks", "gumbel_softmax"]


def gumbel_softmax(logits: Tensor, noise: Tensor, temperature: float) -> Tensor:
    """Draw one option with the softmax of the logits, so that gradients pass.

    Parameters
    ----------
    logits : Tensor of shape (..., n_options)
        Of each option.
    noise : Tensor of the same shape
        Uniform in [0, 1).
    temperature : float
        The higher, the smoother the gradient; what is drawn does not depend on it.

    Returns
    -------
    Tensor of the same shape
        1 for the option that was drawn and 0 for the others, with the gradient of a
        softmax at the temperature (Jang, Gu and Poole, ICLR 2017, straight-through).
    """
    gumbel = -torch.log(-torch.log(noise.clamp(1e-20, 1 - 1e-7)))
    soft = torch.softmax((logits + gumbel) / temperature, dim=-1)
    hard = torch.zeros_like(soft).scatter(-1, soft.argmax(-1, keepdim=True), 1.0)
    return hard + (soft - soft.detach())


class _Network(nn.Module):
    """R networks of one hidden layer, as one."""

    def __init__(
        self, shape: tuple[int, int, int], generators: Sequence[torch.Generator]
    ) -> None:
        super().__init__()
        n_inputs, n_hidden, n_outputs = shape
        self.weight_1 = _initial((n_inputs, n_hidden), n_inputs, generators)
        self.bias_1 = _initial((1, n_hidden), n_inputs, generators)
        self.weight_2 = _initial((n_hidden, n_outputs), n_hidden, generators)
        self.bias_2 = _initial((1, n_outputs), n_hidden, generators)

    def forward(self, x: Tensor, replicas: Tensor | None) -> Tensor:
        """Map (n_present, n, n_inputs) to (n_present, n, n_outputs)."""
        own = [self.weight_1, self.bias_1, self.weight_2, self.bias_2]
        chosen = own if replicas is None else [one[replicas] for one in own]
        weight_1, bias_1, weight_2, bias_2 = chosen
        hidden = torch.baddbmm(bias_1, x, weight_1).relu()
        return torch.baddbmm(bias_2, hidden, weight_2)


def _initial(
    shape: tuple[int, ...], n_inputs: int, generators: Sequence[torch.Generator]
) -> nn.Parameter:
    """Return values within one over the root of the number of inputs, a replica each.

    As PyTorch's own linear layers begin.
    """
    drawn = [torch.rand(shape, generator=g, device=g.device) for g in generators]
    bound = 1 / math.sqrt(max(n_inputs, 1))
    return nn.Parameter(torch.stack(drawn).mul_(2 * bound).sub_(bound))


class DecisionNetworks(nn.Module):
    """A network for each decision and, with cohorts, one that assigns rows to them.

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
        width = n_inputs if n_cohorts is None else n_cohorts
        shapes = [(width, d.n_hidden, len(d.options)) for d in decisions]
        self.deciding = nn.ModuleDict(
            {
                decision.name: _Network(shape, generators)
                for decision, shape in zip(decisions, shapes, strict=True)
            }
        )
        self.assigning: _Network | None = None
        if n_cohorts is not None:
            hidden = max(decision.n_hidden for decision in decisions)
            self.assigning = _Network((n_inputs, hidden, n_cohorts), generators)

    @property
    def row_noise(self) -> int:
        """How many random numbers each row needs."""
        return self.n_cohorts or sum(self.n_options)

    def logits(
        self, x: Tensor, replicas: Tensor | None = None
    ) -> tuple[Tensor | None, list[Tensor]]:
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
        decisions : list of Tensor of shape (n_present, n or n_cohorts, n_options)
            Logits of each decision, of the rows or of the cohorts.
        """
        if self.assigning is None:
            return None, [network(x, replicas) for network in self.deciding.values()]
        cohorts = torch.eye(self.n_cohorts or 0, device=x.device, dtype=x.dtype)
        cohorts = cohorts.expand(len(x), -1, -1)
        deciding = self.deciding.values()
        return self.assigning(x, replicas), [net(cohorts, replicas) for net in deciding]

    def drawn(
        self,
        x: Tensor,
        noise: tuple[Tensor, Tensor | None],
        temperature: float,
        replicas: Tensor | None = None,
    ) -> tuple[list[Tensor], Tensor | None]:
        """Draw each row's options, and return the rows' shares of the cohorts too.

        Parameters
        ----------
        x, replicas
            As in `logits`.
        noise : tuple of Tensor
            Uniform numbers of shape (n_present, n, `row_noise`) and, with cohorts, of
            shape (n_present, n_cohorts, sum of options).
        temperature : float
            See `gumbel_softmax`.

        Returns
        -------
        options : list of Tensor of shape (n_present, n, n_options)
            As `gumbel_softmax` returns them; equal for the rows of a cohort.
        shares : Tensor of shape (n_present, n, n_cohorts) or None
            Each cohort's probability.
        """
        assignment, logits = self.logits(x, replicas)
        of_rows, of_cohorts = noise
        if assignment is None or of_cohorts is None:
            return self._each(logits, of_rows, temperature), None
        assigned = gumbel_softmax(assignment, of_rows, temperature)
        decided = self._each(logits, of_cohorts, temperature)
        return [assigned @ one for one in decided], assignment.softmax(dim=-1)

    def _each(
        self, logits: Sequence[Tensor], noise: Tensor, temperature: float
    ) -> list[Tensor]:
        parts = torch.split(noise, self.n_options, dim=-1)
        pairs = zip(logits, parts, strict=True)
        return [gumbel_softmax(one, own, temperature) for one, own in pairs]
