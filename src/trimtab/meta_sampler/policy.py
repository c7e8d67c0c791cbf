"""A policy that was learned: which rows an ensemble's next member is fitted on.

Using one takes numpy alone; neither torch nor gymnasium nor stable-baselines3.
"""

# SPDX-License-Identifier: BSD-3-Clause

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trimtab.ensembles.policies import gaussian_draw
from trimtab.ensembles.round import Round
from trimtab.exceptions import InputError
from trimtab.meta_sampler.action import ActionSpace, Choice
from trimtab.meta_sampler.policy_file import PolicyFile, read_policy, write_policy
from trimtab.meta_sampler.state import StateLayout

__all__ = ["LearnedPolicy"]

Floats = NDArray[np.float32]
Layer = tuple[Floats, Floats]


@dataclass(frozen=True, eq=False)
class LearnedPolicy:
    """A network that looks at an ensemble and decides how the next rows are drawn.

    It is the deterministic actor of soft actor-critic: linear layers with ReLU between
    them and a hyperbolic tangent at the end. It satisfies
    `trimtab.ensembles.policies.Policy`.

    Parameters
    ----------
    layers : tuple of (weight, bias)
        Weights of shape (outputs, inputs) and biases, float32, in their order.
    state : StateLayout, default=StateLayout()
        What it looks at.
    action : ActionSpace, default=ActionSpace()
        What it decides.
    metric : str, default="average_precision"
        What it was trained to raise.
    about : dict, default={}
        How it came about, as plain values: tasks, training, versions, history.

    Raises
    ------
    InputError
        Where the layers do not fit each other, the state or the action, or are not
        finite.
    """

    layers: tuple[Layer, ...]
    state: StateLayout = field(default_factory=StateLayout)
    action: ActionSpace = field(default_factory=ActionSpace)
    metric: str = "average_precision"
    about: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.layers:
            raise InputError("the policy has no layers: give at least one")
        for number, (weight, bias) in enumerate(self.layers):
            if weight.ndim != 2 or bias.shape != weight.shape[:1]:
                raise InputError(
                    f"layer {number} has weights of shape {weight.shape} and a bias of "
                    f"shape {bias.shape}: give (outputs, inputs) and (outputs,)"
                )
            if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
                raise InputError(f"layer {number} is not finite: train the policy anew")
        for number, ((_, before), (weight, _)) in enumerate(pairwise(self.layers), 1):
            if weight.shape[1] != len(before):
                raise InputError(
                    f"layer {number} takes {weight.shape[1]} numbers and is given "
                    f"{len(before)}: make each layer as wide as the next one takes"
                )
        n_inputs, n_outputs = self.layers[0][0].shape[1], len(self.layers[-1][1])
        if (n_inputs, n_outputs) != (self.state.size, self.action.size):
            raise InputError(
                f"the policy maps {n_inputs} numbers to {n_outputs}: the state "
                f"{self.state.name!r} with {self.state.n_bins} bins has "
                f"{self.state.size}, the action {self.action.name!r} {self.action.size}"
            )

    @property
    def uses_held_out(self) -> bool:
        """Whether it looks at held-out rows."""
        return self.state.uses_held_out

    def act(self, state: ArrayLike) -> NDArray[np.float32]:
        """Return the action of a state.

        Parameters
        ----------
        state : array-like of shape (state size,) or (n, state size)
            See `StateLayout.observe`.

        Returns
        -------
        ndarray of float32 of shape (action size,) or (n, action size)
            In [-1, 1]; `ActionSpace.decode` says what it means.
        """
        values: NDArray[np.float32] = np.asarray(state, dtype=np.float32)
        if values.shape[-1:] != (self.state.size,):
            raise InputError(
                f"the state has the shape {values.shape}: this policy takes "
                f"{self.state.size} numbers"
            )
        last = len(self.layers) - 1
        for number, (weight, bias) in enumerate(self.layers):
            values = values @ weight.T + bias
            if number < last:
                values = np.maximum(values, 0)
        return np.tanh(values)

    def choose(self, round: Round) -> Choice:
        """Return what the policy decides for an ensemble that has a member."""
        counts = round.class_counts
        imbalance = float(counts.max() / counts.min())
        return self.action.decode(self.act(self.state.observe(round)), imbalance)

    def select(self, round: Round) -> NDArray[np.integer[Any]]:
        """Return the rows that the next member is fitted on.

        The first member gets a balanced draw at random, as in Algorithm 2 of the
        paper: there are no errors yet to look at.

        Parameters
        ----------
        round : Round
            The ensemble so far.

        Returns
        -------
        ndarray of int
            Positions in ``round.codes``.
        """
        if not round.number:
            round.notes["ratio"] = 1.0
            return round.draw()
        choice = self.choose(round)
        return gaussian_draw(round, choice.mu, choice.sigma, choice.ratio)

    def save(self, path: str | Path) -> Path:
        """Write the policy to one safetensors file.

        Parameters
        ----------
        path : str or Path
            The file; one that is there is replaced.

        Returns
        -------
        Path
            The file.
        """
        tensors = {}
        for number, (weight, bias) in enumerate(self.layers):
            tensors[f"layers.{number}.weight"] = weight
            tensors[f"layers.{number}.bias"] = bias
        facts = {
            "state": self.state.name,
            "n_bins": self.state.n_bins,
            "action": self.action.name,
            "sigma": self.action.sigma,
            "metric": self.metric,
            "about": self.about,
        }
        return write_policy(Path(path), PolicyFile(tensors, facts))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a policy from a file that `save` wrote. Nothing in it is executed.

        Parameters
        ----------
        path : str or Path
            The file.

        Returns
        -------
        LearnedPolicy

        Raises
        ------
        InputError
            Where there is no such file, or it is none of a policy, damaged, or written
            by a later version.
        """
        content = read_policy(Path(path))
        tensors, facts = content.tensors, content.facts
        layers = tuple(
            (tensors[f"layers.{n}.weight"], tensors[f"layers.{n}.bias"])
            for n in range(len(tensors) // 2)
        )
        try:
            return cls(
                layers,
                StateLayout(facts["state"], facts["n_bins"]),
                ActionSpace(facts["action"], facts["sigma"]),
                facts["metric"],
                facts["about"],
            )
        except InputError as error:
            raise InputError(f"{str(path)!r} holds no usable policy: {error}") from None
